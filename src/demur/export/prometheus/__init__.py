"""Alerting rules for Prometheus over what a service counts: one group, recording rules first."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from demur.backends.promql.aggregates import Unsupported
from demur.export.names import check_names
from demur.export.prometheus.conditions import SCRAPE_INTERVAL, Exporter
from demur.export.prometheus.rules import alert_rules, outdated
from demur.interop.escaping import printable
from demur.monitor.alerts import alerts
from demur.runtime.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An alert that is not written, or only nearly: its code, name and why."""

    code: str
    alert: str
    reason: str
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """A group of rules as data, and what is not as the policy says."""

    group: dict[str, Any]
    left_out: tuple[LeftOut, ...]


def rules(
    evaluator: Evaluator,
    *,
    approximate: bool = False,
    scrape_interval: float = SCRAPE_INTERVAL,
) -> Rules:
    """The rules of a policy's alerts. With `approximate` also those that hold only nearly.

    Alerts with a window that has no room for four scrapes, `scrape_interval` seconds apart, are left
    out: one that fails would be silence. Raises `StrangeName`.
    """
    check_names(evaluator)
    exporter = Exporter(evaluator, scrape_interval)
    records: dict[str, str] = {}
    written: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    for alert in alerts(evaluator):
        try:
            found = alert_rules(alert, exporter)
        except Unsupported as reason:
            left_out.append(LeftOut("DM980", alert.key, str(reason)))
            continue
        left_out += [LeftOut("DM981", alert.key, one, approximate) for one in found.nearly]
        if approximate or not found.nearly:
            records |= found.records
            written += found.rules
    recording = [{"record": name, "expr": expression} for name, expression in records.items()]
    group = {
        "name": f"demur-{evaluator.name}",
        "rules": [*recording, *written, outdated(evaluator)],
    }
    return Rules(group, tuple(left_out))


def write(evaluator: Evaluator, found: Rules) -> str:
    """The rules as a file for Prometheus, which begins with what they do not say."""
    lines = [
        f"Alerting rules of the policy {evaluator.name}, written by `demur export prometheus`.",
        f"digest: {evaluator.digest}",
    ]
    for one in found.left_out:
        said = "nearly" if one.is_written else "not written"
        lines.append(f"{one.code}: {one.alert}: {said}: {one.reason}")
    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(
        {"groups": [{**found.group, "rules": [*map(_laid_out, found.group["rules"])]}]}, stream
    )
    return "".join(f"# {printable(one)}\n" for one in lines) + stream.getvalue()


def _laid_out(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with an expression of several lines written as such."""
    expression = rule["expr"]
    return {**rule, "expr": LiteralScalarString(expression) if "\n" in expression else expression}
