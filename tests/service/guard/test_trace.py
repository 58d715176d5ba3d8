"""A trace decides stage by stage, and has exactly one final check."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import demur
from demur.service.check import Check
from demur.service.guard import Guard
from demur.service.trace import Stopped, Trace, Unchecked, current_trace
from tests.service.guard.policies import ANSWER, REQUEST, RETRIEVAL, TEXT, compiled, watched


def finals(checks: list[Check]) -> list[Check]:
    return [check for check in checks if check.is_final]


def test_each_stage_decides_with_all_that_is_known_so_far() -> None:
    guard, checks = watched()
    with guard.trace("t1", "s1") as trace:
        assert not trace.check(request=REQUEST).stops
        assert not trace.check(retrieval=RETRIEVAL).stops
        last = trace.check(answer={"confidence": 0.2})
    assert last.stops
    assert last.message == "A person will help."
    assert last.decision.rule == "unsure"
    assert [check.stage for check in checks] == ["request", "retrieval", "answer"]
    assert [check.is_final for check in checks] == [False, False, True]
    assert checks[-1].record == {
        "request": REQUEST,
        "retrieval": RETRIEVAL,
        "answer": {"confidence": 0.2},
    }
    assert checks[0].record == {"request": REQUEST}
    assert {(check.trace_id, check.span_id) for check in checks} == {("t1", "s1")}
    assert not any(check.is_incomplete for check in checks)


def test_several_stages_at_once_are_decided_at_the_latest_whatever_their_order() -> None:
    guard, checks = watched()
    with guard.trace() as trace:
        check = trace.check(answer=ANSWER, retrieval=RETRIEVAL, request=REQUEST)
    assert (check.stage, check.decision.action, check.is_final) == ("answer", "answer", True)
    assert len(checks) == 1


def test_a_stop_is_final_and_stays() -> None:
    guard, checks = watched()
    with guard.trace() as trace:
        first = trace.check(request={"intent": "other", "tenant": "a"})
        again = trace.check(retrieval=RETRIEVAL, answer=ANSWER)
    assert first.stops
    assert again is first
    assert checks == [first]
    assert first.is_final


def test_a_stage_that_the_policy_has_not_is_an_error_at_once() -> None:
    guard, checks = watched()
    trace = guard.trace()
    with pytest.raises(ValueError, match=r"DM901.*'requests'.*request, retrieval, answer"):
        trace.check(requests=REQUEST)
    with pytest.raises(ValueError, match="DM901"):
        trace.check()
    assert checks == []


def test_a_stage_is_given_once() -> None:
    guard, _ = watched()
    with guard.trace() as trace:
        trace.check(request=REQUEST)
        with pytest.raises(ValueError, match=r"DM902.*another trace"):
            trace.check(request=REQUEST)
        trace.check(retrieval=RETRIEVAL, answer=ANSWER)
        with pytest.raises(ValueError, match="DM902"):
            trace.check(answer=ANSWER)


def test_a_trace_that_ends_early_is_decided_at_the_stage_at_which_it_broke_off() -> None:
    guard, checks = watched()
    with guard.trace() as trace:
        trace.check(request=REQUEST)
    assert len(finals(checks)) == 1
    last = checks[-1]
    assert (last.stage, last.is_incomplete, last.action) == ("retrieval", True, "abstain")
    assert [one.signal for one in last.decision.unknown] == ["retrieval.documents"]
    trace.end()
    assert len(checks) == 2


def test_a_trace_that_breaks_off_where_no_rule_stops_it_is_not_taken_for_answered() -> None:
    text = TEXT.replace("  no-documents: {", "  # no-documents: {")
    checks: list[Check] = []
    with Guard(compiled(text), observers=[checks.append]).trace() as trace:
        trace.check(request=REQUEST)
    last = checks[-1]
    assert (last.stage, last.is_incomplete, last.action) == ("retrieval", True, "incomplete")
    assert last.decision.action == "answer"
    assert (last.signals()["answered"], last.signals()["declined"]) == (None, None)


def test_a_trace_without_any_check_still_ends() -> None:
    guard, checks = watched()
    with guard.trace():
        pass
    assert [(check.is_final, check.is_incomplete) for check in checks] == [(True, True)]


def test_an_exception_passes_and_leaves_the_trace_incomplete() -> None:
    guard, checks = watched()
    trace = guard.trace()
    with pytest.raises(KeyError, match="mine"), trace:
        raise KeyError(trace.check(request=REQUEST) and "mine")
    assert len(finals(checks)) == 1
    assert checks[-1].is_incomplete


def test_what_is_no_mapping_is_unknown() -> None:
    guard, _ = watched()
    nothing: Any = None
    check = guard.trace().check(request=nothing)
    assert check.decision.action == "abstain"
    assert {one.kind for one in check.decision.unknown} == {"absent"}


def test_signals_that_are_changed_afterwards_do_not_change_the_record() -> None:
    guard, checks = watched()
    request = dict(REQUEST)
    with guard.trace() as trace:
        trace.check(request=request)
        request["intent"] = "other"
        trace.check(retrieval=RETRIEVAL, answer=ANSWER)
    assert checks[-1].record["request"]["intent"] == "billing"
    assert checks[-1].decision.action == "answer"


def test_random_ids_are_those_of_w3c_trace_context() -> None:
    guard, _ = watched()
    ids = {guard.trace().trace_id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_an_observer_that_raises_is_counted_logged_once_and_hurts_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(check: Check) -> None:
        raise RuntimeError("full")

    checks: list[Check] = []
    guard = Guard(compiled(), observers=[broken, checks.append])
    with caplog.at_level(logging.ERROR, "demur.guard"):
        for _ in range(3):
            guard.trace().check(request=REQUEST)
    assert len(checks) == 3
    assert guard.status().observer_errors == {"broken": 3}
    assert [record.message[:12] for record in caplog.records] == ["DM909: broke"]


def test_enforce_raises_where_the_request_ends() -> None:
    guard, checks = watched()
    with pytest.raises(Stopped) as stopped, guard.trace() as trace:
        trace.enforce(request={"intent": "other", "tenant": "a"})
    assert stopped.value.message == "Only billing."
    assert stopped.value.check is checks[-1]
    assert len(checks) == 1


def test_threads_do_not_disturb_each_other() -> None:
    guard, checks = watched()

    def one(at: int) -> tuple[str, str]:
        confidence = 0.9 if at % 2 else 0.1
        with guard.trace(f"t{at}") as trace:
            trace.check(request={"intent": "billing", "tenant": str(at)})
            assert guard.current is trace
            trace.check(retrieval=RETRIEVAL)
            check = trace.check(answer={"confidence": confidence})
        return check.record["request"]["tenant"], check.decision.action

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(2000)))
    assert found == [(str(at), "answer" if at % 2 else "escalate") for at in range(2000)]
    assert Counter(check.trace_id for check in finals(checks)) == {
        f"t{at}": 1 for at in range(2000)
    }


def test_a_thousand_tasks_do_not_disturb_each_other() -> None:
    guard, checks = watched()

    async def one(at: int) -> None:
        async with guard.trace(f"t{at}") as trace:
            trace.check(request=REQUEST)
            await asyncio.sleep(0)
            assert guard.current is trace
            trace.check(retrieval=RETRIEVAL)
            await asyncio.sleep(0)
            trace.check(answer=ANSWER)
        assert current_trace() is None

    async def all_of_them() -> None:
        await asyncio.gather(*(one(at) for at in range(1000)))

    asyncio.run(all_of_them())
    assert Counter(check.trace_id for check in finals(checks)) == {
        f"t{at}": 1 for at in range(1000)
    }
    assert len(checks) == 3000


def test_a_cancelled_task_leaves_its_trace_incomplete() -> None:
    guard, checks = watched()

    async def one() -> None:
        async with guard.trace() as trace:
            trace.check(request=REQUEST)
            await asyncio.sleep(60)

    async def cancelling() -> None:
        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelling())
    assert [check.is_incomplete for check in finals(checks)] == [True]


def test_traces_nest_and_the_outer_one_is_current_again() -> None:
    guard, _ = watched()
    with guard.trace() as outer:
        with guard.trace() as inner:
            assert guard.current is inner
        assert guard.current is outer
    with pytest.raises(LookupError, match="DM906"):
        _ = guard.current


def test_a_trace_may_end_in_another_context_than_it_began() -> None:
    guard, checks = watched()

    def generator() -> Any:
        with guard.trace() as trace:
            yield trace

    from contextvars import copy_context

    steps = generator()
    copy_context().run(next, steps)
    copy_context().run(steps.close)
    assert len(finals(checks)) == 1


def test_a_reload_in_the_middle_of_a_trace_does_not_change_its_policy() -> None:
    class Swapping:
        def __init__(self) -> None:
            from demur.service.deployment import Deployment

            self.deployment = Deployment(compiled())

        def close(self) -> None: ...

    policies = Swapping()
    guard = Guard(policies)
    from demur.service.deployment import Deployment

    with guard.trace() as trace:
        first = trace.check(request=REQUEST)
        policies.deployment = Deployment(compiled().with_parameters({}))
        other = policies.deployment.active
        second = trace.check(retrieval=RETRIEVAL, answer=ANSWER)
    assert first.evaluator is second.evaluator is not other
    assert guard.trace().evaluator is other


def test_a_guard_of_a_path_watches_it(tmp_path: Path) -> None:
    from tests.service.guard.policies import TEXT

    file = tmp_path / "policy.yaml"
    file.write_text(TEXT, encoding="utf-8")
    with demur.Guard(file) as guard, guard.trace() as trace:
        assert isinstance(trace, Trace)
        assert not trace.check(request=REQUEST).stops
        assert guard.deployment.active.name == "guarded"


def test_the_current_span_is_the_parent_and_never_the_name() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    guard, _ = watched()
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        context = span.get_span_context()
        for trace in (guard.trace(), guard.trace("mine")):
            assert int(trace.parent_trace_id or "", 16) == context.trace_id
            assert int(trace.span_id or "", 16) == context.span_id
            assert trace.trace_id != trace.parent_trace_id
        assert trace.trace_id == "mine"
        other = guard.trace(parent=("a" * 32, "b" * 16))
        assert (other.parent_trace_id, other.span_id) == ("a" * 32, "b" * 16)


def test_a_caller_cannot_choose_the_canary() -> None:
    """Of many requests with one `traceparent`, or in one span, the candidate serves its share."""
    from demur.service.deployment import Deployment
    from demur.service.guard import Fixed

    candidate = compiled(TEXT.replace("Only billing.", "Billing only."))
    guard = Guard(Fixed(Deployment(compiled(), candidate, 0.5)))

    def served(**options: Any) -> list[str]:
        return [guard.trace(**options).check(request=REQUEST).rollout for _ in range(200)]

    assert 60 < served(parent=("a" * 32, "b" * 16)).count("canary") < 140
    for user in map(str, range(20)):
        assert len(set(served(user=user))) == 1
    users = [guard.trace(user=str(at)).check(request=REQUEST).rollout for at in range(200)]
    assert 60 < users.count("canary") < 140


def test_two_guards_never_answer_for_each_other() -> None:
    (one, _), (other, _) = watched(), watched()
    with one.trace() as first:
        with pytest.raises(LookupError, match="DM906"):
            _ = other.current
        with other.trace() as second:
            assert (one.current, other.current) == (first, second)
            with one.trace() as third:
                assert (one.current, other.current) == (third, second)
            assert (one.current, other.current) == (first, second)
        with pytest.raises(LookupError, match="DM906"):
            _ = other.current


def test_a_trace_is_begun_once() -> None:
    guard, checks = watched()
    with guard.trace() as trace:
        with pytest.raises(ValueError, match="DM902"), trace:
            pass
        assert guard.current is trace
        assert not checks
    with pytest.raises(ValueError, match="DM902"), trace:
        pass
    with pytest.raises(LookupError):
        _ = guard.current


def test_a_trace_may_say_where_checking_ends() -> None:
    guard, checks = watched()
    with guard.trace(last="request") as trace:
        assert trace.check(request=REQUEST).is_final
        assert trace.release("yes") == "yes"
    assert [(one.stage, one.is_final, one.is_incomplete) for one in checks] == [
        ("request", True, False)
    ]
    with guard.trace(last="retrieval") as trace:
        assert not trace.check(request=REQUEST).is_final
        assert trace.check(retrieval=RETRIEVAL, answer=ANSWER).is_final
    with pytest.raises(ValueError, match=r"DM901.*'requests'"):
        guard.trace(last="requests")


def test_an_answer_is_released_once_the_last_stage_is_decided_and_nothing_stopped() -> None:
    guard, _ = watched()
    with guard.trace() as trace:
        with pytest.raises(Unchecked, match=r"DM961.*answer"):
            trace.release("yes")
        trace.check(request=REQUEST, retrieval=RETRIEVAL)
        with pytest.raises(Unchecked, match=trace.trace_id):
            trace.release("yes")
        trace.check(answer=ANSWER)
        assert trace.release("yes") == "yes"
    assert trace.release("yes") == "yes"
    with guard.trace() as trace:
        trace.check(request={"intent": "other", "tenant": "a"})
        with pytest.raises(Stopped, match="refuse"):
            trace.release("yes")
    with guard.trace() as trace:
        trace.check(request=REQUEST)
    with pytest.raises(Unchecked):  # it broke off, whatever was then decided
        trace.release("yes")


def test_a_bypass_releases_what_it_lasts_for() -> None:
    guard, _ = watched()
    refused = {"intent": "other", "tenant": "a"}
    with guard.trace(bypass="test") as trace:
        assert trace.release("unchecked") == "unchecked"
        trace.check(request=refused)
        assert trace.release("yes") == "yes"
    with guard.trace() as trace:
        with guard.bypass("incident"):
            trace.check(request=refused)
            assert trace.release("yes") == "yes"
        with pytest.raises(Unchecked):
            trace.release("yes")
        assert trace.check(retrieval=RETRIEVAL).stops
        with guard.bypass("too late"), pytest.raises(Stopped):
            trace.release("yes")


def test_importing_the_guard_takes_the_standard_library_only() -> None:
    code = (
        "import sys; from demur import Guard; "
        "from demur.service import middleware; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} "
        "- sys.stdlib_module_names - {'demur', '__main__'} ))"
    )
    source = Path(demur.__file__).resolve().parents[1]
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(source)!r}); {code}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert found.split() == []


def test_the_facade_names_the_guard() -> None:
    assert demur.Guard is Guard
    assert demur.Stopped is Stopped
    assert demur.Unchecked is Unchecked
