"""A bypass is explicit, counted, logged, and never a success."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from demur.service.guard import Guard
from tests.service.guard.policies import ANSWER, RETRIEVAL, compiled, watched

REFUSED = {"intent": "other", "tenant": "a"}


def test_a_bypassed_trace_is_decided_and_not_stopped(caplog: pytest.LogCaptureFixture) -> None:
    guard, checks = watched()
    with guard.trace(bypass="load test") as trace:
        first = trace.check(request=REFUSED)
        assert not first.stops
        assert first.message is None
        assert not first.is_final
        last = trace.check(retrieval=RETRIEVAL, answer=ANSWER)
    assert first.decision.action == last.decision.action == "refuse"
    assert [check.bypass for check in checks] == ["load test"] * 2
    assert last.is_final
    assert guard.status().bypassed == {"load test": 2}
    assert [one.levelno for one in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_bypass_needs_a_reason(reason: str) -> None:
    guard, _ = watched()
    with pytest.raises(ValueError, match="DM907"):
        guard.trace(bypass=reason)
    with pytest.raises(ValueError, match="DM907"):
        guard.bypass(reason)
    assert guard.bypass_reason is None


def test_a_bypass_for_all_holds_until_its_end(caplog: pytest.LogCaptureFixture) -> None:
    guard, _ = watched()
    with guard.bypass("incident 4711"):
        assert guard.status().bypassing == "incident 4711"
        for _ in range(3):
            assert not guard.trace().check(request=REFUSED).stops
    assert guard.status().bypassing is None
    assert guard.trace().check(request=REFUSED).stops
    switched = [one.message for one in caplog.records if "from now on" in one.message]
    assert len(switched) == 1
    assert "enforced again" in caplog.records[-1].message


def test_bypasses_overlap() -> None:
    guard, _ = watched()
    first, second = guard.bypass("one"), guard.bypass("two")
    first.end()
    assert guard.bypass_reason == "two"
    second.end()
    second.end()
    assert guard.bypass_reason is None


def test_a_stop_from_before_a_bypass_stays() -> None:
    guard, _ = watched()
    trace = guard.trace()
    trace.check(request=REFUSED)
    with guard.bypass("late"):
        assert trace.check(retrieval=RETRIEVAL).stops


def test_reasons_are_bounded() -> None:
    guard, _ = watched()
    for at in range(150):
        with guard.trace(bypass=f"r{at}"):
            pass
    bypassed = guard.status().bypassed
    assert len(bypassed) == 101
    assert bypassed["(other)"] == 50


def test_checks_and_outcomes_go_to_the_journal(tmp_path: Path) -> None:
    with Guard(compiled(), journal=tmp_path) as guard:
        with guard.trace("t1", bypass="load test") as trace:
            trace.check(request=REFUSED)
        guard.outcome("t1", correct=True)
    lines = [
        json.loads(line)
        for file in sorted(tmp_path.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    request, final, outcome = [line for line in lines if line["trace_id"] == "t1"]
    assert (request["demur"]["bypass"], request["demur"]["final"]) == ("load test", False)
    assert request["decision"]["action"] == "bypass"
    assert request["decision"]["answered"] is None
    assert (final["demur"]["incomplete"], final["demur"]["final"]) == (True, True)
    assert outcome["demur"]["kind"] == "outcome"
    assert outcome["outcome"] == {"correct": True}
    assert guard.status().journal_lost == {}


def test_an_outcome_that_is_not_declared_is_an_error() -> None:
    guard, _ = watched()
    with pytest.raises(ValueError, match=r"DM908.*'corect'.*correct"):
        guard.outcome("t1", corect=True)
