"""ASGI middleware: a trace around each HTTP request, whose response goes out once it was decided.

Plain ASGI 3.0, for Starlette, FastAPI, Litestar, Quart, Django and whatever else speaks it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from demur.service.check import Check
from demur.service.held_response import HeldResponse, Message, Send
from demur.service.paths import Paths
from demur.service.surroundings import current_span
from demur.service.trace import Stopped, place

if TYPE_CHECKING:
    from demur.service.guard import Guard

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def reply(check: Check) -> tuple[int, Mapping[str, Any]]:
    """What a stopped request is answered with by default: status 200 and a JSON object.

    It has the message, the action and the trace's id. Nothing of it is for engineers: what fired,
    and on which values, is in the journal under that id.
    """
    return 200, {
        "message": check.message,
        "action": check.decision.action,
        "trace_id": check.trace_id,
    }


class GuardMiddleware:
    """Wraps an ASGI application.

    Each HTTP request to one of `paths`, or below it, is a trace, `guard.current` within it, part of the
    trace that the `traceparent` header names; other requests, as to `/health`, are none. `signals` gives,
    from the ASGI scope, what is checked before the application is called, by stage.

    The response is held back until the last stage is decided, or the stage that `last` names, and then goes
    on as it comes. Where the policy stopped the request, `reply` gives the status and the JSON of the answer
    instead, whatever the application sends or raises. A response that was not decided is withheld, and
    `Unchecked` raised, as it is where more than `maximum_held` bytes wait; only errors and redirects, which
    are no answers, go out undecided.

    A path counts as the application may see it, with and without the root path, however it is encoded. All
    its methods are guarded; with `methods`, others are refused by status 405. A websocket to it is refused.

    Raises ValueError for a stage that the policy has not, and for what is no path.
    """

    def __init__(
        self,
        app: Application,
        guard: Guard,
        *,
        paths: Iterable[str] = ("/",),
        methods: Iterable[str] | None = None,
        last: str | None = None,
        signals: Callable[[Scope], Mapping[str, Mapping[str, Any]]] | None = None,
        reply: Callable[[Check], tuple[int, Mapping[str, Any]]] = reply,
        maximum_held: int = 16 * 1024 * 1024,
    ) -> None:
        self._app = app
        self._guard = guard
        self._paths = Paths(paths)
        self._methods = None if methods is None else tuple(one.upper() for one in methods)
        if last is not None:
            place(guard.deployment.active.stages, last)
        self._last = last
        self._signals = signals
        self._reply = reply
        self._maximum_held = maximum_held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif not self._paths.cover(scope):
            await self._app(scope, receive, self._watched(scope, send))
        elif scope["type"] == "websocket":
            # The server refuses it with status 403.
            await send({"type": "websocket.close", "code": 1008, "reason": "guarded"})
        elif scope["type"] != "http":
            raise RuntimeError(f"DM963: a connection of type {scope['type']!r} cannot be guarded")
        elif self._methods is not None and scope["method"].upper() not in self._methods:
            allowed = ", ".join(self._methods)
            await _send(send, 405, b"", [(b"allow", allowed.encode("latin-1"))])
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def refuse(stop: Stopped) -> None:
            status, content = self._reply(stop.check)
            headers = [(b"content-type", b"application/json")]
            await _send(send, status, json.dumps(content).encode(), headers)

        # A span of the service's own is nearer than the caller's.
        around = current_span() or parent(scope)
        async with self._guard.trace(parent=around, last=self._last) as trace:
            held = HeldResponse(send, trace, refuse, self._maximum_held)
            failure: Exception | None = None
            try:
                if self._signals is not None:
                    trace.enforce(**self._signals(scope))
                await self._app(scope, receive, held.send)
            except Exception as raised:
                failure = raised
            await held.finish(failure)

    def _watched(self, scope: Scope, send: Send) -> Send:
        """Sends on, unless it turns out that the application took the path for a guarded one.

        An application may change the path, or have a root path of its own, and tells so in the scope.
        """
        seen = scope.get("path"), scope.get("root_path")

        async def sending(message: Message) -> None:
            now = scope.get("path"), scope.get("root_path")
            if now != seen and self._paths.cover(scope):
                raise RuntimeError(
                    f"DM963: the application takes {seen[0]!r} for {now[0]!r} below {now[1]!r}, which is "
                    "guarded: name the whole path in `paths`, or wrap the application that is there"
                )
            await send(message)

        return sending


def parent(scope: Scope) -> tuple[str, str] | None:
    """The trace and span ids of a request's `traceparent` (W3C Trace Context), if it is valid."""
    found = [value for name, value in scope["headers"] if name.lower() == b"traceparent"]
    if len(found) != 1:
        return None
    parts = found[0].decode("latin-1").strip().split("-")
    if len(parts) < 4 or (parts[0] == "00" and len(parts) != 4) or parts[0] == "ff":
        return None
    version, trace_id, span_id, flags = parts[:4]
    for text, length in ((version, 2), (trace_id, 32), (span_id, 16), (flags, 2)):
        if len(text) != length or not set(text) <= set("0123456789abcdef"):
            return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return trace_id, span_id


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
