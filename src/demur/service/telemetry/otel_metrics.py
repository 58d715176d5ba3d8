"""Metrics for OpenTelemetry, through its API: for whatever reader the service has configured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from demur.service.check import Check
from demur.service.telemetry import names
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.metrics import Add, DecisionMetrics, guard_counts
from demur.service.telemetry.missing import require
from demur.service.telemetry.policy_metrics import Labels

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

    from demur.service.guard import Guard


class OpenTelemetryMetrics:
    """Counts a guard's decisions. An instrument is named as the Prometheus metric, without its suffix.

    `meter_provider` is the global one unless given. Each label of a metric has at most `values`
    values; `remembered` traces wait for their outcome. Raises ImportError where the API is not
    installed.
    """

    def __init__(
        self,
        meter_provider: MeterProvider | None = None,
        *,
        values: int = 100,
        remembered: int = 10_000,
    ) -> None:
        self._api = require("opentelemetry.metrics")
        provider = meter_provider or self._api.get_meter_provider()
        self._meter = provider.get_meter("demur")
        self._limit = LabelLimit(values)
        self._metrics = DecisionMetrics(self, self._limit, remembered)
        self._instruments: dict[str, Any] = {}
        self._lock = Lock()
        self._guard: Guard | None = None

    def attach(self, guard: Guard) -> None:
        """Exports what the guard counts itself, whenever metrics are read."""
        if self._guard is not None:
            raise ValueError("these metrics are another guard's: each guard has its own")
        self._guard = guard
        self._metrics.begin(guard.deployment.active)
        for name in names.COUNTED_BY_GUARD:
            gauge = name in names.GAUGES
            meter = self._meter
            create = meter.create_observable_gauge if gauge else meter.create_observable_counter
            create(_plain(name), [partial(self._read, name)], _unit(name), names.ABOUT[name])

    def observe(self, check: Check) -> None:
        """Counts a check."""
        self._metrics.observe(check)

    def outcome(self, trace_id: str, outcome: Mapping[str, Any]) -> None:
        """Counts what became of a trace."""
        if self._guard is not None:
            policy = self._guard.deployment.active.policy.name
            self._metrics.outcome(trace_id, outcome, policy)

    def counter(self, name: str, about: str, labels: Labels) -> Add:
        """What adds to a counter's series, which is there from now on."""
        counter = self._instrument(
            name, lambda: self._meter.create_counter(_plain(name), description=about)
        )
        add = partial(counter.add, attributes=dict(labels))
        add(0.0)
        return add

    def histogram(self, name: str, about: str, labels: Labels, buckets: tuple[float, ...]) -> Add:
        """What puts values into a histogram's series."""
        histogram = self._instrument(
            name,
            lambda: self._meter.create_histogram(
                _plain(name),
                _unit(name),
                about,
                explicit_bucket_boundaries_advisory=buckets,
            ),
        )
        return partial(histogram.record, attributes=dict(labels))

    def _instrument(self, name: str, create: Callable[[], Any]) -> Any:
        instrument = self._instruments.get(name)
        if instrument is None:
            with self._lock:
                instrument = self._instruments.get(name) or create()
                self._instruments[name] = instrument
        return instrument

    def _read(self, name: str, options: Any) -> Iterable[Any]:
        guard = self._guard
        if guard is None:
            return []
        return [
            self._api.Observation(value, dict(labels))
            for found, labels, value in guard_counts(guard, self._limit, self._metrics.started)
            if found == name
        ]


def _unit(name: str) -> str:
    """The unit, which exporters to Prometheus append to the name."""
    return "s" if name.endswith("_seconds") else ""


def _plain(name: str) -> str:
    """The name without what exporters to Prometheus append."""
    return name.removesuffix("_total").removesuffix("_seconds")
