"""A test of an alert run: its traffic decided and recorded, its alert evaluated step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from demur.runtime.decision import plain
from demur.runtime.evaluator import Evaluator
from demur.testing.alert_cases import AlertCase, AlertExpectation
from demur.testing.expectations import Difference
from demur.testing.results import CaseResult, ExpectationResult

if TYPE_CHECKING:
    from demur.monitor.run import Evaluation, Status

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""When the traffic of every test begins."""
_BADNESS = ("inactive", "pending", "firing")


def alert_result(case: AlertCase, evaluator: Evaluator) -> CaseResult:
    """What came of the test. Raises ModuleNotFoundError where ibis or DuckDB is not installed."""
    from demur.monitor.alerts import alerts
    from demur.monitor.run import evaluate_all, history_for

    found = [one for one in alerts(evaluator) if one.name == case.alert]
    lines = sorted(_lines(case, evaluator), key=lambda one: one[0])
    last = max(one.at for one in case.expectations)
    evaluations: dict[int, Evaluation] = {}
    states: Any = {}
    history: Any = None
    arrived = -1
    with TemporaryDirectory(prefix="demur-") as folder:
        path = Path(folder) / "journal.jsonl"
        for step in range(round(last / case.every) + 1):
            at = BEGINNING + step * case.every
            # Records that are on time may be there early: no window reaches beyond its evaluation.
            here = sum(late == 0.0 or arrival <= at for arrival, late, _ in lines)
            if here != arrived:
                _write(path, [one for arrival, late, one in lines if late == 0.0 or arrival <= at])
                history = history_for(_connection(), [str(path)], evaluator, found)
                arrived = here
            evaluations[step] = evaluate_all(found, history, at, states)
            states = evaluations[step].states
    expectations = tuple(
        _judged(one, evaluations[round(one.at / case.every)]) for one in case.expectations
    )
    return CaseResult(case.name, case.span, expectations)


@cache
def _connection() -> Any:
    from demur.measure.records.connecting import connect

    return connect(None)


def _lines(case: AlertCase, evaluator: Evaluator) -> Iterator[tuple[float, float, dict[str, Any]]]:
    """Each record's arrival, how late that is, and its line in a journal."""
    for kind, traffic in enumerate(case.traffic):
        record = traffic.record
        decision = evaluator.decide(record).signals()
        given = record.get("decision")
        if isinstance(given, Mapping):
            decision = {"stage": decision["stage"], **given}
        for step, count in enumerate(traffic.counts):
            for at in range(count):
                time = BEGINNING + (step + (at + 0.5) / count) * case.every
                yield (
                    time + traffic.late,
                    traffic.late,
                    {
                        **_plain(record),
                        "decision": decision,
                        "trace_id": f"{kind}-{step}-{at}",
                        "time": datetime.fromtimestamp(time, UTC).isoformat(),
                    },
                )


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in record.items()}


def _write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")


def _judged(expectation: AlertExpectation, evaluation: Evaluation) -> ExpectationResult:
    chosen = [one for one in evaluation.statuses if _is_meant(one, expectation)]
    worst = max(chosen, key=lambda one: _BADNESS.index(one.state.state), default=None)
    state = "inactive" if worst is None else worst.state.state
    if state == expectation.state:
        return ExpectationResult(None, expectation.span, ())
    difference = Difference(f"state at {expectation.written}", expectation.state, state)
    if worst is None or worst.finding is None:
        note = "There was no record of it."
    else:
        note = f"{worst.found}: {worst.finding.reason}"
    return ExpectationResult(None, expectation.span, (difference,), note=note)


def _is_meant(status: Status, expectation: AlertExpectation) -> bool:
    if expectation.severity is not None and status.alert.severity != expectation.severity:
        return False
    return expectation.slice is None or dict(status.labels) == dict(expectation.slice)
