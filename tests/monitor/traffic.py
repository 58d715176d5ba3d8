"""A policy with alerts, and journals of traffic for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from demur.language.compile import compile_file
from demur.measure.records.connecting import connect
from demur.monitor.alerts import alerts
from demur.monitor.memory import Memory
from demur.monitor.run import Evaluation, Status, evaluate_all, history_for
from demur.runtime.evaluator import Evaluator

START = 1_790_000_000.0
"""When all traffic here begins: seconds since the epoch, a whole number of minutes."""
MINUTE = 60.0

POLICY = """\
demur: 1
policy: watched
about: A policy whose alerts are tested.
owner: team@example.com
runbook: runbook.md
stages:
  request:
    tenant: string
  answer:
    score: {type: double, min: 0, max: 1}
    latency_ms: {type: double, min: 0, max: 60000, unit: ms}
    model: string
outcome:
  correct: bool
failures:
  low: {severity: warning}
rules:
  closed:
    when: request.tenant == "closed"
    then: refuse
  low-score:
    when: answer.score < 0.5
    then: abstain
    failure: low
metrics:
  low: rate("low" in decision.failures)
  declined: rate(decision.declined)
  wrong: rate(outcome.correct == false)
  latency: mean(answer.latency_ms)
  latency_p90: quantile(answer.latency_ms, 0.9)
  answered: rate(decision.answered)
  bad: count(decision.declined)
  spent: sum(answer.latency_ms)
  slow: rate(answer.latency_ms > 500.0)
  slowest: max(answer.latency_ms)
  gap: mean(answer.latency_ms) - mean(answer.score)
  steady_slow: rate(answer.latency_ms > 500.0, answer.score > 0.3)
alerts:
"""


@cache
def connection() -> Any:
    return connect(None)


def policy(folder: Path, text: str, *, tenants: str = "string") -> Evaluator:
    """The policy with one alert, `watched`, of these settings; `tenants` is the type of a tenant."""
    path = folder / "policy.yaml"
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    declared = POLICY.replace("tenant: string", f"tenant: {tenants}")
    path.write_text(f"{declared}  watched:\n{lines}", "utf-8")
    return Evaluator(*compile_file(path))


def with_metric(folder: Path, metric: str, text: str) -> Evaluator:
    """The policy with one more metric, and the alert."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    added = POLICY.replace("metrics:\n", f"metrics:\n  {metric}\n")
    path = folder / "policy.yaml"
    path.write_text(f"{added}  watched:\n{lines}", "utf-8")
    return Evaluator(*compile_file(path))


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def line(evaluator: Evaluator, name: str, at: float | None, **given: Any) -> dict[str, Any]:
    """A final line of a journal: good in all, save for what is given; None leaves a signal out."""
    signals = {"tenant": "a", "score": 0.9, "latency_ms": 100.0, "model": "m", **given}
    record = {
        stage: {one: signals[one] for one in names if signals[one] is not None}
        for stage, names in (("request", ("tenant",)), ("answer", ("score", "latency_ms", "model")))
    }
    return {
        "trace_id": name,
        **({} if at is None else {"time": moment(at)}),
        "demur": {"journal": 1, "final": True, "digest": evaluator.digest},
        **record,
        "decision": evaluator.decide(record).signals(),
    }


def steady(
    evaluator: Evaluator, minutes: int, each: int = 10, bad: int = 0, start: int = 0, **given: Any
) -> list[dict[str, Any]]:
    """So many lines a minute, the first `bad` of each with a low score."""
    return [
        line(
            evaluator,
            f"t{start + minute:05}-{given.get('tenant', 'a')}-{one:03}",
            START + (start + minute) * MINUTE + (one + 0.5) * MINUTE / each,
            **{"score": 0.1 if one < bad else 0.9, **given},
        )
        for minute in range(minutes)
        for one in range(each)
    ]


def hourly(
    evaluator: Evaluator, hours: int, each: int = 10, start: int = 0
) -> list[dict[str, Any]]:
    """So many good lines an hour, evenly, from an hour on."""
    return [
        line(evaluator, f"h{start:03}-{at:04}", START + (start + (at + 0.5) / each) * 60 * MINUTE)
        for at in range(hours * each)
    ]


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def evaluations(
    folder: Path, evaluator: Evaluator, rows: Iterable[Mapping[str, Any]], minutes: Iterable[int]
) -> dict[int, Evaluation]:
    """The evaluations after so many minutes, each from the states of the one before."""
    source = write(folder / "journal.jsonl", rows)
    found = alerts(evaluator)
    history = history_for(connection(), [source], evaluator, found)
    memory, made = Memory(), {}
    for minute in minutes:
        at = START + minute * MINUTE
        made[minute] = evaluate_all(found, history, at, memory.states)
        memory = Memory(at, made[minute].records, made[minute].states)
    return made


def only(evaluation: Evaluation) -> Status:
    (status,) = evaluation.statuses
    return status


def states(found: Mapping[int, Evaluation]) -> dict[int, str]:
    """The only alert's state by minute."""
    return {minute: only(one).state.state for minute, one in found.items()}


def firing(found: Mapping[int, Evaluation], slice: str = "all") -> list[int]:
    """The minutes in which the alert fires over a slice."""
    return [
        minute
        for minute, one in found.items()
        if any(status.slice == slice and status.is_firing for status in one.statuses)
    ]
