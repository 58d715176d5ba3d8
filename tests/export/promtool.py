"""Traffic as a service counts it, and what Prometheus' rules make of it, by promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from demur.export.prometheus import rules, write
from demur.monitor.run import Evaluation, Status
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.metrics import DecisionMetrics
from demur.service.telemetry.names import POLICY_INFO, STARTED, label
from demur.service.telemetry.policy_metrics import PolicyMetrics
from demur.service.telemetry.prometheus import Store
from tests.conftest import skip_unless_ci
from tests.monitor.traffic import MINUTE, START, evaluations
from tools.system_packages import SYSTEM_PACKAGES

Labels = tuple[tuple[str, str], ...]
STATES = ("pending", "firing")


def promtool() -> str:
    program = SYSTEM_PACKAGES["promtool"].find()
    if program is None:
        skip_unless_ci("Prometheus is missing")
    return program


def checked(path: Path) -> str:
    """What `promtool check rules` says of a file; it must take it."""
    found = subprocess.run(
        [promtool(), "check", "rules", str(path)], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def filled(expression: str) -> str:
    """An expression of a dashboard with Grafana's variables filled in."""
    for name, value in (("$__rate_interval", "1m"), ("$__range", "1h")):
        expression = expression.replace(name, value)
    return re.sub(r'"\$[a-z_]+"', '".*"', expression)


def counted(
    evaluator: Evaluator,
    rows: Iterable[Mapping[str, Any]],
    minutes: int,
    *,
    restarts: Collection[int] = (),
    missed: Collection[int] = (),
) -> dict[tuple[str, Labels], list[float | None]]:
    """Each series' value after each minute, as a scrape of the service's own code finds it.

    A series that is not there has None, as a scrape shows it: a slice that was not counted yet, and
    all that a process forgot that was restarted after one of the minutes `restarts`. The scrapes of
    the minutes `missed` find nothing.
    """
    by_minute: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        at = datetime.fromisoformat(row["time"]).timestamp()
        by_minute[max(0, -int(-(at - START) // MINUTE))].append(row)
    service = _Service(evaluator, 0)
    snapshots: list[dict[tuple[str, Labels], float]] = []
    for minute in range(minutes + 1):
        for row in by_minute[minute]:
            service.count(row)
        snapshots.append({} if minute in missed else service.scraped())
        if minute in restarts:
            service = _Service(evaluator, minute)
    names = dict.fromkeys(name for one in snapshots for name in one)
    return {name: [one.get(name) for one in snapshots] for name in names}


class _Service:
    """A process that counts, begun after a minute of promtool's time, which begins at 0."""

    def __init__(self, evaluator: Evaluator, minute: int) -> None:
        self._begun = minute * MINUTE
        self._digest = evaluator.digest
        self._store = Store()
        self._prepared = PolicyMetrics(evaluator)
        self._metrics = DecisionMetrics(self._store, LabelLimit(), 1)
        self._metrics.begin(evaluator)
        self._policy = self._metrics._prepare(evaluator)

    def count(self, record: Mapping[str, Any]) -> None:
        for late in (False, True):
            row = self._prepared.row(record, late=late)
            self._metrics._count(self._policy, self._prepared, row, late=late)

    def scraped(self) -> dict[tuple[str, Labels], float]:
        info = (("policy", "watched"), ("digest", self._digest), ("role", "active"))
        return {
            **_values(self._store),
            (POLICY_INFO, info): 1.0,
            (STARTED, ()): self._begun,
        }


def _written(values: Iterable[float | None]) -> str:
    """The values in promtool's notation; where a series ends, Prometheus knows that it did."""
    found: list[str] = []
    before: float | None = None
    for one in values:
        found.append(repr(one) if one is not None else "_" if before is None else "stale")
        before = one
    return " ".join(found)


def _values(store: Store) -> dict[tuple[str, Labels], float]:
    found = {(name, labels): value for name, _, labels, value in store.counters()}
    for name, _, labels, histogram in store.histograms():
        total = 0
        for bound, count in zip([*histogram.bounds, float("inf")], histogram.counts, strict=True):
            total += count
            le = "+Inf" if bound == float("inf") else repr(float(bound))
            found[f"{name}_bucket", (*labels, ("le", le))] = float(total)
    return found


def agreed(
    folder: Path,
    evaluator: Evaluator,
    rows: Sequence[Mapping[str, Any]],
    minutes: int,
    *,
    approximate: bool = False,
    only: Sequence[str] = STATES,
    restarts: Collection[int] = (),
    missed: Collection[int] = (),
) -> dict[int, Evaluation]:
    """The monitor's evaluations of the traffic; promtool must find the same alerts at each minute.

    `only` names the states that are compared; `restarts` and `missed` are those of `counted`.
    """
    exported = rules(evaluator, approximate=approximate, scrape_interval=MINUTE)
    assert not [one for one in exported.left_out if not one.is_written], exported.left_out
    file = folder / "rules.yml"
    file.write_text(write(evaluator, exported), "utf-8")
    checked(file)
    monitored = evaluations(folder, evaluator, rows, range(minutes + 1))
    test = {
        "rule_files": [str(file)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {
                        "series": _selector(name, labels),
                        "values": _written(values),
                    }
                    for (name, labels), values in counted(
                        evaluator, rows, minutes, restarts=restarts, missed=missed
                    ).items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'ALERTS{{alertname="watched", alertstate="{state}"}}',
                        "eval_time": f"{minute}m",
                        "exp_samples": [
                            {"labels": _alert(one), "value": 1}
                            for one in evaluation.statuses
                            if one.state.state == state
                        ],
                    }
                    for minute, evaluation in monitored.items()
                    for state in only
                ],
            }
        ],
    }
    script = folder / "test.yml"
    script.write_text(json.dumps(test), "utf-8")
    found = subprocess.run(
        [promtool(), "test", "rules", str(script)], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return monitored


def _alert(status: Status) -> str:
    burn = {"burn_rate": status.alert.burn} if status.alert.burn else {}
    labels = {
        "alertname": status.alert.name,
        "alertstate": status.state.state,
        "policy": "watched",
        "severity": status.alert.severity,
        **burn,
        **{label(name): value for name, value in status.labels},
    }
    return _selector("ALERTS", tuple(labels.items()))


def _selector(name: str, labels: Labels) -> str:
    return f"{name}{{{', '.join(f'{key}={json.dumps(value)}' for key, value in labels)}}}"
