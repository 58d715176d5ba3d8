"""An alert as alerting rules: one for each entry of `by`, with the labels that demur's own alerts have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demur.backends.promql.aggregates import Unsupported
from demur.export.prometheus.conditions import SCRAPES, Exporter, Holds
from demur.interop.escaping import unaddressed
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
    needed = alert.window_for(SCRAPES * exporter.scrape_interval)
    if needed:
        raise Unsupported(
            f"a window of {text(alert.shortest)} has no room for {SCRAPES} scrapes, one each "
            f"{text(exporter.scrape_interval)} (`--scrape-interval`): `window: {needed}` is the "
            f"shortest {'objective ' if alert.slo_window else ''}that works"
        )
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
    first, *others = conditions
    ways = [" and ".join(f"({one.expression})" for one in conditions)]
    firing = f"on ({', '.join(labels)}) {_own(alert, policy, 'firing')}"
    kept = "" if alert.no_data == "fire" else f"\n  and {firing}"
    if alert.no_data != "ok":
        silent = _silent(alert, first, labels, policy)
        # The other windows lie within the first. One that has records and is clear settles that the
        # alert does not hold, whatever the others are.
        clear = [f"\n  unless ({one.certain} > 0 unless ({one.expression}))" for one in others]
        open_ways = [f"({first.expression})", *silent] if others else silent
        ways += ["".join((one, *clear, kept)) for one in open_ways]
    if alert.no_data != "ok" and len(labels) > 1:
        none = _own(alert, policy, "firing", "".join(f', {one}=""' for one in labels[1:]))
        kept = "" if alert.no_data == "fire" else f"\n  and on () {none}"
        ways.append(f"absent({first.heard}){kept}")
    # What has no answer neither starts nor ends an alert.
    ways += [f"({one.unanswered}) and {firing}" for one in conditions if one.unanswered]
    return "\nor\n".join(ways)


def _silent(alert: Alert, first: Holds, labels: Sequence[str], policy: str) -> list[str]:
    """Where the longest window has no records and should have some; each way by itself."""
    silent = [f"({first.silent})"] if first.silent else []
    if len(labels) == 1:
        return [*silent, f"absent({first.certain})"]
    # A slice that has been in trouble and is not heard of any more, of which no series may be left.
    by = ", ".join(labels)
    slices = "".join(f', {one}!=""' for one in labels[1:])
    going = _own(alert, policy, "pending|firing", slices)
    return [*silent, f"max by ({by}) ({going} unless on ({by}) ({first.heard}))"]


def _own(alert: Alert, policy: str, states: str, chosen: str = "") -> str:
    """The alert's own states at the evaluation before."""
    burn = f', burn_rate="{alert.burn}"' if alert.burn else ""
    return f'ALERTS{{alertname="{alert.name}", policy="{policy}", alertstate=~"{states}"{burn}{chosen}}}'


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
    if text == "{{ $value }}":
        return text
    return unaddressed(text).replace("{{", '{{ "{{" }}')
