"""ASGI middleware: a trace around each HTTP request, and an answer where the policy ends it.

Plain ASGI 3.0, for Starlette, FastAPI, Litestar, Quart, Django and whatever else speaks it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from demur.service.check import Check
from demur.service.trace import Stopped, current_span

if TYPE_CHECKING:
    from demur.service.guard import Guard

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
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

    Each HTTP request to one of `paths`, or below it, is a trace, `guard.current` within it, named by
    the `traceparent` header where there is one; other requests, as to `/health`, are none.
    `signals` gives, from the ASGI scope, what is checked before the application is called, by stage.
    Where that stops the request, or the application raises `Stopped` before it has begun to respond,
    `reply` gives the status and the JSON of the answer.
    """

    def __init__(
        self,
        app: Application,
        guard: Guard,
        *,
        paths: Iterable[str] = ("/",),
        signals: Callable[[Scope], Mapping[str, Mapping[str, Any]]] | None = None,
        reply: Callable[[Check], tuple[int, Mapping[str, Any]]] = reply,
    ) -> None:
        self._app = app
        self._guard = guard
        self._paths = tuple(path.rstrip("/") for path in paths)
        self._signals = signals
        self._reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection; those that are no such HTTP requests pass untouched."""
        if scope["type"] != "http" or not self._is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            # A span of the service's own is nearer than the caller's.
            async with self._guard.trace(parent=current_span() or parent(scope)) as trace:
                if self._signals is not None:
                    trace.enforce(**self._signals(scope))
                await self._app(scope, receive, sending)
        except Stopped as stop:
            if began:
                raise
            await _send_json(send, *self._reply(stop.check))

    def _is_guarded(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}/") for one in self._paths)


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


async def _send_json(send: Send, status: int, content: Mapping[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
