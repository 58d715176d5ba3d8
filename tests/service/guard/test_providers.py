"""Providers have a budget: what is late, raises or finds no thread is unknown, and says why."""

from __future__ import annotations

import asyncio
import time
from threading import Event
from typing import Any

import pytest

from demur.functions.values import Unavailable
from demur.runtime.decision import plain
from demur.service.guard import Guard
from demur.service.providers import Providers
from tests.service.guard.policies import REQUEST, RETRIEVAL, compiled, watched


def begun(guard: Guard) -> Any:
    trace = guard.trace()
    trace.check(request=REQUEST, retrieval=RETRIEVAL)
    return trace


def test_what_is_there_in_time_is_the_signal() -> None:
    guard, _ = watched()
    trace = begun(guard)
    signals = trace.provide("answer", budget=30, confidence=lambda: 0.8, flagged=lambda: False)
    assert signals == {"confidence": 0.8, "flagged": False}
    assert trace.check(answer=signals).decision.action == "answer"


def test_providers_run_at_the_same_time() -> None:
    first, second = Event(), Event()

    def one() -> bool:
        first.set()
        return second.wait(30)

    def other() -> bool:
        second.set()
        return first.wait(30)

    found = Providers().compute("answer", {"a": one, "b": other}, 60)
    assert found == {"a": True, "b": True}


def test_a_provider_that_hangs_leaves_its_signal_unknown_for_that_reason() -> None:
    guard, _ = watched()
    trace = begun(guard)
    release = Event()
    signals = trace.provide("answer", budget=0.05, confidence=release.wait)
    assert signals == {"confidence": Unavailable("timed_out", "was not there within 0.05 s")}
    check = trace.check(answer=signals)
    assert check.decision.action == "abstain"
    (unknown,) = check.decision.unknown
    assert (unknown.signal, unknown.kind) == ("answer.confidence", "timed_out")
    assert str(unknown).startswith("answer.confidence was not there within 0.05 s (leaves open: ")
    status = guard.status().providers
    assert status.timed_out == {"answer.confidence": 1}
    assert status.overdue == 1
    release.set()
    while guard.status().providers.overdue:
        time.sleep(0.001)


def test_an_optional_signal_that_timed_out_is_unknown_and_not_absent() -> None:
    guard, _ = watched()
    trace = begun(guard)
    late = Unavailable("timed_out", "was not there within 1 s")
    check = trace.check(answer={"confidence": 0.9, "flagged": late})
    assert check.decision.action == "abstain"
    assert [one.kind for one in check.decision.unknown] == ["timed_out"]
    without = begun(guard).check(answer={"confidence": 0.9})
    assert without.decision.action == "answer"


@pytest.mark.parametrize(
    "shape",
    [
        "bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "dyn",
        "{type: list, of: string}", "{type: map, of: dyn}",
        "{type: object, fields: {a: {type: int, optional: true}}}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("optional", [False, True])
def test_what_is_unavailable_is_unknown_whatever_its_shape(shape: str, optional: bool) -> None:
    from demur.backends.python.reading import read_signal
    from demur.functions.values import EvaluationError

    text = shape if shape.startswith("{") else f"{{type: {shape}}}"
    text = f"{text[:-1]}, optional: {str(optional).lower()}}}"
    condition = "has(s.x)" if optional else "s.x == s.x"
    if "object" in shape and not optional:
        condition = "has(s.x.a)"
    policy = compiled(
        "demur: 1\npolicy: one\nabout: One.\nowner: team@example.com\n"
        f"stages:\n  s:\n    x: {text}\n"
        f"rules:\n  r: {{when: '{condition}', then: refuse}}\n"
        "on_unknown: {then: abstain}\n"
    )
    record = {"s": {"x": Unavailable("failed", "could not be computed (KeyError)")}}
    decision = policy.decide(record)
    assert decision.action == "abstain"
    assert [one.kind for one in decision.unknown] == ["failed"]
    assert isinstance(
        read_signal(record, "s", "x", policy.policy.stages["s"]["x"]), EvaluationError
    )


def test_what_is_unavailable_has_a_form_as_data() -> None:
    assert plain(Unavailable("busy", "was not computed")) == {
        "demur_unavailable": "busy",
        "detail": "was not computed",
    }


def test_a_provider_that_raises_leaves_its_signal_unknown_and_says_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard, _ = watched()

    def broken() -> float:
        raise KeyError("secret")

    for _ in range(2):
        trace = begun(guard)
        signals = trace.provide("answer", budget=30, confidence=broken)
        (unknown,) = trace.check(answer=signals).decision.unknown
        assert unknown.kind == "failed"
        assert unknown.detail == "could not be computed (KeyError)"
    assert guard.status().providers.failed == {"answer.confidence": 2}
    assert len(caplog.records) == 1


def test_even_an_exit_in_a_provider_is_only_a_failure() -> None:
    def leaving() -> float:
        raise SystemExit(3)

    providers = Providers(1)
    found = providers.compute("answer", {"confidence": leaving}, 30)
    assert found["confidence"].kind == "failed"
    assert providers.compute("answer", {"confidence": lambda: 1.0}, 30) == {"confidence": 1.0}


def test_hung_threads_are_bounded_and_the_rest_is_unknown_within_the_budget() -> None:
    providers, release = Providers(threads=2), Event()
    hanging = dict.fromkeys("abcdef", release.wait)
    found = providers.compute("answer", hanging, 0.05)
    kinds = [found[name].kind for name in "abcdef"]
    assert kinds == ["timed_out"] * 4 + ["busy"] * 2
    for _ in range(20):
        later = providers.compute("answer", {"x": lambda: 1}, 0.001)
        assert later["x"].kind == "timed_out"
    status = providers.status()
    assert (status.threads, status.overdue) == (2, 2)
    assert status.busy == {"answer.e": 1, "answer.f": 1}
    release.set()
    assert providers.compute("answer", {"x": lambda: 1}, 30) == {"x": 1}


def test_a_misspelt_signal_or_stage_is_an_error_at_once() -> None:
    guard, _ = watched()
    trace = begun(guard)
    with pytest.raises(ValueError, match=r"DM903.*'confidense'.*confidence, flagged"):
        trace.provide("answer", budget=1, confidense=lambda: 1)
    with pytest.raises(ValueError, match=r"DM901.*'answers'"):
        trace.provide("answers", budget=1, confidence=lambda: 1)
    with pytest.raises(ValueError, match="budget"):
        trace.provide("answer", budget=0, confidence=lambda: 1)


async def _given(value: Any, seconds: float = 0) -> Any:
    await asyncio.sleep(seconds)
    return value


def test_a_coroutine_function_is_awaited_or_refused() -> None:
    guard, _ = watched()
    trace = begun(guard)

    async def confidence() -> float:
        return await _given(0.7)

    with pytest.raises(ValueError, match=r"DM904.*provide_async"):
        trace.provide("answer", budget=1, confidence=confidence)
    found = asyncio.run(
        trace.provide_async("answer", budget=30, confidence=confidence, flagged=lambda: True)
    )
    assert found == {"confidence": 0.7, "flagged": True}


def test_a_plain_function_that_returns_something_to_await_failed() -> None:
    found = Providers().compute("answer", {"x": lambda: _given(1)}, 30)
    assert found["x"].kind == "failed"


def test_late_coroutines_and_threads_are_given_up_and_the_others_kept() -> None:
    providers, release = Providers(2), Event()

    async def late() -> float:
        return await _given(1.0, 60)

    async def raising() -> float:
        raise ValueError("no")

    async def good() -> float:
        return 0.5

    async def run() -> dict[str, Any]:
        found = await providers.compute_async(
            "answer", {"a": late, "b": raising, "c": good, "d": release.wait}, 0.1
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert providers.status().overdue == 1  # the thread; the task was cancelled
        release.set()
        return found

    found = asyncio.run(run())
    assert [getattr(found[name], "kind", None) for name in "abcd"] == [
        "timed_out",
        "failed",
        None,
        "timed_out",
    ]
    assert found["c"] == 0.5


def test_a_coroutine_that_will_not_be_cancelled_does_not_hold_the_request() -> None:
    providers = Providers(1)

    async def run() -> None:
        release = asyncio.Event()

        async def stubborn() -> float:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue
            return 1.0

        found = await providers.compute_async("answer", {"x": stubborn}, 0.02)
        assert found["x"].kind == "timed_out"
        assert providers.status().overdue == 1
        release.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert providers.status().overdue == 0

    asyncio.run(run())


def test_a_request_that_is_cancelled_cancels_its_providers() -> None:
    providers = Providers(1)
    cancelled: list[bool] = []

    async def run() -> None:
        async def slow() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        task = asyncio.create_task(providers.compute_async("answer", {"x": slow}, 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert cancelled == [True]


def test_providers_see_the_context_of_the_request() -> None:
    guard, _ = watched()
    with guard.trace("mine") as trace:
        found = trace.provide("request", budget=30, tenant=lambda: guard.current.trace_id)
    assert found == {"tenant": "mine"}
