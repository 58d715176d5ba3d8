"""The names of all metrics: a contract with dashboards, alerting rules, and what exports them.

A policy's own metrics are exported as what their value is computed from. For a metric `wrong_rate`,
by the kind of its aggregate:

| kind | series, after `demur_metric_wrong_rate` |
|---|---|
| rate, count | `_rows_total{result}` |
| mean, sum | `_rows_total{result}`, `_sum_total`, and `_negative_sum_total` where it can be negative |
| ratio | as sum, and `_divisor_total` (and `_negative_divisor_total`) for the second number |
| quantile | `_rows_total{result}`, and a histogram: `_bucket{le}`, `_sum`, `_count` |
| min, max, distinct | none: they do not follow from counters |

`result` says how a record counts. For rates and counts `true` and `false` are known records; the
others `unknown` (kept by `where`, the condition is unknown), or `open_true`, `open_false`,
`open_unknown` (whether `where` keeps it is unknown, the condition is as said). For the other kinds:
`known`, `unknown`, `open`. So a rate is `true / (true + false)`; its worst case, where high is bad,
`(true + unknown + open_true + open_unknown) / (true + false + unknown + open_true + open_unknown)`,
and where low is bad `true / (true + false + unknown + open_false + open_unknown)`.

A metric that is arithmetic over several aggregates numbers them: `demur_metric_NAME_1`, `_2`, … in
the order in which they stand in the policy. Values are in the units of the policy, so that its limits
can be compared with them; demur's own metrics are in base units.

Every series of a policy has the label `policy`; those of decisions and of the policy's metrics have
one label for each signal that the alerts and gates on them slice by (`request.tenant` is
`request_tenant`), `(unknown)` where the value is not known and `(other)` beyond the limit of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, log10

from demur.runtime.aggregates import Aggregate, Metric, Metrics

PREFIX = "demur_"
UNKNOWN = "(unknown)"
OTHER = "(other)"

DECISIONS = "demur_decisions_total"
"""Final decisions. Labels: policy, rollout, action (`bypass` if not enforced, `incomplete` if the trace
broke off), failure, slices."""
INCOMPLETE = "demur_incomplete_total"
"""Traces that ended before their last stage. Label: policy."""
UNKNOWNS = "demur_unknowns_total"
"""Final decisions in which a signal was unknown. Labels: policy, signal, kind."""
DURATION = "demur_decision_duration_seconds"
"""Histogram of the time that deciding took, of every check. Labels: policy, stage."""
SHADOW = "demur_shadow_decisions_total"
"""Checks that a candidate decided in the shadow. Labels: policy, agrees (true or false)."""
PROVIDER_FAILURES = "demur_provider_failures_total"
"""Signals that a provider did not give. Labels: signal, kind (timed_out, failed, busy)."""
PROVIDERS_OVERDUE = "demur_providers_overdue"
"""Gauge of the threads and tasks of providers that nobody waits for any more."""
OBSERVER_ERRORS = "demur_observer_errors_total"
"""Exceptions of observers. Label: observer."""
BYPASSED = "demur_bypassed_total"
"""Checks that were not enforced. Label: reason."""
BYPASSING = "demur_bypassing"
"""Gauge: 1 while a bypass for all is on."""
JOURNAL_LOST = "demur_journal_lost_total"
"""Lines that the journal lost. Label: reason (overflow of its queue, failed, closed, error)."""
POLICY_CHANGES = "demur_policy_changes_total"
"""Swaps of a policy, by reload, promotion or roll-back."""
POLICY_REFUSALS = "demur_policy_refusals_total"
"""Policies that were refused."""
POLICY_REFUSING = "demur_policy_refusing"
"""Gauge: 1 while what is served is not what is there, because that was refused."""
POLICY_INFO = "demur_policy_info"
"""Gauge, always 1: which policies decide. Labels: policy, version, digest, role."""
STARTED = "demur_started_timestamp_seconds"
"""Gauge: when the process began to count, in seconds since the epoch. What it counts began at 0 then."""
LABEL_OVERFLOW = "demur_label_overflow_total"
"""Values of labels that were counted as `(other)`. Label: metric."""
OUTCOMES_UNMATCHED = "demur_outcomes_unmatched_total"
"""Outcomes of traces that are not remembered (any more). Label: policy."""

ABOUT: Mapping[str, str] = {
    DECISIONS: "Final decisions of the policy.",
    INCOMPLETE: "Traces that ended before their last stage.",
    UNKNOWNS: "Final decisions in which a signal was unknown.",
    DURATION: "Time that deciding took.",
    SHADOW: "Checks that a candidate decided in the shadow.",
    PROVIDER_FAILURES: "Signals that a provider did not give.",
    PROVIDERS_OVERDUE: "Threads and tasks of providers that nobody waits for any more.",
    OBSERVER_ERRORS: "Exceptions of observers.",
    BYPASSED: "Checks that were not enforced.",
    BYPASSING: "Whether nothing is enforced.",
    JOURNAL_LOST: "Lines that the journal lost.",
    POLICY_CHANGES: "Swaps of a policy.",
    POLICY_REFUSALS: "Policies that were refused.",
    POLICY_REFUSING: "Whether the policy that is there was refused.",
    POLICY_INFO: "The policies that decide.",
    STARTED: "When the process began to count.",
    LABEL_OVERFLOW: "Values of labels that were counted as (other).",
    OUTCOMES_UNMATCHED: "Outcomes of traces that are not remembered.",
}
"""What each of demur's own metrics is, for whoever scrapes it."""
GAUGES = frozenset((PROVIDERS_OVERDUE, BYPASSING, POLICY_REFUSING, POLICY_INFO, STARTED))
"""Those that go down too."""
COUNTED_BY_GUARD = (
    PROVIDER_FAILURES,
    PROVIDERS_OVERDUE,
    OBSERVER_ERRORS,
    BYPASSED,
    BYPASSING,
    JOURNAL_LOST,
    POLICY_CHANGES,
    POLICY_REFUSALS,
    POLICY_REFUSING,
    POLICY_INFO,
    STARTED,
    LABEL_OVERFLOW,
)
"""Those that are read from the guard when metrics are collected."""

DURATION_BUCKETS = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.1, 1.0)
"""Bounds of the buckets of `DURATION`, in seconds."""
RATE_RESULTS = ("true", "false", "unknown", "open_true", "open_false", "open_unknown")
"""How a record counts in a rate or count; with `where` absent the open ones never occur."""
VALUE_RESULTS = ("known", "unknown", "open")
"""How a record counts in the aggregates of a number."""


@dataclass(frozen=True, slots=True)
class Series:
    """The names that one aggregate of a policy's metric is exported under; None for what it has not.

    `buckets` are the upper bounds of the histogram, without the infinite one; `about` says what the
    metric is.
    """

    kind: str
    rows: str
    results: tuple[str, ...]
    sum: str | None = None
    negative_sum: str | None = None
    divisor: str | None = None
    negative_divisor: str | None = None
    histogram: str | None = None
    buckets: tuple[float, ...] = ()
    about: str = ""


def series(metric: Metric, metrics: Metrics, limits: Iterable[float] = ()) -> tuple[Series, ...]:
    """The series of each of a metric's aggregates, in order; those without any are left out.

    `limits` are what the policy compares the metric with: each becomes a bound of the buckets, so
    that whether a quantile keeps to it can be read exactly.
    """
    found: list[Series] = []
    for at, number in enumerate(metric.aggregates, start=1):
        aggregate = metrics.aggregates[number]
        base = f"{PREFIX}metric_{label(metric.name)}"
        if len(metric.aggregates) > 1:
            base = f"{base}_{at}"
        about = metric.about or f"The policy's metric {metric.name}: {aggregate.kind}."
        one = _series(base, aggregate, metric.unit, tuple(limits), about)
        if one is not None:
            found.append(one)
    return tuple(found)


COUNTED = frozenset(("rate", "count", "quantile", "mean", "sum", "ratio"))
"""The kinds of aggregates that counters tell."""


def _series(
    base: str, aggregate: Aggregate, unit: str | None, limits: tuple[float, ...], about: str
) -> Series | None:
    rows, kind = f"{base}_rows_total", aggregate.kind
    if kind in ("rate", "count"):
        return Series(kind, rows, RATE_RESULTS, about=about)
    if kind == "quantile":
        bounds = buckets(aggregate.range.low, aggregate.range.high, unit, limits)
        return Series(kind, rows, VALUE_RESULTS, histogram=base, buckets=bounds, about=about)
    if kind not in COUNTED:
        return None
    negative = f"{base}_negative_sum_total" if aggregate.range.low < 0 else None
    if kind != "ratio":
        return Series(kind, rows, VALUE_RESULTS, f"{base}_sum_total", negative, about=about)
    return Series(
        kind,
        rows,
        VALUE_RESULTS,
        f"{base}_sum_total",
        negative,
        f"{base}_divisor_total",
        f"{base}_negative_divisor_total" if aggregate.second_range.low < 0 else None,
        about=about,
    )


_SPANS: Mapping[str, tuple[float, float]] = {
    "ms": (1.0, 60_000.0),
    "s": (0.005, 600.0),
    "us": (1.0, 1e6),
    "tokens": (1.0, 1e6),
    "usd": (1e-5, 10.0),
    "eur": (1e-5, 10.0),
    "bytes": (64.0, 1e9),
}
"""The values that are told apart of a number without upper bound, by its unit."""
_STEPS = (1.0, 2.0, 5.0)


def buckets(
    low: float, high: float, unit: str | None = None, limits: Iterable[float] = ()
) -> tuple[float, ...]:
    """Upper bounds of a histogram's buckets.

    Twenty equal ones between declared bounds (up to 1, or a percentage); else 1, 2, 5, 10, … over the
    span that is usual for the unit, within the bounds. `limits` are added.
    """
    if isfinite(low) and isfinite(high) and high - low <= 100:
        width = (high - low) / 20
        found = {float(f"{low + width * step:.6g}") for step in range(1, 21)} if width else {high}
    else:
        start, end = _SPANS.get((unit or "").lower(), (0.001, 1e6))
        found = {0.0} if low < 0 else set()
        power = 10.0 ** round(log10(start))
        while power <= min(end, high):
            found |= {float(f"{power * step:.6g}") for step in _STEPS}
            power *= 10
        found = {one for one in found if start <= one <= end or one == 0.0}
        if low < 0:
            found |= {-one for one in found if one}
        found = {one for one in found if low <= one <= high}
        if isfinite(high):
            found.add(float(high))
    return tuple(sorted(found | {float(one) for one in limits if isfinite(one)}))


def label(path: str) -> str:
    """A signal's path or a metric's name as part of a name: `request.tenant` as `request_tenant`."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", path)
