"""What the dashboard shows, group by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demur.export.grafana.panels import (
    UNITS,
    Group,
    Line,
    Panel,
    Query,
    curves,
    heat_map,
    number,
    states,
    table,
)
from demur.monitor.alerts import alerts
from demur.runtime.aggregates import Metrics, read_metrics
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry import names
from demur.service.telemetry.names import label
from demur.service.telemetry.policy_metrics import Exported, PolicyMetrics

_RANGE = "[$__rate_interval]"
_COLOURS = {"gates": "orange", "alerts": "red"}
_COUNTED = {
    "rate": "Unknown records count as the worst.",
    "count": "Unknown records are counted.",
    "mean": "Over the known values.",
    "sum": "Over the known values.",
    "ratio": "Over the known values.",
    "quantile": "Over the known values, between the bounds of buckets.",
}
"""What a panel shows of an aggregate's unknown records."""
_WIDE = "[1h]"
"""Over how long the metrics are taken; one that is rare has no value over less."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy with what its service counts."""

    evaluator: Evaluator
    metrics: Metrics
    exported: tuple[Exported, ...]
    dimensions: tuple[str, ...]

    @property
    def policy(self) -> str:
        """The policy's name."""
        return self.evaluator.name

    def chosen(self, dimensions: tuple[str, ...] | None = None, *more: str) -> str:
        """The matchers of the policy, of the slices that the variables choose, and more."""
        shown = self.dimensions if dimensions is None else dimensions
        slices = [f'{label(one)}=~"${label(one)}"' for one in shown]
        return ", ".join([f'policy="{self.policy}"', *slices, *more])


def subject(evaluator: Evaluator) -> Subject:
    """The subject of a compiled policy."""
    prepared = PolicyMetrics(evaluator)
    metrics = read_metrics(evaluator, evaluator.policy.evaluation.get("metrics", {}))
    return Subject(evaluator, metrics, prepared.exported, prepared.dimensions)


def groups(subject: Subject) -> Iterator[Group]:
    """All groups; those without panels too."""
    yield Group("Alerts and policy", tuple(_alerts(subject)))
    yield Group("Decisions", tuple(_decisions(subject)))
    yield Group("Metrics and their limits", tuple(_metrics(subject)))
    yield Group("Distributions", tuple(_distributions(subject)))
    yield Group("Service", tuple(_service(subject)))


def _alerts(subject: Subject) -> Iterator[Panel]:
    of_policy = f'policy="{subject.policy}"'
    pending, firing = (
        f'ALERTS{{{of_policy}, alertstate="{state}"}}' for state in ("pending", "firing")
    )
    slices = ", ".join(["alertname", "burn_rate", *map(label, subject.dimensions)])
    legend = " ".join(["{{alertname}}", "{{burn_rate}}", *_legend(subject.dimensions)])
    if alerts(subject.evaluator):
        expression = f"max by ({slices}) (2 * {firing} or {pending})"
        yield states("Alerts", Query(expression, legend), about="By the rules that demur exports.")
    info = f"{names.POLICY_INFO}{{{of_policy}}}"
    yield table(
        "Policies that decide",
        Query(info, format="table", is_instant=True),
        ("role", "version", "digest", "instance"),
    )


def _decisions(subject: Subject) -> Iterator[Panel]:
    counted = f"{names.DECISIONS}{{{subject.chosen()}}}"
    yield curves(
        "Decisions by action",
        [Query(f"sum by (action) (rate({counted}{_RANGE}))", "{{action}}")],
        unit="reqps",
        is_stacked=True,
        about="Final decisions. `bypass` is not enforced, and no success.",
    )
    with_failure = subject.chosen(None, 'failure!=""')
    failures = f"{names.DECISIONS}{{{with_failure}}}"
    yield curves(
        "Failure modes",
        [Query(f"sum by (failure) (rate({failures}{_RANGE}))", "{{failure}}")],
        unit="reqps",
        is_stacked=True,
    )
    for one in subject.dimensions:
        by = f"sum by (failure, {label(one)})"
        yield curves(
            f"Failure modes by {one}",
            [Query(f"{by} (rate({failures}{_RANGE}))", f"{{{{failure}}}}: {{{{{label(one)}}}}}")],
            unit="reqps",
        )
    unknown = f'{names.UNKNOWNS}{{policy="{subject.policy}"}}'
    yield curves(
        "Unknown signals",
        [Query(f"sum by (signal, kind) (rate({unknown}{_RANGE}))", "{{signal}} {{kind}}")],
        unit="reqps",
        about="What is not known is never taken for good.",
    )


def _metrics(subject: Subject) -> Iterator[Panel]:
    for one in subject.exported:
        query = _value(subject, one)
        if query is not None:
            metric = subject.metrics.metrics[one.metric]
            unit = (
                "percentunit"
                if one.series.kind == "rate"
                else UNITS.get(metric.unit or "", "short")
            )
            yield curves(
                one.metric,
                [query],
                about=f"{metric.about or ''} {_COUNTED[one.series.kind]}".strip(),
                unit=unit,
                lines=_lines(subject, one.metric) if metric.is_plain else (),
            )


def _value(subject: Subject, one: Exported) -> Query | None:
    """An aggregate's value over the last hour, by the slices of its metric."""
    chosen = subject.chosen(one.dimensions)
    by = f"sum by ({', '.join(map(label, one.dimensions))})" if one.dimensions else "sum"
    legend = " ".join(_legend(one.dimensions)) or one.metric
    found = one.series

    def total(*series: str | None, results: str = "") -> str:
        more = (f'result=~"{results}"',) if results else ()
        selected = ", ".join([chosen, *more])
        whole, *less = (f"{by} (increase({name}{{{selected}}}{_WIDE}))" for name in series if name)
        return f"({' - '.join([whole, *less])})" if less else whole

    match found.kind:
        case "rate":
            # The worst end is that on the side of the metric's limits.
            top, bottom = _worst(subject, one)
            return Query(
                f"{total(found.rows, results=top)} / {total(found.rows, results=bottom)}", legend
            )
        case "count":
            return Query(total(found.rows, results="true|unknown"), legend)
        case "mean":
            known = total(found.rows, results="known")
            return Query(f"{total(found.sum, found.negative_sum)} / {known}", legend)
        case "sum":
            return Query(total(found.sum, found.negative_sum), legend)
        case "ratio":
            divisor = total(found.divisor, found.negative_divisor)
            return Query(f"{total(found.sum, found.negative_sum)} / {divisor}", legend)
        case "quantile":
            grouped = ", ".join(["le", *map(label, one.dimensions)])
            buckets = f"sum by ({grouped}) (increase({found.histogram}_bucket{{{chosen}}}{_WIDE}))"
            return Query(f"histogram_quantile({one.aggregate.share!r}, {buckets})", legend)
        case _:
            return None


def _worst(subject: Subject, one: Exported) -> tuple[str, str]:
    """The results that are above and below the line of a rate, unknown ones taken as the worst."""
    sure = "true|false|unknown"
    if _is_better_high(subject, one.metric):
        return "true", f"{sure}|open_false|open_unknown"
    return "true|unknown|open_true|open_unknown", f"{sure}|open_true|open_unknown"


def _is_better_high(subject: Subject, metric: str) -> bool:
    """Whether the metric should be high: it says so, or a limit below does."""
    better = subject.metrics.metrics[metric].better
    if better is not None:
        return better == "higher"
    evaluation = subject.evaluator.policy.evaluation
    for one in evaluation.get("thresholds", ()):
        if one["metric"] == metric:
            is_gate = one["path"][0] == "gates"
            return (one["operator"] in (">", ">=")) == is_gate
    return False


def _lines(subject: Subject, metric: str) -> tuple[Line, ...]:
    """The constant limits of gates and alerts on a metric, and the budgets of objectives."""
    evaluator = subject.evaluator
    evaluation = evaluator.policy.evaluation
    found: dict[str, Line] = {}
    for one in evaluation.get("thresholds", ()):
        if one["metric"] == metric and not one["baseline"]:
            (level,) = evaluator.evaluate([read_expression(one["limit"])], {})
            if isinstance(level, int | float):
                section, owner = one["path"][:2]
                name = f"{section.removesuffix('s')} {owner}: {one['operator']} {level:g}"
                found[name] = Line(name, float(level), _COLOURS[section])
    for name, alert in evaluation.get("settings", {}).get("alerts", {}).items():
        slo = alert.get("slo")
        if slo and slo["metric"] == metric:
            budget = float(f"{1 - slo['objective']:.9g}")
            shown = f"objective {name}: at most {budget:g} over {slo['window']}"
            found[shown] = Line(shown, budget, "red")
    return tuple(found.values())


def _distributions(subject: Subject) -> Iterator[Panel]:
    for one in subject.exported:
        if one.series.histogram is None:
            continue
        unit = UNITS.get(subject.metrics.metrics[one.metric].unit or "", "short")
        buckets = f"{one.series.histogram}_bucket{{{subject.chosen(one.dimensions)}}}{_RANGE}"
        yield heat_map(
            f"{one.metric}: all values",
            Query(f"sum by (le) (increase({buckets}))", "{{le}}"),
            unit=unit,
            about="Of the slices that are chosen above.",
        )
        for name in one.dimensions:
            by = f"sum by (le, {label(name)}) (increase({buckets.replace(_RANGE, _WIDE)}))"
            yield curves(
                f"{one.metric} by {name}",
                [
                    Query(
                        f"histogram_quantile({share}, {by})", f"{{{{{label(name)}}}}} {share:.0%}"
                    )
                    for share in (0.5, 0.95)
                ],
                unit=unit,
            )
    durations = f'{names.DURATION}_bucket{{policy="{subject.policy}"}}{_RANGE}'
    yield heat_map(
        "Time that deciding took", Query(f"sum by (le) (increase({durations}))", "{{le}}"), unit="s"
    )


def _service(subject: Subject) -> Iterator[Panel]:
    policy = f'{{policy="{subject.policy}"}}'
    for title, series, about in (
        ("Bypassed", names.BYPASSED, "Checks that were not enforced."),
        ("Incomplete", f"{names.INCOMPLETE}{policy}", "Traces that ended before their last stage."),
        ("Journal lost", names.JOURNAL_LOST, "Lines that the journal lost."),
        ("Providers failed", names.PROVIDER_FAILURES, "Signals that a provider did not give."),
        ("Labels overflowed", names.LABEL_OVERFLOW, "Slices counted as (other)."),
        ("Policies refused", names.POLICY_REFUSALS, "Changes of the policy that were not taken."),
    ):
        yield number(title, Query(f"sum(increase({series}[$__range])) or vector(0)"), about=about)
    shadow = f"{names.SHADOW}{policy}{_RANGE}"
    yield curves(
        "Shadow decisions",
        [Query(f"sum by (agrees) (rate({shadow}))", "agrees: {{agrees}}")],
        unit="reqps",
        about="What a candidate policy decides beside the active one.",
    )


def _legend(dimensions: tuple[str, ...]) -> list[str]:
    return [f"{{{{{label(one)}}}}}" for one in dimensions]
