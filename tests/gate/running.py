"""A small policy with gates, and runs of it over records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from demur.gate.run import PolicyFile, Sources, run_gate
from demur.language.compile import compile_file
from demur.measure.records.connecting import connect
from demur.measure.results import GateResult, Judgement
from demur.measure.thresholds import gates
from demur.runtime.evaluator import Evaluator

POLICY = """\
demur: 1
policy: judged
about: A policy whose gates are tested.
owner: team@example.com
runbook: runbook.md
stages:
  request:
    tenant: string
    tags: {type: list, of: string}
    text: {type: string, pii: true}
  answer:
    score: {type: double, min: 0, max: 1}
    cost: {type: double, unit: usd}
    judged: {type: double, min: 0, max: 5}
outcome:
  correct: bool
failures:
  low: {severity: warning, runbook: "#low-scores"}
rules:
  low-score:
    when: answer.score < 0.5
    then: abstain
    failure: low
metrics:
  wrong: rate(outcome.correct == false)
  correct: rate(outcome.correct)
  wrong_answers: rate(outcome.correct == false, decision.answered)
  low: rate("low" in decision.failures)
  grade: mean(answer.judged)
  cost: mean(answer.cost)
  cost_p90: quantile(answer.cost, 0.9)
  spent: sum(answer.cost)
  per_point: ratio(answer.cost, answer.judged)
  balance: rate(outcome.correct) - rate("low" in decision.failures)
suites:
  cases: {cases: cases.jsonl}
gates:
  tested:
    suites: [cases]
"""


@cache
def connection() -> Any:
    return connect(None)


def policy(folder: Path, settings: str, *require: str) -> Path:
    """The policy with one gate of these settings and requirements."""
    lines = [f"    {line}\n" for line in settings.splitlines()]
    lines += ["    require:\n", *(f"      - {one}\n" for one in require)]
    path = folder / "policy.yaml"
    path.write_text(POLICY + "".join(lines), "utf-8")
    cases = folder / "cases.jsonl"
    if not cases.exists():
        # Without ids they name no case that must have a result.
        cases.write_text('{"question": "?"}\n', "utf-8")
    (folder / "runbook.md").write_text(
        "# Runbook\n\n## Low scores\n\nLook here.\n\n## Other\n", "utf-8"
    )
    return path


def with_metrics(path: Path, *metrics: str) -> Path:
    """The policy file with these metrics too."""
    added = "".join(f"  {one}\n" for one in metrics)
    path.write_text(path.read_text("utf-8").replace("metrics:\n", f"metrics:\n{added}", 1), "utf-8")
    return path


def record(name: str | None, **given: Any) -> dict[str, Any]:
    """A record that is answered and right, save for what is given; None leaves a signal out."""
    signals = {
        "tenant": "a", "tags": ["x"], "text": "secret", "score": 0.9, "cost": 0.1, "judged": 4.0,
        "correct": True, **given,
    }  # fmt: skip
    stages = {
        "request": ("tenant", "tags", "text"),
        "answer": ("score", "cost", "judged"),
        "outcome": ("correct",),
    }
    made: dict[str, Any] = {
        stage: {one: signals[one] for one in names if signals[one] is not None}
        for stage, names in stages.items()
    }
    return made if name is None else {"id": name, **made}


def records(count: int, wrong: int = 0, start: int = 0, **given: Any) -> list[dict[str, Any]]:
    """So many records, the first of them wrong."""
    return [record(f"c{start + at:04}", correct=at >= wrong, **given) for at in range(count)]


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def gate(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    baseline: Sequence[Mapping[str, Any]] | None = None,
) -> GateResult:
    """What the policy's gate says of the rows."""
    evaluator = Evaluator(*compile_file(path))
    sources = Sources(
        (write(path.with_name("results.jsonl"), rows),),
        () if baseline is None else (write(path.with_name("baseline.jsonl"), baseline),),
    )
    file = PolicyFile(path.as_posix(), path.read_text("utf-8"), path.parent, {})
    return run_gate(evaluator, gates(evaluator)["tested"], sources, connection(), file=file)


def only(result: GateResult) -> Judgement:
    """The judgement over all records of the only requirement."""
    (requirement,) = result.requirements
    return requirement.overall


def slices(result: GateResult) -> dict[str, Judgement]:
    """The judgements of the only requirement by slice."""
    (requirement,) = result.requirements
    return {str(one.slice): one for one in requirement.judgements}
