"""The ASGI middleware: what comes out of a guarded path was decided."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from demur.service.guard import Guard
from demur.service.middleware import GuardMiddleware, parent
from demur.service.trace import Stopped, Unchecked
from tests.service.guard.policies import ANSWER, REQUEST, RETRIEVAL, watched

REFUSED = {"intent": "other", "tenant": "a"}
DECIDED = {"request": REQUEST, "retrieval": RETRIEVAL, "answer": ANSWER}


def call(app: Any, headers: list[tuple[bytes, bytes]] | None = None, kind: str = "http") -> Any:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": kind, "headers": headers or [], "path": "/", "method": "GET"}
    asyncio.run(app(scope, receive, send))
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


def sends(status: int, *pieces: bytes) -> Any:
    """Sends a response, piece by piece."""

    async def send_all(send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return send_all


def body(sent: list[Any]) -> bytes:
    return b"".join(one.get("body", b"") for one in sent)


def swallowed(guard: Guard) -> None:
    with contextlib.suppress(Exception):
        guard.current.enforce(request=REFUSED)


IGNORED = {
    "ignored": lambda guard: guard.current.check(request=REFUSED),
    "swallowed": swallowed,
    "ignored at last": lambda guard: guard.current.check(
        **{**DECIDED, "answer": {"confidence": 0.1}}
    ),
}


@pytest.mark.parametrize("when", ["before", "between", "after"])
@pytest.mark.parametrize("how", IGNORED)
def test_what_was_stopped_never_comes_out(how: str, when: str) -> None:
    guard, checks = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if when == "before":
            IGNORED[how](guard)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if when == "between":
            IGNORED[how](guard)
        await send({"type": "http.response.body", "body": b"secret", "more_body": True})
        if when == "after":
            IGNORED[how](guard)
        await send({"type": "http.response.body", "body": b"secret"})

    sent = call(GuardMiddleware(app, guard))
    assert b"secret" not in body(sent)
    assert json.loads(body(sent)) == {
        "message": checks[-1].message,
        "action": checks[-1].action,
        "trace_id": checks[-1].trace_id,
    }
    assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
    assert sum(one.is_final for one in checks) == 1


@pytest.mark.parametrize(
    "given", [{}, {"request": REQUEST}, {"request": REQUEST, "retrieval": RETRIEVAL}]
)
def test_an_answer_that_was_not_decided_is_withheld(given: Any) -> None:
    guard, checks = watched()
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if given:
            guard.current.enforce(**given)
        await sends(200, b"secret")(send)

    with pytest.raises(Unchecked, match=r"DM961.*answer"):
        sent = call(GuardMiddleware(app, guard))
    assert sent == []
    assert checks[-1].is_incomplete


def test_where_checking_ends_is_said_in_the_code() -> None:
    guard, checks = watched()
    middleware = GuardMiddleware(
        lambda scope, receive, send: sends(200, b"an answer")(send),
        guard,
        last="request",
        signals=lambda scope: {"request": REQUEST},
    )
    assert body(call(middleware)) == b"an answer"
    assert [(one.is_final, one.is_incomplete) for one in checks] == [(True, False)]
    with pytest.raises(ValueError, match="DM901"):
        GuardMiddleware(middleware, guard, last="requests")


def test_a_response_is_held_until_it_is_decided_and_then_goes_on_as_it_comes() -> None:
    guard, _ = watched()
    seen: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"1", b"2"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            seen.append(len(sent))
        guard.current.enforce(**DECIDED)
        for piece in (b"3", b"4"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            seen.append(len(sent))
        await send({"type": "http.response.body", "body": b"5"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [], "path": "/", "method": "GET"}
    asyncio.run(GuardMiddleware(app, guard)(scope, None, send))  # type: ignore[arg-type]
    assert seen == [0, 0, 4, 5]
    assert body(sent) == b"12345"


def test_messages_of_several_tasks_stay_in_order_while_what_was_held_goes_out() -> None:
    guard, _ = watched()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await sends(200, b"1", b"2")(lambda message: send({**message, "more_body": True}))
        guard.current.enforce(**DECIDED)
        await asyncio.gather(
            *(
                send({"type": "http.response.body", "body": b"%d" % at, "more_body": True})
                for at in range(3, 9)
            )
        )

    scope = {"type": "http", "headers": [], "path": "/", "method": "GET"}
    asyncio.run(GuardMiddleware(app, guard)(scope, None, send))  # type: ignore[arg-type]
    assert body(sent) == b"12345678"


@pytest.mark.parametrize("swallows", [False, True])
def test_what_is_held_is_bounded(swallows: bool) -> None:
    guard, _ = watched()
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2000):
            try:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            except Unchecked:
                if not swallows:
                    raise
        guard.current.enforce(**DECIDED)
        await send({"type": "http.response.body", "body": b""})

    with pytest.raises(Unchecked):
        sent = call(GuardMiddleware(app, guard, maximum_held=100_000))
    assert sent == []


@pytest.mark.parametrize("status", [307, 400, 404, 405, 422, 500, 503])
def test_errors_and_redirects_are_no_answers(status: int) -> None:
    guard, checks = watched()
    middleware = GuardMiddleware(lambda scope, receive, send: sends(status, b"no")(send), guard)
    sent = call(middleware)
    assert (sent[0]["status"], body(sent)) == (status, b"no")
    assert [one.is_incomplete for one in checks] == [True]


@pytest.mark.parametrize("status", [200, 201, 206, 226, 304])
def test_anything_else_is_an_answer(status: int) -> None:
    guard, _ = watched()
    with pytest.raises(Unchecked):
        call(GuardMiddleware(lambda scope, receive, send: sends(status)(send), guard))


def test_an_error_after_a_stop_is_the_refusal_and_is_still_raised() -> None:
    guard, _ = watched()
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        guard.current.check(request=REFUSED)
        await sends(500, b"trace")(send)
        raise KeyError("a bug")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [], "path": "/", "method": "GET"}
    with pytest.raises(KeyError, match="a bug"):
        asyncio.run(GuardMiddleware(app, guard)(scope, None, send))  # type: ignore[arg-type]
    assert json.loads(body(sent))["message"] == "Only billing."


def test_an_error_before_anything_was_decided_is_raised_behind_its_response() -> None:
    guard, _ = watched()
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await sends(500, b"sorry")(send)
        raise KeyError("a bug")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [], "path": "/", "method": "GET"}
    with pytest.raises(KeyError, match="a bug"):
        asyncio.run(GuardMiddleware(app, guard)(scope, None, send))  # type: ignore[arg-type]
    assert body(sent) == b"sorry"


def test_a_stop_that_task_groups_wrapped_is_answered() -> None:
    guard, _ = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(enforcing())

    async def enforcing() -> None:
        guard.current.enforce(request=REFUSED)

    assert json.loads(body(call(GuardMiddleware(app, guard))))["message"] == "Only billing."


def test_another_guards_stop_is_a_refusal_as_well() -> None:
    (guard, _), (other, _) = watched(), watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with other.trace() as trace:
            trace.enforce(request=REFUSED)

    assert json.loads(body(call(GuardMiddleware(app, guard))))["message"] == "Only billing."


def test_a_bypass_lets_everything_out() -> None:
    guard, checks = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        guard.current.check(request=REFUSED)
        await sends(200, b"an answer")(send)

    with guard.bypass("incident"):
        assert body(call(GuardMiddleware(app, guard))) == b"an answer"
    assert checks[-1].action == "bypass"


def test_a_bypass_that_ends_within_a_response_breaks_it_off() -> None:
    guard, _ = watched()
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with guard.bypass("incident"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
        swallowed(guard)
        await send({"type": "http.response.body", "body": b"secret"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [], "path": "/", "method": "GET"}
    with pytest.raises(Stopped):
        asyncio.run(GuardMiddleware(app, guard)(scope, None, send))  # type: ignore[arg-type]
    assert body(sent) == b""


def test_a_websocket_to_a_guarded_path_is_refused_and_others_pass() -> None:
    guard, _ = watched()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    def connect(path: str, kind: str = "websocket") -> list[Any]:
        middleware = GuardMiddleware(app, guard, paths=["/ask"])
        return call(
            lambda scope, receive, send: middleware({**scope, "path": path}, receive, send),
            kind=kind,
        )

    (refused,) = connect("/ask/live")
    assert (refused["type"], refused["code"]) == ("websocket.close", 1008)
    assert connect("/live") == [{"type": "websocket.accept"}]
    with pytest.raises(RuntimeError, match=r"DM963.*webtransport"):
        connect("/ask", "webtransport")


def test_other_methods_are_refused_where_methods_are_named() -> None:
    guard, checks = watched()
    middleware = GuardMiddleware(application(guard, **ANSWER), guard, methods=["post"])

    def asked(method: str) -> int:
        sent = call(
            lambda scope, receive, send: middleware({**scope, "method": method}, receive, send)
        )
        if sent[0]["status"] == 405:
            assert (b"allow", b"POST") in sent[0]["headers"]
        return sent[0]["status"]

    assert [asked(one) for one in ("POST", "GET", "HEAD", "OPTIONS", "BREW")] == [
        204,
        405,
        405,
        405,
        405,
    ]
    assert len(checks) == 1
