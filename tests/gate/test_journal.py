"""A gate over a journal: each request once, as it ended, with what became of it."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import demur
from demur.gate.run import Sources, run_gate
from demur.language.compile import compile_file
from demur.measure.records.connecting import connect
from demur.measure.results import GateResult
from demur.measure.thresholds import gates
from demur.runtime.evaluator import Evaluator
from demur.service.journal import Journal
from demur.service.journal.reading import records

POLICY = """\
demur: 1
policy: journalled
about: A policy with stages, whose journal a gate judges.
owner: team@example.com
stages:
  request:
    tenant: string
    tokens: {type: int, min: 0}
  answer:
    score: {type: double, min: 0, max: 1}
outcome:
  correct: bool
failures:
  long: {severity: info}
  low: {severity: warning}
rules:
  too-long:
    when: request.tokens > 1000
    then: refuse
    failure: long
  low-score:
    when: answer.score < 0.5
    then: abstain
    failure: low
metrics:
  wrong: rate(outcome.correct == false, decision.answered)
  refused: rate(decision.action == "refuse")
suites:
  traffic: {cases: cases.jsonl}
gates:
  live:
    suites: [traffic]
    min_samples: 1
    require: [wrong <= 0.9, refused <= 0.9]
"""
FORMS = ("jsonl", "gzip", "parquet")


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    return Evaluator(*compile_file(path))


def serve(evaluator: Evaluator, journal: Journal) -> None:
    """Twenty requests: four are refused at once, and of the sixteen answers four turn out wrong."""
    with demur.Guard(evaluator, journal=journal) as guard:
        for at in range(20):
            with guard.trace(f"t{at}") as trace:
                if trace.check(request={"tenant": "a", "tokens": 2000 if at < 4 else 7}).stops:
                    continue
                trace.check(answer={"score": 0.9})
        for at in range(4, 20):
            guard.outcome(f"t{at}", correct=True)
        for at in range(4, 8):
            guard.outcome(f"t{at}", correct=False)


def judged(evaluator: Evaluator, *sources: str, baseline: Sequence[str] = ()) -> GateResult:
    given = Sources(sources, tuple(baseline))
    return run_gate(evaluator, gates(evaluator)["live"], given, connect(None))


def values(result: GateResult) -> dict[str, tuple[Any, int]]:
    """Each metric's value and how many records it is of."""
    found = {one.metric: one.judgements[0].measured for one in result.requirements}
    return {name: (one.value, one.samples) for name, one in found.items()}


@pytest.mark.parametrize("form", FORMS)
def test_each_request_counts_once_with_its_last_decision_and_its_outcome(
    tmp_path: Path, evaluator: Evaluator, form: Any
) -> None:
    folder = tmp_path / "journal"
    serve(evaluator, Journal(folder, form=form))
    result = judged(evaluator, str(folder))
    assert result.records == 20
    assert not result.problems
    assert values(result) == {
        "wrong": (pytest.approx(4 / 16), 16),
        "refused": (pytest.approx(4 / 20), 20),
    }


@pytest.mark.parametrize("form", FORMS)
def test_requests_that_come_with_the_same_parent_are_different_records(
    tmp_path: Path, evaluator: Evaluator, form: Any
) -> None:
    """A client may send one `traceparent` as often as it likes; outcomes find each request by its own id."""
    folder, parent = tmp_path / "journal", ("a" * 32, "b" * 16)
    with demur.Guard(evaluator, journal=Journal(folder, form=form)) as guard:
        for at in range(8):
            with guard.trace(parent=parent) as trace:
                trace.check(request={"tenant": "a", "tokens": 7}, answer={"score": 0.9})
            guard.outcome(trace.trace_id, correct=at > 1)
    result = judged(evaluator, str(folder))
    assert result.records == 8
    assert not result.problems
    assert values(result)["wrong"] == (pytest.approx(2 / 8), 8)
    found = list(records(folder))
    assert len({one["id"] for one in found}) == 8
    assert {(one["demur"]["parent_trace_id"], one["span_id"]) for one in found} == {parent}


def test_a_journal_pairs_with_itself_as_the_baseline(tmp_path: Path, evaluator: Evaluator) -> None:
    folder = tmp_path / "journal"
    serve(evaluator, Journal(folder))
    result = judged(evaluator, str(folder), baseline=[str(folder)])
    assert (result.records, result.baseline_records, result.paired) == (20, 20, 20)
    assert not result.problems


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_segment_that_is_there_in_two_forms_counts_once(
    tmp_path: Path, evaluator: Evaluator, form: Any
) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    serve(evaluator, Journal(plain))
    serve(evaluator, Journal(packed, form=form))
    (segment,) = plain.iterdir()
    (finished,) = packed.iterdir()
    beside = finished.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".parquet")
    (packed / f"{beside}.jsonl").write_bytes(segment.read_bytes())
    assert judged(evaluator, str(packed)).records == 20
    # The other files of a folder are no segments, whatever else they are called.
    (tmp_path / "other").mkdir()
    for name in ("a.jsonl", "a.jsonl.gz"):
        data = segment.read_bytes()
        (tmp_path / "other" / name).write_bytes(gzip.compress(data) if "gz" in name else data)
    assert judged(evaluator, str(tmp_path / "other")).records == 40


def test_a_table_of_an_engine_is_a_journal_by_its_columns(
    tmp_path: Path, evaluator: Evaluator
) -> None:
    folder = tmp_path / "journal"
    serve(evaluator, Journal(folder, form="parquet"))
    connection = connect(None)
    connection.raw_sql(f"CREATE TABLE journal AS FROM '{folder.as_posix()}/*.parquet'")
    result = run_gate(evaluator, gates(evaluator)["live"], Sources(("journal",)), connection)
    assert values(result)["refused"] == (pytest.approx(4 / 20), 20)


def test_a_journal_that_misses_a_requirement_shows_its_requests(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    serve(evaluator, Journal(tmp_path / "journal"))
    missed = Evaluator(
        evaluator.policy.replaced(
            evaluation={
                **evaluator.policy.evaluation,
                "thresholds": [
                    {**one, "operator": ">="} for one in evaluator.policy.evaluation["thresholds"]
                ],
            }
        ),
        evaluator.digest,
    )
    result = judged(missed, str(tmp_path / "journal"))
    assert result.verdict == "fail"
    assert {stage for one in result.cases for stage in one.record} <= {
        "request",
        "answer",
        "outcome",
    }
    assert result.cases


@pytest.mark.parametrize("last", ["maybe", float("nan"), 5])
def test_an_outcome_that_is_malformed_at_last_is_unknown(
    last: Any, evaluator: Evaluator, tmp_path: Path
) -> None:
    with demur.Guard(evaluator, journal=tmp_path / "journal") as guard:
        for name in ("a", "b"):
            with guard.trace(name) as trace:
                trace.check(request={"tenant": "a", "tokens": 7})
                trace.check(answer={"score": 0.9})
            guard.outcome(name, correct=True)
        guard.outcome("a", correct=last)
        guard.outcome("b", correct=None)
    result = judged(evaluator, str(tmp_path / "journal"))
    wrong = next(one for one in result.requirements if one.metric == "wrong").judgements[0]
    # The worst of one that is known to be right, and of one of which nothing is known any more.
    assert (wrong.measured.value, wrong.measured.samples, wrong.measured.unknown) == (0.5, 2, 1)
