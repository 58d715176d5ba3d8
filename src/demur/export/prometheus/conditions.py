"""One condition of an alert as an expression: when it holds, and when it has no records to hold of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from statistics import NormalDist

from demur.backends.promql import binomial
from demur.backends.promql.aggregates import Lowered, Unsupported, lower
from demur.backends.promql.counters import Counters, Recorder, Scraped, Window, named
from demur.measure.slices import crossed
from demur.monitor.alerts import NEGATED, SILENCE_CONFIDENCE, Condition
from demur.monitor.windows import text
from demur.runtime.aggregates import NOT_REACHED, read_metrics
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.names import POLICY_INFO, STARTED, label
from demur.service.telemetry.policy_metrics import Exported, PolicyMetrics

SCRAPE_INTERVAL = 60.0
"""Seconds between scrapes where nothing else is said: Prometheus' own default."""
SCRAPES = 4
"""A window has room for so many, so that one that fails does not empty it: an increase needs two."""
_SCRAPED = Scraped(POLICY_INFO, STARTED)
_OUTCOME = "a service counts an outcome when it becomes known, `demur monitor` when it was decided"


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition over its window, by slice.

    `expression` gives the slices in which it holds, `silent` those without records that should have
    some; `heard` those with any, now or in the baseline, and `unanswered` those whose baseline has none.
    `certain` is the records that count. `records` are what is to be recorded first.
    """

    expression: str
    silent: str
    heard: str
    certain: str
    unanswered: str
    records: dict[str, str]
    nearly: tuple[str, ...]


@dataclass(frozen=True)
class Exporter:
    """A policy, with what its service counts; `scrape_interval` is seconds between two looks at that."""

    evaluator: Evaluator
    scrape_interval: float = SCRAPE_INTERVAL

    @cached_property
    def exported(self) -> dict[str, list[Exported]]:
        """What is counted, by the metric."""
        found: dict[str, list[Exported]] = {}
        for one in PolicyMetrics(self.evaluator).exported:
            found.setdefault(one.metric, []).append(one)
        return found

    def counters(self, metric: str, by: Sequence[str]) -> Counters:
        """The counters of a metric's one aggregate. Raises `Unsupported`."""
        found = self.exported.get(metric, [])
        if not found:
            raise Unsupported("counters do not tell the metric's value over a window")
        (one, *more) = found
        if more or not _is_plain(self.evaluator, metric):
            raise Unsupported(
                "the metric combines several aggregates, of which the worst case is not theirs"
            )
        missing = [name for entry in by for name in crossed(entry) if name not in one.dimensions]
        if missing:
            raise Unsupported(f"`{missing[0]}` is no label: it is personal, or has many values")
        series, aggregate = one.series, one.aggregate
        sums = (series.sum, series.negative_sum)
        divisors = (series.divisor, series.negative_divisor)
        return Counters(
            series.kind,
            self.evaluator.name,
            series.rows,
            tuple(name for name in sums if name),
            tuple(name for name in divisors if name),
            series.histogram,
            aggregate.range.low,
            aggregate.range.high,
            aggregate.share,
            aggregate.where is not None,
            self._late,
            NOT_REACHED,
        )

    @property
    def _late(self) -> frozenset[str]:
        """The labels of signals of later stages than the first."""
        stages = list(self.evaluator.policy.stages)[1:]
        signals = self.evaluator.policy.stages
        return frozenset(label(f"{stage}.{name}") for stage in stages for name in signals[stage])

    def holds(self, condition: Condition, cut: str | None) -> Holds:
        """The condition over all records, or over each slice of one entry of `by`."""
        threshold = condition.threshold
        counters = self.counters(threshold.metric, threshold.by)
        labels = ("policy", *(label(name) for name in (crossed(cut) if cut else ())))
        now = Recorder(_window(condition.window), labels, _SCRAPED)
        slope, constant = self._limit(condition)
        limit = None if threshold.uses_baseline else constant
        value = lower(counters, now, threshold.is_upper, limit)
        operator = NEGATED[threshold.operator]
        nearly = [value.nearly] if value.nearly else []
        if any(one.needs_outcome for one in self.exported[threshold.metric]):
            nearly.append(_OUTCOME)
        silent = f"{value.samples} == 0"
        heard = f"{value.samples} > 0"
        if counters.has_where:
            silent = f"{value.certain} == 0"
        is_enough = f"{value.certain} >= {threshold.min_samples}"
        records, unanswered = dict(now.records), ""
        if condition.against is not None:
            then = Recorder(_window(condition.against, condition.window), labels, _SCRAPED)
            # The baseline's unknown records count as makes the limit strictest.
            highest = (slope > 0) != threshold.is_upper
            before = lower(counters, then, highest, None)
            records |= then.records
            bound = f"({constant!r} + {slope!r} * ({before.value}))"
            is_enough += f" and {before.samples} >= {threshold.min_samples}"
            expected = f"{before.samples} * {condition.window / condition.against!r}"
            chance = 1 - (threshold.confidence or SILENCE_CONFIDENCE)
            if cut:
                # A slice is silent where chance does not explain it, by Poisson's distribution.
                silent = f"{silent} and exp(-{expected}) < {chance!r}"
            heard = f"{heard} or {before.samples} > 0"
            unanswered = f"{value.certain} > 0 unless {before.certain} > 0"
        else:
            bound = "0.5" if counters.kind == "quantile" else f"{constant!r}"
            if cut:
                silent = f"{silent} and {value.samples} > 0" if counters.has_where else ""
        expression = f"{value.value} {operator} {bound} and {is_enough}"
        if threshold.confidence is not None and counters.kind not in ("count", "sum"):
            tested = self._tested(condition, counters, value, now)
            expression = f"{tested} and {expression}"
            records |= now.records
            nearly.append(binomial.NEARLY)
            if cut:
                nearly.append(binomial.NEARLY_SLICES)
        if condition.min_bad:
            expression += f" and round({value.bad}) >= {condition.min_bad}"
        return Holds(expression, silent, heard, value.certain, unanswered, records, tuple(nearly))

    def _limit(self, condition: Condition) -> tuple[float, float]:
        """The limit as slope and constant of the baseline's value. Raises `Unsupported`."""
        limit_at = condition.threshold.limit_by(self.evaluator)
        found = [limit_at(at) for at in (0.0, 1.0, 2.0, 1000.0)]
        constant, at_one, *_ = found
        if constant is None or at_one is None:
            raise Unsupported("the limit has no value for every baseline")
        slope = at_one - constant
        for at, one in zip((2.0, 1000.0), found[2:], strict=True):
            if one is None or not isclose(one, constant + slope * at, rel_tol=1e-9, abs_tol=1e-12):
                raise Unsupported("the limit is no multiple of the baseline, nor a sum with it")
        return float(f"{slope:.12g}"), constant

    def _tested(
        self, condition: Condition, counters: Counters, value: Lowered, now: Recorder
    ) -> str:
        """The test of a rate against a constant limit, at the alert's confidence."""
        threshold = condition.threshold
        assert threshold.confidence is not None
        if counters.kind != "rate" or threshold.uses_baseline:
            raise Unsupported(
                f"with a `confidence`, the evidence on a {counters.kind}"
                + (" against a baseline" if threshold.uses_baseline else "")
                + " needs single records"
            )
        _, limit = self._limit(condition)
        if not 0 < limit < 1:
            raise Unsupported("with a `confidence`, the limit of a rate is between 0 and 1")
        share = 1 - threshold.confidence
        holding, side = value.bad, "high" if threshold.is_upper else "low"
        if not threshold.is_upper:
            holding = now.record("good", counters, f"{value.size} - {value.bad}")
            limit = 1 - limit
        found = now.record(
            f"{side}_deviate_from_{named(limit)}",
            counters,
            binomial.deviate(holding, value.size, limit),
        )
        if not threshold.by:
            return f"{found} > {NormalDist().inv_cdf(threshold.confidence):.9g}"
        if share > binomial.LARGEST_TAIL:
            raise Unsupported("with slices, the confidence must be at least 0.925")
        return f"{found} > on (policy) group_left () {self._shared(condition, counters, now)}"

    def _shared(self, condition: Condition, counters: Counters, now: Recorder) -> str:
        """The deviate that each slice must exceed: all slices of the alert share the error rate."""
        threshold = condition.threshold
        assert threshold.confidence is not None
        tests: list[str] = []
        for cut in threshold.by:
            labels = ("policy", *map(label, crossed(cut)))
            recorder = Recorder(now.window, labels, _SCRAPED)
            one = lower(counters, recorder, threshold.is_upper, None)
            now.records.update(recorder.records)
            tests.append(f"count by (policy) ({one.certain} >= {threshold.min_samples})")
        own = Recorder(now.window, ("policy",), _SCRAPED, now.records)
        # Alerts with the same slices and settings share what is recorded.
        by = "_and_".join("_by_".join(map(label, crossed(cut))) for cut in threshold.by)
        name = f"{by}_{threshold.min_samples}_{named(threshold.confidence)}"
        count = own.record(
            f"slices_{name}", counters, tests[0] if len(tests) == 1 else " + ".join(tests)
        )
        root = own.record(f"root_{name}", counters, binomial.root(1 - threshold.confidence, count))
        return own.record(f"needed_{name}", counters, binomial.quantile(root))


def _window(length: float, offset: float = 0.0) -> Window:
    """A window of so many seconds that ended so many ago."""
    age = length + offset
    return Window(text(length), text(age), age, text(offset) if offset else "")


def _is_plain(evaluator: Evaluator, metric: str) -> bool:
    return read_metrics(evaluator, [metric]).metrics[metric].is_plain
