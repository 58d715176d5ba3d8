"""Counts decisions and a policy's metrics into a sink: Prometheus, or OpenTelemetry."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.failures import described, wanted
from demur.service.telemetry import names
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.policy_metrics import (
    Contribution,
    Exported,
    Labels,
    PolicyMetrics,
    Row,
    contribution,
)

if TYPE_CHECKING:
    from demur.service.guard import Guard

_LOG = logging.getLogger("demur.telemetry")
_POLICIES = 8
"""How many policies' metrics are kept prepared: the active one, a candidate, and those before."""
_SERIES = 10_000
"""How many series of a policy are remembered with their labels."""


Add = Callable[[float], None]
"""Adds to one series: an amount to a counter, or a value to a histogram."""


class Sink(Protocol):
    """Where numbers go."""

    def counter(self, name: str, about: str, labels: Labels) -> Add:
        """What adds to a counter's series, which is there from now on."""
        ...

    def histogram(self, name: str, about: str, labels: Labels, buckets: tuple[float, ...]) -> Add:
        """What puts values into a histogram's series."""
        ...


class _Policy:
    """A policy's metrics, None where they cannot be computed, and its series by what is counted.

    Labels are put together once for each series, which takes longer than to count.
    """

    __slots__ = ("label", "metrics", "series")

    def __init__(self, name: str, metrics: PolicyMetrics | None) -> None:
        self.label = ("policy", name)
        self.metrics = metrics
        self.series: dict[Any, Any] = {}

    def keep(self, key: Any, found: Any) -> None:
        """Remembers a series; all are asked for again where they become too many."""
        if len(self.series) >= _SERIES:
            self.series.clear()
        self.series[key] = found


@dataclass(frozen=True, slots=True)
class _Counted:
    """The series of one aggregate over one slice."""

    results: Mapping[str, Add]
    sums: tuple[Add | None, Add | None]
    divisors: tuple[Add | None, Add | None]
    histogram: Add | None

    def add(self, part: Contribution) -> None:
        """Counts a record's part."""
        self.results[part.result](1.0)
        if part.value is None:
            return
        _add_signed(self.sums, part.value)
        if part.divisor is not None:
            _add_signed(self.divisors, part.divisor)
        if self.histogram is not None:
            self.histogram(part.value)


def _add_signed(series: tuple[Add | None, Add | None], value: float) -> None:
    """Adds to two counters, of what is positive and of what is negative, where there are such."""
    up, down = series
    if up is not None:
        up(value if value > 0.0 else 0.0)
    if down is not None:
        down(-value if value < 0.0 else 0.0)


class DecisionMetrics:
    """Computes what each check adds to which series, and gives it to a sink. Safe among threads.

    A metric that reads the `outcome` counts a record when that becomes known. Until then up to
    `remembered` records are kept, of each only what the metrics read; one that is forgotten before,
    counts as unknown.
    """

    def __init__(self, sink: Sink, limit: LabelLimit, remembered: int) -> None:
        self._sink = sink
        self._limit = limit
        self._remembered = remembered
        self.started = time()
        """When counting began, in seconds since the epoch."""
        self._policies: OrderedDict[str, _Policy] = OrderedDict()
        self._waiting: OrderedDict[str, tuple[_Policy, PolicyMetrics, dict[str, Any]]] = (
            OrderedDict()
        )
        self._lock = Lock()

    def begin(self, evaluator: Evaluator) -> None:
        """Lets the series of a policy's metrics begin at 0, of every slice that is known beforehand.

        A counter that is first seen with its first record has, for Prometheus, not grown by that.
        """
        policy = self._policies.get(evaluator.digest) or self._prepare(evaluator)
        if policy.metrics is None:
            return
        for at, one in enumerate(policy.metrics.exported):
            for slices in policy.metrics.foreseen(one, self._limit.values):
                self._counting(policy, at, one, slices)

    def observe(self, check: Check) -> None:
        """Counts a check; the policy's metrics count final ones."""
        evaluator = check.evaluator
        policy = self._policies.get(evaluator.digest) or self._prepare(evaluator)
        timed = policy.series.get(check.stage)
        if timed is None:
            labels = (policy.label, ("stage", check.stage))
            about = names.ABOUT[names.DURATION]
            timed = self._sink.histogram(names.DURATION, about, labels, names.DURATION_BUCKETS)
            policy.keep(check.stage, timed)
        timed(check.duration)
        if check.shadow is not None:
            agrees = (check.shadow.action, check.shadow.rule) == (
                check.decision.action,
                check.decision.rule,
            )
            self._add(names.SHADOW, (policy.label, ("agrees", "true" if agrees else "false")))
        if check.is_final:
            self._final(check, policy)

    def _final(self, check: Check, policy: _Policy) -> None:
        decision, prepared = check.decision, policy.metrics
        signals = check.signals()
        record = {**check.record, "decision": signals}
        row = Row((), {}) if prepared is None else prepared.row(record)
        failure = decision.failure or ""
        key = (check.rollout, signals["action"], failure, *row.dimensions.values())
        counted = policy.series.get(key)
        if counted is None:
            slices = row.labels(() if prepared is None else prepared.dimensions)
            labels = (
                policy.label,
                ("rollout", check.rollout),
                ("action", signals["action"]),
                ("failure", failure),
            )
            bounded = self._limit.bounded(names.DECISIONS, slices) if slices else ()
            about = names.ABOUT[names.DECISIONS]
            counted = self._sink.counter(names.DECISIONS, about, labels + bounded)
            if bounded == slices:
                policy.keep(key, counted)
        counted(1.0)
        if check.is_incomplete:
            self._add(names.INCOMPLETE, (policy.label,))
        if not decision.is_silent:
            for one in dict.fromkeys((each.signal, each.kind) for each in decision.unknown):
                slice = (("signal", one[0]), ("kind", one[1]))
                self._add(names.UNKNOWNS, (policy.label,), slice)
        if prepared is None:
            return
        self._count(policy, prepared, row, late=False)
        if prepared.needs_outcome:
            self._remember(check.trace_id, policy, prepared, record)

    def outcome(self, trace_id: str, outcome: Mapping[str, Any], policy: str) -> None:
        """Counts a remembered trace by what has become known of it."""
        with self._lock:
            waiting = self._waiting.pop(trace_id, None)
        if waiting is None:
            self._add(names.OUTCOMES_UNMATCHED, (("policy", policy),))
        else:
            self._settle(*waiting, outcome)

    def _remember(
        self, trace_id: str, policy: _Policy, prepared: PolicyMetrics, record: Mapping[str, Any]
    ) -> None:
        kept: dict[str, Any] = {}
        for stage, name in prepared.reads:
            signals = record.get(stage)
            if isinstance(signals, Mapping) and name in signals:
                kept.setdefault(stage, {})[name] = signals[name]
        with self._lock:
            forgotten = self._waiting.pop(trace_id, None)
            self._waiting[trace_id] = policy, prepared, kept
            if forgotten is None and len(self._waiting) > self._remembered:
                _, forgotten = self._waiting.popitem(last=False)
        if forgotten is not None:
            self._settle(*forgotten, {})

    def _settle(
        self,
        policy: _Policy,
        prepared: PolicyMetrics,
        record: Mapping[str, Any],
        outcome: Mapping[str, Any],
    ) -> None:
        row = prepared.row({**record, "outcome": outcome}, late=True)
        self._count(policy, prepared, row, late=True)

    def _count(self, policy: _Policy, prepared: PolicyMetrics, row: Row, *, late: bool) -> None:
        """Counts the record in the policy's metrics: those of its outcome, or all others."""
        dimensions = row.dimensions
        for at, one in enumerate(prepared.exported):
            if one.needs_outcome is not late:
                continue
            part = contribution(one.aggregate, row.columns)
            if part is None:
                continue
            key = (at, *[dimensions[name] for name in one.dimensions])
            counted = policy.series.get(key)
            if counted is None:
                counted = self._counting(policy, at, one, row.labels(one.dimensions))
            counted.add(part)

    def _counting(self, policy: _Policy, at: int, one: Exported, slices: Labels) -> _Counted:
        """The series of one aggregate over one slice, which are there from now on."""
        bounded = self._limit.bounded(one.series.rows, slices)
        counted = self._counted(one, (policy.label, *bounded))
        if bounded == slices:
            policy.keep((at, *[value for _, value in slices]), counted)
        return counted

    def _counted(self, one: Exported, labels: Labels) -> _Counted:
        found, sink = one.series, self._sink

        def counter(name: str | None) -> Add | None:
            return None if name is None else sink.counter(name, found.about, labels)

        return _Counted(
            # A series that is not there is no zero: PromQL gives nothing for a ratio then.
            {
                result: sink.counter(found.rows, found.about, (*labels, ("result", result)))
                for result in found.results
            },
            (counter(found.sum), counter(found.negative_sum)),
            (counter(found.divisor), counter(found.negative_divisor)),
            None
            if found.histogram is None
            else sink.histogram(found.histogram, found.about, labels, found.buckets),
        )

    def _add(self, name: str, labels: Labels, bounded: Labels = ()) -> None:
        if bounded:
            bounded = self._limit.bounded(name, bounded)
        self._sink.counter(name, names.ABOUT[name], labels + bounded)(1.0)

    def _prepare(self, evaluator: Evaluator) -> _Policy:
        """The policy's metrics, prepared when its first decision is counted."""
        metrics = None
        try:
            metrics = PolicyMetrics(evaluator)
        except Exception as failure:
            _LOG.error(
                "DM912: the metrics of the policy %s cannot be computed (%s)",
                evaluator.digest,
                described(failure),
                exc_info=wanted(failure),
            )
        with self._lock:
            policy = _Policy(evaluator.policy.name, metrics)
            policy = self._policies.setdefault(evaluator.digest, policy)
            while len(self._policies) > _POLICIES:
                self._policies.popitem(last=False)
        return policy


def guard_counts(
    guard: Guard, limit: LabelLimit, started: float
) -> Iterator[tuple[str, Labels, float]]:
    """What the guard itself counts, now: name, labels and value. `started` is when counting began."""
    status = guard.status()
    for kind in ("timed_out", "failed", "busy"):
        for signal, count in getattr(status.providers, kind).items():
            yield names.PROVIDER_FAILURES, (("signal", signal), ("kind", kind)), count
    yield names.PROVIDERS_OVERDUE, (), status.providers.overdue
    for observer, count in status.observer_errors.items():
        yield names.OBSERVER_ERRORS, (("observer", observer),), count
    for reason, count in status.bypassed.items():
        yield names.BYPASSED, (("reason", reason),), count
    yield names.BYPASSING, (), float(status.bypassing is not None)
    for reason, count in (status.journal_lost or {}).items():
        yield names.JOURNAL_LOST, (("reason", reason),), count
    if status.policies is not None:
        yield names.POLICY_CHANGES, (), status.policies.changes
        yield names.POLICY_REFUSALS, (), status.policies.refusals
        yield names.POLICY_REFUSING, (), float(status.policies.is_refusing)
    deployment = guard.deployment
    yield names.STARTED, (), started
    for role, one in (("active", deployment.active), ("candidate", deployment.candidate)):
        if one is not None:
            named = (
                ("policy", one.policy.name),
                ("version", one.policy.version or ""),
                ("digest", one.digest),
                ("role", role),
            )
            yield names.POLICY_INFO, named, 1.0
    for metric, count in limit.counts():
        yield names.LABEL_OVERFLOW, (("metric", metric),), count
