"""Counts decisions and a policy's metrics into a sink: Prometheus, or OpenTelemetry."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.telemetry import names
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.policy_metrics import (
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
_NOT_PREPARED = object()


class Sink(Protocol):
    """Where numbers go."""

    def add(self, name: str, about: str, labels: Labels, amount: float) -> None:
        """Adds to a counter."""
        ...

    def record(
        self, name: str, about: str, labels: Labels, value: float, buckets: tuple[float, ...]
    ) -> None:
        """Puts a value into a histogram."""
        ...


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
        self._prepared: OrderedDict[str, Any] = OrderedDict()
        self._waiting: OrderedDict[str, tuple[PolicyMetrics, dict[str, Any]]] = OrderedDict()
        self._begun: set[tuple[str, Labels]] = set()
        self._lock = Lock()

    def observe(self, check: Check) -> None:
        """Counts a check; the policy's metrics count final ones."""
        policy = ("policy", check.evaluator.policy.name)
        self._sink.record(
            names.DURATION,
            names.ABOUT[names.DURATION],
            (policy, ("stage", check.stage)),
            check.duration,
            names.DURATION_BUCKETS,
        )
        if check.shadow is not None:
            agrees = (check.shadow.action, check.shadow.rule) == (
                check.decision.action,
                check.decision.rule,
            )
            self._add(names.SHADOW, (policy, ("agrees", "true" if agrees else "false")))
        if check.is_final:
            self._final(check, policy)

    def _final(self, check: Check, policy: tuple[str, str]) -> None:
        decision, prepared = check.decision, self._of(check.evaluator)
        signals = decision.signals()
        if check.bypass is not None:
            signals |= {"action": "bypass", "answered": None, "declined": None}
        record = {**check.record, "decision": signals}
        row = Row((), {}) if prepared is None else prepared.row(record)
        slices = row.labels(() if prepared is None else prepared.dimensions)
        self._add(
            names.DECISIONS,
            (
                policy,
                ("rollout", check.rollout),
                ("action", signals["action"]),
                ("failure", decision.failure or ""),
            ),
            slices,
        )
        if check.is_incomplete:
            self._add(names.INCOMPLETE, (policy,))
        for one in dict.fromkeys((each.signal, each.kind) for each in decision.unknown):
            self._add(names.UNKNOWNS, (policy,), (("signal", one[0]), ("kind", one[1])))
        if prepared is None:
            return
        for one in prepared.exported:
            if not one.needs_outcome:
                self._count(prepared, one, row)
        if prepared.needs_outcome:
            self._remember(check.trace_id, prepared, record)

    def outcome(self, trace_id: str, outcome: Mapping[str, Any], policy: str) -> None:
        """Counts a remembered trace by what has become known of it."""
        with self._lock:
            waiting = self._waiting.pop(trace_id, None)
        if waiting is None:
            self._add(names.OUTCOMES_UNMATCHED, (("policy", policy),))
        else:
            self._settle(*waiting, outcome)

    def _remember(self, trace_id: str, prepared: PolicyMetrics, record: Mapping[str, Any]) -> None:
        kept: dict[str, Any] = {}
        for stage, name in prepared.reads:
            signals = record.get(stage)
            if isinstance(signals, Mapping) and name in signals:
                kept.setdefault(stage, {})[name] = signals[name]
        with self._lock:
            forgotten = self._waiting.pop(trace_id, None)
            self._waiting[trace_id] = prepared, kept
            if forgotten is None and len(self._waiting) > self._remembered:
                _, forgotten = self._waiting.popitem(last=False)
        if forgotten is not None:
            self._settle(*forgotten, {})

    def _settle(
        self, prepared: PolicyMetrics, record: Mapping[str, Any], outcome: Mapping[str, Any]
    ) -> None:
        row = prepared.row({**record, "outcome": outcome}, late=True)
        for one in prepared.exported:
            if one.needs_outcome:
                self._count(prepared, one, row)

    def _count(self, prepared: PolicyMetrics, one: Exported, row: Row) -> None:
        part = contribution(one.aggregate, row.columns)
        if part is None:
            return
        found, sink = one.series, self._sink
        own = (("policy", prepared.policy.name),)
        labels = own + self._limit.bounded(found.rows, row.labels(one.dimensions))
        if (found.rows, labels) not in self._begun:
            # A series that is not there is no zero: PromQL gives nothing for a ratio then.
            self._begun.add((found.rows, labels))
            for result in found.results:
                sink.add(found.rows, found.about, (*labels, ("result", result)), 0.0)
        sink.add(found.rows, found.about, (*labels, ("result", part.result)), 1.0)
        for value, up, down in (
            (part.value, found.sum, found.negative_sum),
            (part.divisor, found.divisor, found.negative_divisor),
        ):
            if value is None:
                continue
            if up is not None:
                sink.add(up, found.about, labels, max(value, 0.0))
            if down is not None:
                sink.add(down, found.about, labels, max(-value, 0.0))
        if found.histogram is not None and part.value is not None:
            sink.record(found.histogram, found.about, labels, part.value, found.buckets)

    def _add(self, name: str, labels: Labels, bounded: Labels = ()) -> None:
        if bounded:
            bounded = self._limit.bounded(name, bounded)
        self._sink.add(name, names.ABOUT[name], labels + bounded, 1.0)

    def _of(self, evaluator: Evaluator) -> PolicyMetrics | None:
        """The policy's metrics, prepared when its first decision is counted."""
        digest = evaluator.digest
        found = self._prepared.get(digest, _NOT_PREPARED)
        if found is not _NOT_PREPARED:
            return found
        try:
            prepared = PolicyMetrics(evaluator)
        except Exception:
            _LOG.exception("DM912: the metrics of the policy %s cannot be computed", digest)
            prepared = None
        with self._lock:
            self._prepared[digest] = prepared
            while len(self._prepared) > _POLICIES:
                self._prepared.popitem(last=False)
        return prepared


def guard_counts(guard: Guard, limit: LabelLimit) -> Iterator[tuple[str, Labels, float]]:
    """What the guard itself counts, now: name, labels and value."""
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
