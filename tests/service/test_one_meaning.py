"""A guard asked stage by stage, `decide` asked at once, and the journal through replay, gates and monitor
say the same of each request, and count it alike.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demur.measure.measuring import Run, measure
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.measure.summaries import value_of
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.guard import Guard
from demur.service.journal.reading import Line, read_journal
from demur.service.journal.replay import Replay
from demur.service.telemetry.policy_metrics import PolicyMetrics, contribution
from tests.runtime.test_forms_agree import evaluator, policy_text, record

METRICS = """
metrics:
  answered: rate(decision.answered)
  declined: rate(decision.declined, request.flag)
  big: rate(request.big > 0)
  many: mean(request.count)
  found: rate(size(retrieval.documents) > 1, request.flag)
  best_mean: mean(best)
  heat: quantile(answer.model.heat, 0.5)
  low: count(answer.score < 0.5)
  relative: ratio(answer.model.heat, double(request.count))
  missing: unknown_rate(answer.ratio)
  came: rate(reached("answer"))
  came_far: rate(answer.score > 0.5, reached("retrieval"))
"""
STAGES = ("request", "retrieval", "answer")
NEEDS = {
    "big": 0, "many": 0, "answered": 0, "declined": 0, "found": 1, "best_mean": 1, "heat": 2,
    "low": 0, "relative": 2, "missing": 2, "came": 0, "came_far": 2,
}  # fmt: skip
"""The last stage that each metric reads a signal of, by hand; a count is of all records."""


@dataclass(frozen=True)
class Served:
    """What a guard did with a request: its last check, and which stages the caller came to."""

    check: Check
    given: Mapping[str, Any]


class BrokenOff(Exception):
    pass


def traffic(guard: Guard, pick: random.Random, count: int) -> Iterator[Served]:
    """Requests, checked one stage at a time or several at once, some broken off, some bypassed."""
    for at in range(count):
        sample = record(pick)
        checks: list[list[str]] = [[]]
        for stage in STAGES:
            if checks[-1] and pick.random() < 0.6:
                checks.append([])
            checks[-1].append(stage)
        fails_before = pick.choice([None, None, None, 0, 1, 2])
        bypass = "load test" if pick.random() < 0.1 else None
        given: dict[str, Any] = {}
        trace = guard.trace(f"t{at}", bypass=bypass)
        try:
            with trace:
                for number, stages in enumerate(checks):
                    if number == fails_before:
                        raise BrokenOff
                    found = {one: sample[one] for one in stages}
                    given |= found
                    if trace.check(**found).stops:
                        break
        except BrokenOff:
            pass
        assert trace.last is not None
        assert trace.last.is_final
        yield Served(trace.last, given)


def stage_of(check: Check) -> int:
    """How far the request came, by what the guard did."""
    if check.bypass is None and check.decision.stops:
        return STAGES.index(check.decision.stage)
    return STAGES.index(check.stage)


@pytest.mark.parametrize("seed", range(10))
def test_every_reader_of_a_request_says_what_was_served(seed: int, tmp_path: Path) -> None:
    pick = random.Random(seed)
    made = evaluator(policy_text(pick, rules=pick.randint(1, 4)) + METRICS)
    with Guard(made, journal=tmp_path / "journal") as guard:
        served = {one.check.trace_id: one for one in traffic(guard, pick, 60)}
    _decide_says_so(made, served)
    _replay_says_so(made, served, tmp_path / "journal")
    folder = [str(tmp_path / "journal")]
    _monitor_says_so(made, served, folder)
    _gate_says_so(made, served, folder)


def _decide_says_so(made: Evaluator, served: Mapping[str, Served]) -> None:
    for one in served.values():
        whole = made.decide(one.given, one.check.stage)
        assert whole.to_dict() == one.check.decision.to_dict()
        if one.check.stops:
            # What a later stage would have brought changes nothing.
            later = {**{stage: {} for stage in STAGES}, **one.given}
            assert made.decide(later).action == one.check.decision.action
            assert made.decide(later).message == one.check.message


def _replay_says_so(made: Evaluator, served: Mapping[str, Served], folder: Path) -> None:
    replay = Replay(made)
    told = 0
    for line in read_journal(folder):
        assert isinstance(line, Line)
        replayed = replay.decide(line)
        assert replayed.verdict == "same", (replayed.before, replayed.after)
        told += line.value["demur"]["final"]
    assert told == len(served)


def _run(made: Evaluator, folder: Sequence[str], *, recorded: bool) -> Run:
    metrics = read_metrics(made, made.policy.evaluation["metrics"])
    read = plan(made, metrics, ("decision.stage",), recorded=recorded)
    return measure(connect(None), folder, read, [(0,)])


def _monitor_says_so(made: Evaluator, served: Mapping[str, Served], folder: list[str]) -> None:
    run = _run(made, folder, recorded=True)
    for row in run.decided.table.to_pyarrow().to_pylist():
        check = served[row["id"]].check
        assert (row["action"], row["rule"]) == (check.action, check.decision.rule or "")
        assert row["d0"] == STAGES[stage_of(check)]
    _counts_agree(made, served.values(), run)


def _gate_says_so(made: Evaluator, served: Mapping[str, Served], folder: list[str]) -> None:
    """A gate decides anew, so what was bypassed comes out as it would have without the bypass."""
    run = _run(made, folder, recorded=False)
    for row in run.decided.table.to_pyarrow().to_pylist():
        check = served[row["id"]].check
        action = check.decision.signals(is_incomplete=check.is_incomplete)["action"]
        found = (row["action"], row["rule"], row["failure"], row["d0"])
        decision = check.decision
        assert found == (action, decision.rule or "", decision.failure or "", decision.stage)
    if not any(one.check.bypass for one in served.values()):
        _counts_agree(made, served.values(), run)


def _counts_agree(made: Evaluator, served: Any, run: Run) -> None:
    """Each aggregate has the records that came to the stage of its last signal, known or not; what the
    guard's telemetry counts is the same.
    """
    checks = [one.check for one in served]
    telemetry = PolicyMetrics(made)
    rows = [telemetry.row({**one.record, "decision": one.signals()}) for one in checks]
    for exported in telemetry.exported:
        name = exported.metric
        value = run.value(name, (), [()])
        parts = [contribution(exported.aggregate, row.columns) for row in rows]
        counted = [one for one in parts if one is not None]
        came = sum(stage_of(one) >= NEEDS[name] for one in checks)
        if name in ("declined", "found", "came_far"):
            assert len(counted) <= came
        else:
            assert len(counted) == came, name
        assert value.samples == len(counted), name
        unknown = sum(one.result not in ("true", "false", "known") for one in counted)
        assert value.unknown == unknown, name
    (at,) = run.metrics.metrics["came"].aggregates
    reached = value_of(run.metrics.aggregates[at], run.summaries[()][()][at]).known
    assert reached == pytest.approx(sum(stage_of(one) == 2 for one in checks) / len(checks))


@pytest.mark.parametrize("seed", range(6))
def test_a_rule_that_is_added_never_answers_a_record_that_was_declined(seed: int) -> None:
    pick = random.Random(500 + seed)
    text = policy_text(pick, rules=5)
    parts = text.split("  rule-")
    fewer = "  rule-".join(parts[:-1])
    many, few = evaluator(text), evaluator(fewer)
    for _ in range(80):
        sample = record(pick)
        before, after = few.decide(sample), many.decide(sample)
        assert not (before.stops and after.answered), sample
        if before.stops:
            assert STAGES.index(after.stage) <= STAGES.index(before.stage)
