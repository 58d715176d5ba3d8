"""An alert as alerting rules: one for each entry of `by`, with the labels that demur's own alerts have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demur.export.prometheus.conditions import Exporter, Holds
from demur.measure.slices import crossed
from demur.monitor.alerts import Alert
from demur.monitor.windows import text
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.names import POLICY_INFO, label


@dataclass(frozen=True, slots=True)
class AlertRules:
    """The rules of one alert, what is recorded for them, and in what they are not exact."""

    rules: tuple[dict[str, Any], ...]
    records: dict[str, str]
    nearly: tuple[str, ...]


def alert_rules(alert: Alert, exporter: Exporter) -> AlertRules:
    """The rules of an alert. Raises `Unsupported`."""
    found: list[dict[str, Any]] = []
    records: dict[str, str] = {}
    nearly: dict[str, None] = {}
    for cut in alert.conditions[0].threshold.by or (None,):
        conditions = [exporter.holds(one, cut) for one in alert.conditions]
        for one in conditions:
            records |= one.records
            nearly |= dict.fromkeys(one.nearly)
        labels = ("policy", *map(label, crossed(cut) if cut else ()))
        expression = _expression(alert, conditions, labels, exporter.evaluator.name)
        found.append(_rule(alert, expression, exporter.evaluator))
        unanswered = [one.unanswered for one in conditions if one.unanswered]
        if unanswered:
            found.append(_unanswered(alert, " or ".join(unanswered), exporter.evaluator))
    return AlertRules(tuple(found), records, tuple(nearly))


def _expression(
    alert: Alert, conditions: Sequence[Holds], labels: Sequence[str], policy: str
) -> str:
    """When the alert holds: its conditions do, or it goes on, or there is silence that is no good sign."""
    holds = " and ".join(f"({one.expression})" for one in conditions)
    firing = _is(alert, labels, policy, "firing")
    if alert.no_data == "ok":
        ways = [holds]
    elif len(labels) == 1:
        silent = [f"({one.silent})" for one in conditions]
        silent += [f"absent({one.certain})" for one in conditions]
        kept = "" if alert.no_data == "fire" else f" and {firing}"
        ways = [holds, *(f"{one}{kept}" for one in silent)]
    else:
        # A slice that has been in trouble and is not heard of any more, and no slice at all.
        going = _is(alert, labels, policy, "pending|firing")
        kept = "" if alert.no_data == "fire" else f" and {firing}"
        none = (
            ""
            if alert.no_data == "fire"
            else f" and {_is(alert, labels, policy, 'firing', whole=True)}"
        )
        silent = [f"({one.silent})" for one in conditions if one.silent]
        ways = [holds, *(f"{one}{kept}" for one in silent)]
        ways += [
            f"({one.empty}) and {going if alert.no_data == 'fire' else firing}"
            for one in conditions
        ]
        ways += [f"absent({one.heard}){none}" for one in conditions]
    # What has no answer neither starts nor ends an alert.
    ways += [f"({one.unanswered}) and {firing}" for one in conditions if one.unanswered]
    return "\nor\n".join(ways)


def _is(
    alert: Alert, labels: Sequence[str], policy: str, state: str, *, whole: bool = False
) -> str:
    """The alert's own states at the evaluation before, of its slices or of the whole."""
    chosen = f'alertname="{alert.name}", policy="{policy}", alertstate=~"{state}"'
    if alert.burn:
        chosen += f', burn_rate="{alert.burn}"'
    if whole:
        chosen += "".join(f', {one}=""' for one in labels[1:])
    return f"on ({'' if whole else ', '.join(labels)}) ALERTS{{{chosen}}}"


def _rule(alert: Alert, expression: str, evaluator: Evaluator) -> dict[str, Any]:
    lengths = {"for": alert.hold_for, "keep_firing_for": alert.keep_firing_for}
    burn = {"burn_rate": alert.burn} if alert.burn else {}
    texts = {
        "summary": f"{alert.name}: {alert.conditions[0].threshold.text}",
        "about": alert.about,
        "owner": alert.owner,
        "runbook": alert.runbook,
        "value": "{{ $value }}",
        "digest": evaluator.digest,
    }
    return {
        "alert": alert.name,
        "expr": expression,
        **{name: text(length) for name, length in lengths.items() if length},
        "labels": {"policy": evaluator.name, "severity": alert.severity, **burn},
        "annotations": {name: _literal(one) for name, one in texts.items() if one},
    }


def _unanswered(alert: Alert, expression: str, evaluator: Evaluator) -> dict[str, Any]:
    """Says that an alert has no baseline yet: no answer is no good one."""
    summary = f"{alert.name} cannot be answered: its baseline has no records yet"
    texts = {"summary": _literal(summary), "owner": _literal(alert.owner)}
    return {
        "alert": f"{alert.name}-unanswered",
        "expr": expression,
        "labels": {"policy": evaluator.name, "severity": "info"},
        "annotations": texts,
    }


def outdated(evaluator: Evaluator) -> dict[str, Any]:
    """Says that another policy is served than the one whose rules these are."""
    name = evaluator.name
    return {
        "alert": "demur-rules-outdated",
        "expr": f'{POLICY_INFO}{{policy="{name}", role="active", digest!="{evaluator.digest}"}}',
        "for": "10m",
        "labels": {"policy": name, "severity": "info"},
        "annotations": {
            "summary": f"{name} is served with another digest than these rules were exported from",
            "owner": _literal(evaluator.policy.owner),
        },
    }


def _literal(text: str) -> str:
    """The text as a template of Prometheus that shows it as it is."""
    if text == "{{ $value }}" or "{{" not in text:
        return text
    return text.replace("{{", '{{ "{{" }}')
