"""The decorator and the ASGI middleware."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from demur.service.guard import Guard
from demur.service.middleware import GuardMiddleware, parent
from demur.service.trace import Stopped
from tests.service.guard.policies import ANSWER, REQUEST, RETRIEVAL, watched


def responder(guard: Guard, **options: Any) -> Any:
    @guard.protect(
        before={"request": lambda intent, confidence: {"intent": intent, "tenant": "a"}},
        after={"answer": lambda result: {"confidence": result}},
        **options,
    )
    def respond(intent: str, confidence: float) -> float:
        """Responds."""
        guard.current.enforce(retrieval=RETRIEVAL)
        return confidence

    return respond


def test_a_protected_function_is_checked_before_within_and_after() -> None:
    guard, checks = watched()
    respond = responder(guard)
    assert respond("billing", confidence=0.9) == 0.9
    assert [check.stage for check in checks] == ["request", "retrieval", "answer"]
    assert respond.__name__ == "respond"
    with pytest.raises(Stopped) as stopped:
        respond("other", 0.9)
    assert stopped.value.message == "Only billing."
    with pytest.raises(Stopped):
        respond("billing", 0.1)
    assert sum(check.is_final for check in checks) == 3


def test_what_is_made_of_a_stop_is_returned() -> None:
    guard, _ = watched()
    respond = responder(guard, stopped=lambda check: check.message)
    assert respond("billing", 0.1) == "A person will help."


def test_a_coroutine_function_stays_one() -> None:
    guard, checks = watched()

    @guard.protect(before={"request": lambda: REQUEST, "retrieval": lambda: RETRIEVAL})
    async def respond() -> str:
        await asyncio.sleep(0)
        guard.current.enforce(answer=ANSWER)
        return "yes"

    assert asyncio.iscoroutinefunction(respond)
    assert asyncio.run(respond()) == "yes"
    assert [check.stage for check in checks] == ["retrieval", "answer"]


def test_a_stage_that_the_policy_has_not_fails_when_it_is_decorated() -> None:
    guard, _ = watched()
    with pytest.raises(ValueError, match=r"DM901.*'answers'"):
        guard.protect(after={"answers": lambda result: {}})


def call(app: Any, headers: list[tuple[bytes, bytes]] | None = None, kind: str = "http") -> Any:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(app({"type": kind, "headers": headers or [], "path": "/"}, receive, send))
    return sent


def application(guard: Guard, **answer: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            guard.current.enforce(request=REQUEST, retrieval=RETRIEVAL, answer=answer)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


def test_a_request_that_may_be_answered_is_left_alone() -> None:
    guard, checks = watched()
    sent = call(GuardMiddleware(application(guard, **ANSWER), guard))
    assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 204
    assert [check.is_final for check in checks] == [True]


def test_a_stop_is_answered_with_its_message() -> None:
    guard, checks = watched()
    header = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = call(
        GuardMiddleware(application(guard, confidence=0.1), guard), [(b"traceparent", header)]
    )
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"]) == {
        "message": "A person will help.",
        "action": "escalate",
        "trace_id": checks[0].trace_id,
    }
    assert checks[0].parent_trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert checks[0].span_id == "00f067aa0ba902b7"
    assert checks[0].trace_id != checks[0].parent_trace_id


def test_signals_of_the_scope_stop_the_request_before_the_application() -> None:
    guard, _ = watched()
    reached: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(True)

    middleware = GuardMiddleware(
        app,
        guard,
        signals=lambda scope: {"request": {"intent": "other", "tenant": scope["path"]}},
        reply=lambda check: (403, {"error": check.message}),
    )
    sent = call(middleware)
    assert (sent[0]["status"], json.loads(sent[1]["body"])) == (403, {"error": "Only billing."})
    assert reached == []


def test_a_stop_after_the_response_began_is_not_answered_twice() -> None:
    guard, _ = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        guard.current.enforce(request={"intent": "other", "tenant": "a"})

    with pytest.raises(Stopped):
        call(GuardMiddleware(app, guard))


@pytest.mark.parametrize(("path", "guarded"), [("/ask", 1), ("/ask/x", 1), ("/asks", 0), ("/", 0)])
def test_only_requests_to_the_paths_are_traces(path: str, guarded: int) -> None:
    guard, checks = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    middleware = GuardMiddleware(app, guard, paths=["/ask/"])
    call(lambda scope, receive, send: middleware({**scope, "path": path}, receive, send))
    assert len(checks) == guarded


def test_other_connections_pass() -> None:
    guard, checks = watched()
    assert call(GuardMiddleware(application(guard), guard), kind="lifespan")
    assert checks == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    ],
)
def test_an_invalid_traceparent_is_ignored(header: str) -> None:
    assert parent({"headers": [(b"traceparent", header.encode())]}) is None
