"""The decorator: what a protected function gives was decided."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from demur.service.guard import Guard
from demur.service.trace import Stopped, Unchecked
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


REFUSED = {"intent": "other", "tenant": "a"}
DECIDED = {"request": REQUEST, "retrieval": RETRIEVAL, "answer": ANSWER}


def ignores(guard: Guard) -> str:
    guard.current.check(request=REFUSED)
    return "secret"


def swallows(guard: Guard) -> str:
    try:
        guard.current.enforce(request=REFUSED)
    except Exception:
        return "secret"
    return "never"


def swallows_at_last(guard: Guard) -> str:
    with contextlib.suppress(Stopped):
        guard.current.enforce(**{**DECIDED, "answer": {"confidence": 0.1}})
    return "secret"


BAD = (ignores, swallows, swallows_at_last)


@pytest.mark.parametrize("after", [None, {"answer": lambda result: result["not there"]}])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("bad", BAD)
def test_what_was_stopped_never_comes_out(bad: Any, is_async: bool, after: Any) -> None:
    guard, checks = watched()

    def call(**options: Any) -> Any:
        protect = guard.protect(after=after, **options)
        if not is_async:
            return protect(lambda: bad(guard))()

        async def respond() -> str:
            return bad(guard)

        return asyncio.run(protect(respond)())

    with pytest.raises(Stopped):
        call()
    assert call(stopped=lambda check: check.message) == checks[-1].message
    assert sum(one.is_final for one in checks) == 2


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("given", [{}, {"retrieval": RETRIEVAL}])
def test_an_answer_that_was_not_decided_is_held_back(given: Any, is_async: bool) -> None:
    guard, checks = watched()
    protect = guard.protect(before={"request": lambda: REQUEST}, stopped=lambda check: "refused")

    def respond() -> str:
        if given:
            guard.current.enforce(**given)
        return "secret"

    async def responding() -> str:
        return respond()

    with pytest.raises(Unchecked, match=r"DM961.*answer"):
        asyncio.run(protect(responding)()) if is_async else protect(respond)()
    assert checks[-1].is_incomplete


def test_where_checking_ends_is_said_in_the_code() -> None:
    guard, checks = watched()
    respond = guard.protect(before={"request": lambda: REQUEST}, last="request")(lambda: "yes")
    assert respond() == "yes"
    assert [(one.is_final, one.is_incomplete) for one in checks] == [(True, False)]
    with pytest.raises(ValueError, match="DM901"):
        guard.protect(last="requests")
    with pytest.raises(ValueError, match=r"DM961.*answer is given"):
        guard.protect(after={"answer": lambda result: ANSWER}, last="request")


def test_a_bypass_lets_everything_out() -> None:
    guard, checks = watched()
    for bad in BAD[:2]:
        with guard.bypass("incident"):
            assert guard.protect()(lambda bad=bad: bad(guard))() != ""
    assert checks[-1].action == "bypass"


class Answers:
    """Callable in every way that a class can be."""

    def __call__(self) -> str:
        return "secret"

    def method(self) -> str:
        return "secret"

    async def coroutine(self) -> str:
        return "secret"

    @classmethod
    async def of_the_class(cls) -> str:
        return "secret"


class Awaited:
    async def __call__(self, *given: Any) -> str:
        return "secret"


class Yielding:
    def __call__(self) -> Any:
        yield "secret"


class YieldingLater:
    async def __call__(self) -> Any:
        yield "secret"


def generator(*given: Any) -> Any:
    yield "secret"


async def generator_later(*given: Any) -> Any:
    yield "secret"


async def coroutine(*given: Any) -> str:
    return "secret"


GUARDED = {
    "an object": Answers(),
    "a method": Answers().method,
    "a coroutine method": Answers().coroutine,
    "a coroutine class method": Answers.of_the_class,
    "an object to await": Awaited(),
    "a partial": partial(Answers()),
    "a partial to await": partial(coroutine, 1),
    "a partial of an object to await": partial(partial(Awaited(), 1), 2),
}


@pytest.mark.parametrize("kind", GUARDED)
def test_whatever_is_called_is_guarded(kind: str) -> None:
    guard, checks = watched()

    def called(**options: Any) -> Any:
        found = guard.protect(**options)(GUARDED[kind])()
        return asyncio.run(found) if asyncio.iscoroutine(found) else found

    with pytest.raises(Unchecked):
        called()
    with pytest.raises(Stopped):
        called(before={"request": lambda: REFUSED})
    before = {stage: lambda signals=signals: signals for stage, signals in DECIDED.items()}
    assert called(before=before) == "secret"
    assert [one.is_final for one in checks] == [True] * 3


UNGUARDABLE = {
    "a generator": (generator, "middleware"),
    "an async generator": (generator_later, "middleware"),
    "a partial of a generator": (partial(generator, 1), "middleware"),
    "a partial of an async generator": (partial(generator_later, 1), "middleware"),
    "an object that yields": (Yielding(), "middleware"),
    "an object that yields later": (YieldingLater(), "middleware"),
    "a class": (Answers, "methods"),
    "a partial of a class": (partial(Answers), "methods"),
    "a static method": (staticmethod(generator), "above"),
    "a class method": (classmethod(generator), "above"),
    "a property": (property(generator), "above"),
    "nothing": (None, "cannot be called"),
}


@pytest.mark.parametrize("kind", UNGUARDABLE)
def test_what_cannot_be_guarded_is_refused_when_it_is_decorated(kind: str) -> None:
    guard, _ = watched()
    function, advice = UNGUARDABLE[kind]
    with pytest.raises(TypeError, match=f"DM960.*{advice}"):
        guard.protect(last="request")(function)


class Response:
    def __init__(self) -> None:
        self.body_iterator = generator()


TO_COME = {
    "an iterator": lambda: iter(["secret"]),
    "a generator": generator,
    "an async generator": generator_later,
    "a streaming response": Response,
    "one among others": lambda: {"message": "yes", "rest": generator()},
    "a pair": lambda: (generator(), 200),
}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("kind", TO_COME)
def test_an_answer_that_is_still_to_be_made_does_not_come_out(kind: str, is_async: bool) -> None:
    guard, _ = watched()

    def respond() -> Any:
        guard.current.enforce(**DECIDED)
        return TO_COME[kind]()

    async def responding() -> Any:
        return respond()

    def called(**options: Any) -> Any:
        protect = guard.protect(**options)
        return asyncio.run(protect(responding)()) if is_async else protect(respond)()

    with pytest.raises(TypeError, match=r"DM960.*last"):
        called()
    assert called(last="request") is not None


@pytest.mark.parametrize("last", [None, "request"])
def test_a_function_that_gives_something_to_await_does_not_run_unguarded(last: Any) -> None:
    guard, _ = watched()
    ran: list[bool] = []

    async def later() -> str:
        ran.append(True)
        return "secret"

    def hidden() -> Any:
        return later()

    respond = guard.protect(before={"request": lambda: REQUEST}, last=last)(hidden)
    with pytest.raises(TypeError, match=r"DM960.*async def"):
        respond()
    assert ran == []


def test_a_stop_within_a_task_group_is_the_stop_and_nothing_else() -> None:
    guard, _ = watched()
    guard_call = guard.protect(
        before={"request": lambda: {"intent": "billing", "tenant": "a"}},
        stopped=lambda check: check.message,
    )

    @guard_call
    async def respond() -> str:
        async def retrieve() -> None:
            guard.current.enforce(retrieval={"documents": []})

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(retrieve())
        return "an answer"

    @guard_call
    def fail() -> str:
        stop = Stopped(guard.current.check(retrieval={"documents": []}))
        raise ExceptionGroup("two", [stop, KeyError("mine")])

    assert asyncio.run(respond()) == guard_message(guard)
    with pytest.raises(ExceptionGroup, match="two"):
        fail()


def guard_message(guard: Guard) -> str | None:
    """What is said where nothing was retrieved."""
    with guard.trace() as trace:
        trace.check(request=REQUEST)
        check = trace.check(retrieval={"documents": []})
        assert check.stops
        return check.message


def test_a_future_is_an_answer_that_is_still_to_be_made() -> None:
    guard, _ = watched()

    @guard.protect(
        before={"request": lambda: REQUEST, "retrieval": lambda: RETRIEVAL},
        after={"answer": lambda future: {"confidence": 0.9}},
    )
    def answer() -> Future[str]:
        return Future()

    with pytest.raises(TypeError, match="DM960"):
        answer()
