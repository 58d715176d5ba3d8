"""Metrics for Prometheus, through its client library."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from demur.service.check import Check
from demur.service.telemetry import names
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.metrics import Add, DecisionMetrics, guard_counts
from demur.service.telemetry.missing import require
from demur.service.telemetry.policy_metrics import Labels

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

    from demur.service.guard import Guard


class PrometheusMetrics:
    """Counts a guard's decisions, for whatever serves the registry's metrics.

    `registry` is prometheus_client's default one unless given. Each label of a metric has at most
    `values` values; `remembered` traces wait for their outcome. The counts are this process's own:
    several workers are several targets to scrape. Raises ImportError where prometheus_client is not
    installed.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        values: int = 100,
        remembered: int = 10_000,
    ) -> None:
        self._client = require("prometheus_client.core")
        self._limit = LabelLimit(values)
        self._store = Store()
        self._metrics = DecisionMetrics(self._store, self._limit, remembered)
        self._guards: list[Guard] = []
        self._registry: CollectorRegistry = (
            require("prometheus_client").REGISTRY if registry is None else registry
        )
        self._registry.register(self)

    def attach(self, guard: Guard) -> None:
        """Exports what the guard counts itself. One guard has one of these of its own."""
        self._guards.append(guard)
        self._metrics.begin(guard.deployment.active)

    def observe(self, check: Check) -> None:
        """Counts a check."""
        self._metrics.observe(check)

    def outcome(self, trace_id: str, outcome: Mapping[str, Any]) -> None:
        """Counts what became of a trace."""
        for guard in self._guards:
            self._metrics.outcome(trace_id, outcome, guard.deployment.active.policy.name)

    def close(self) -> None:
        """Takes the metrics out of the registry."""
        self._registry.unregister(self)

    def describe(self) -> list[Any]:
        """None in advance: which metrics there are depends on the policy, which may change."""
        return []

    def collect(self) -> Iterator[Any]:
        """All metrics as they stand, as prometheus_client asks for them."""
        families: dict[str, Any] = {}

        def family(name: str, kind: str, about: str) -> Any:
            if name not in families:
                short = name.removesuffix("_total")
                families[name] = self._client.Metric(short, about, kind)
            return families[name]

        for name, about, labels, value in self._store.counters():
            family(name, "counter", about).add_sample(name, dict(labels), value)
        for guard in self._guards:
            for name, labels, value in guard_counts(guard, self._limit, self._metrics.started):
                kind = "gauge" if name in names.GAUGES else "counter"
                family(name, kind, names.ABOUT[name]).add_sample(name, dict(labels), value)
        for name, about, labels, histogram in self._store.histograms():
            _add_histogram(family(name, "histogram", about), name, labels, histogram)
        yield from families.values()


class Counter:
    """A sum that only grows. Safe among threads."""

    __slots__ = ("_lock", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self._lock = Lock()

    def add(self, amount: float) -> None:
        """Adds the amount."""
        with self._lock:
            self.value += amount


class Histogram:
    """Counts of values by bucket, the last of them unbounded, and their sum. Safe among threads."""

    __slots__ = ("_lock", "bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._lock = Lock()

    def record(self, value: float) -> None:
        """Puts the value into its bucket."""
        at = bisect_left(self.bounds, value)
        with self._lock:
            self.counts[at] += 1
            self.sum += value

    def copy(self) -> Histogram:
        """As it stands now."""
        copy = Histogram(self.bounds)
        with self._lock:
            copy.counts, copy.sum = self.counts.copy(), self.sum
        return copy


class Store:
    """Counters and histograms in memory. Safe among threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._about: dict[str, str] = {}
        self._counters: dict[tuple[str, Labels], Counter] = {}
        self._histograms: dict[tuple[str, Labels], Histogram] = {}

    def counter(self, name: str, about: str, labels: Labels) -> Add:
        """What adds to a counter, which is there from now on and begins at 0."""
        with self._lock:
            self._about[name] = about
            return self._counters.setdefault((name, labels), Counter()).add

    def histogram(self, name: str, about: str, labels: Labels, buckets: tuple[float, ...]) -> Add:
        """What puts values into a histogram. Where a reload changes the buckets, it begins anew."""
        key = (name, labels)
        with self._lock:
            self._about[name] = about
            histogram = self._histograms.get(key)
            if histogram is None or histogram.bounds != buckets:
                histogram = self._histograms[key] = Histogram(buckets)
            return histogram.record

    def counters(self) -> list[tuple[str, str, Labels, float]]:
        """Each counter's name, what it is, its labels, and its value."""
        with self._lock:
            return [
                (name, self._about[name], labels, counter.value)
                for (name, labels), counter in self._counters.items()
            ]

    def histograms(self) -> list[tuple[str, str, Labels, Histogram]]:
        """Likewise each histogram, copied."""
        with self._lock:
            return [
                (name, self._about[name], labels, histogram.copy())
                for (name, labels), histogram in self._histograms.items()
            ]


def _add_histogram(family: Any, name: str, labels: Labels, histogram: Histogram) -> None:
    total = 0
    bounds = [*map(_bound, histogram.bounds), "+Inf"]
    for bound, count in zip(bounds, histogram.counts, strict=True):
        total += count
        family.add_sample(f"{name}_bucket", {**dict(labels), "le": bound}, total)
    family.add_sample(f"{name}_count", dict(labels), total)
    # OpenMetrics allows no sum where values may be negative: it would not only increase.
    if not histogram.bounds or histogram.bounds[0] >= 0:
        family.add_sample(f"{name}_sum", dict(labels), histogram.sum)


def _bound(value: float) -> str:
    return repr(float(value))
