"""A response that is held back until its trace was decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from demur.service.trace import Stopped, Trace, beside_stops, stop_in

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
_OVERHEAD = 200
"""Bytes that a message is counted as, beside its body."""


class HeldResponse:
    """Takes an ASGI application's messages, and sends them on as soon as the trace may answer.

    Where the policy ends the request, `refuse` is awaited instead, once, and the application's messages are
    dropped. At most `maximum` bytes are held; `send` raises `Unchecked` for more.
    """

    def __init__(
        self,
        send: Send,
        trace: Trace,
        refuse: Callable[[Stopped], Awaitable[None]],
        maximum: int,
    ) -> None:
        self._send = send
        self._trace = trace
        self._refuse = refuse
        self._maximum = maximum
        self._size = 0
        self._held: deque[Message] = deque()
        self._overflow: Exception | None = None
        self._is_releasing = self._is_released = self._is_refused = False

    async def send(self, message: Message) -> None:
        """Takes a message of the application."""
        stop = self._trace.stop
        if self._is_released:
            if stop is not None:
                # What was bypassed when it began is enforced again: all that is left is to break it off.
                raise stop
            await self._send(message)
        elif stop is not None:
            await self._refused(stop)
        elif not self._is_refused:
            self._hold(message)
            if self._trace.may_answer and not self._is_releasing:
                await self._release()

    async def finish(self, failure: Exception | None) -> None:
        """Settles what is still held, when the application has ended, by `failure` if there is one.

        Raises what the application raised, unless that was only the stop, and `Unchecked` where an answer
        was not decided.
        """
        stop = self._trace.stop or stop_in(failure)
        if self._is_released:
            pass
        elif stop is not None:
            await self._refused(stop)
            failure = beside_stops(failure)
        elif self._overflow is not None:
            failure = failure or self._overflow
        elif self._trace.may_answer or self._is_no_answer():
            await self._release()
        elif self._held:
            failure = failure or self._trace.unchecked()
        self._held.clear()
        if failure is not None:
            raise failure

    def _hold(self, message: Message) -> None:
        self._size += len(message.get("body") or b"") + _OVERHEAD
        if self._size > self._maximum and not self._is_releasing:
            self._held.clear()
            self._overflow = self._trace.unchecked()
        if self._overflow is not None:
            raise self._overflow
        self._held.append(message)

    async def _release(self) -> None:
        # Whatever comes meanwhile is held behind the rest.
        self._is_releasing = True
        while self._held:
            await self._send(self._held.popleft())
        self._is_released = True

    async def _refused(self, stop: Stopped) -> None:
        if not self._is_refused:
            self._is_refused = True
            self._held.clear()
            await self._refuse(stop)

    def _is_no_answer(self) -> bool:
        """Whether what is held is an error, or a redirect to where the answer is asked for again."""
        status = next((one["status"] for one in self._held if "status" in one), 200)
        return status >= 300 and status != 304
