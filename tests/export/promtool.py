"""Traffic as a service counts it, and what Prometheus' rules make of it, by promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from demur.export.prometheus import rules, write
from demur.monitor.run import Evaluation, Status
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.metrics import DecisionMetrics
from demur.service.telemetry.names import label
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
    evaluator: Evaluator, rows: Iterable[Mapping[str, Any]], minutes: int
) -> dict[tuple[str, Labels], list[float]]:
    """Each series' value after each minute, from 0 on, as the service's own code counts."""
    by_minute: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        at = datetime.fromisoformat(row["time"]).timestamp()
        by_minute[max(0, -int(-(at - START) // MINUTE))].append(row)
    store = Store()
    count = _counter(evaluator, store)
    snapshots: list[dict[tuple[str, Labels], float]] = []
    for minute in range(minutes + 1):
        for row in by_minute[minute]:
            count(row)
        snapshots.append(_values(store))
    names = dict.fromkeys(name for one in snapshots for name in one)
    return {name: [one.get(name, 0.0) for one in snapshots] for name in names}


def _counter(evaluator: Evaluator, store: Store) -> Any:
    prepared = PolicyMetrics(evaluator)
    metrics = DecisionMetrics(store, LabelLimit(), 1)
    policy = metrics._prepare(evaluator)

    def count(record: Mapping[str, Any]) -> None:
        for late in (False, True):
            metrics._count(policy, prepared, prepared.row(record, late=late), late=late)

    return count


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
) -> dict[int, Evaluation]:
    """The monitor's evaluations of the traffic; promtool must find the same alerts at each minute.

    `only` names the states that are compared.
    """
    exported = rules(evaluator, approximate=approximate)
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
                        "values": " ".join(f"{one!r}" for one in values),
                    }
                    for (name, labels), values in counted(evaluator, rows, minutes).items()
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
