"""How each aggregate's value reads from counters, with what is unknown taken as the worst.

The table has for each kind a lowering or a reason why there is none. What holds only nearly says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf

from demur.backends.promql.counters import Counters, Recorder, named


@dataclass(frozen=True, slots=True)
class Lowered:
    """An aggregate over a window, as expressions.

    `value` is the worst for the comparison; `certain` the records that are known to count, `samples`
    those that may. For a rate `bad` of `size` records hold. `nearly` says what is not exact.
    """

    value: str
    certain: str
    samples: str
    bad: str = ""
    size: str = ""
    nearly: str = ""


Lowering = Callable[[Counters, Recorder, bool, float | None], Lowered]
"""From the counters and the recorder of a window; whether high is bad; and the limit if it is constant."""


class Unsupported(Exception):
    """What Prometheus' counters cannot say; the message is why."""


def lower(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    """The aggregate lowered. Raises `Unsupported`."""
    found = AGGREGATES[counters.kind]
    if isinstance(found, str):
        raise Unsupported(found)
    return found(counters, recorder, highest, limit)


def _rate(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    del limit
    sure, maybe = "true|false|unknown", "open_true" if highest else "open_false"
    size = f"{sure}|{maybe}|open_unknown" if counters.has_where else sure
    worst = "true|unknown|open_true|open_unknown" if counters.has_where else "true|unknown"
    side = "high" if highest else "low"
    bad = recorder.increase(
        f"{side}_count", counters, counters.rows, results=worst if highest else "true"
    )
    certain = recorder.increase("certain", counters, counters.rows, results=sure)
    if not counters.has_where:
        return Lowered(f"{bad} / {certain}", certain, certain, bad, certain)
    of = recorder.increase(f"{side}_size", counters, counters.rows, results=size)
    samples = recorder.increase("samples", counters, counters.rows)
    return Lowered(f"{bad} / {of}", certain, samples, bad, of)


def _count(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    del limit
    worst = "true|unknown|open_true|open_unknown" if counters.has_where else "true|unknown"
    results = worst if highest else "true"
    side = "high" if highest else "low"
    value = recorder.increase(f"{side}_count", counters, counters.rows, results=results)
    samples = recorder.increase("samples", counters, counters.rows)
    return Lowered(value, samples, samples)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The parts of an aggregate of numbers; without any known number the total is 0."""

    total: str
    known: str
    unknown: str
    certain: str
    samples: str


def _numbers(counters: Counters, recorder: Recorder) -> _Numbers:
    rows = counters.rows
    samples = recorder.increase("samples", counters, rows)
    known = recorder.increase("known", counters, rows, results="known")
    unknown = recorder.increase("unknown", counters, rows, results="unknown|open")
    certain = samples
    if counters.has_where:
        certain = recorder.increase("certain", counters, rows, results="known|unknown")
    total = ""
    if counters.sums:
        total = f"({recorder.increase('sum', counters, *counters.sums)} or 0 * {samples})"
    return _Numbers(total, known, unknown, certain, samples)


def _beyond(value: str, unknown: str, highest: bool) -> str:
    """The value where nothing is unknown, and beyond every limit where something is."""
    return f"({value} and {unknown} == 0 or ({unknown} > 0) * {'' if highest else '-'}Inf)"


def _mean(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    del limit
    found, bound = _numbers(counters, recorder), counters.high if highest else counters.low
    if isinf(bound):
        value = _beyond(f"{found.total} / {found.known}", found.unknown, highest)
    else:
        value = f"({found.total} + {bound!r} * {found.unknown}) / {found.samples}"
    return Lowered(value, found.certain, found.samples)


def _sum(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    del limit
    found, bound = _numbers(counters, recorder), counters.high if highest else counters.low
    nearly = ""
    if isinf(bound) or counters.has_where:
        value = _beyond(found.total, found.unknown, highest)
        nearly = "an unknown record counts as beyond the limit" if counters.has_where else ""
    else:
        value = f"({found.total} + {bound!r} * {found.unknown})"
    return Lowered(value, found.certain, found.samples, nearly=nearly)


def _ratio(counters: Counters, recorder: Recorder, highest: bool, limit: float | None) -> Lowered:
    del limit
    found = _numbers(counters, recorder)
    divisor = recorder.increase("divisor", counters, *counters.divisors)
    value = _beyond(f"{found.total} / {divisor}", found.unknown, highest)
    nearly = "an unknown record counts as beyond the limit"
    return Lowered(value, found.certain, found.samples, nearly=nearly)


def _quantile(
    counters: Counters, recorder: Recorder, highest: bool, limit: float | None
) -> Lowered:
    """By how many records are within the limit, which is a bound of the histogram's buckets.

    The value is 1 where the quantile is beyond the limit, and 0 elsewhere, so that any limit between
    tells them apart. Where the limit lies between the two records that the quantile is interpolated
    from, it counts as beyond.
    """
    if limit is None or not highest:
        raise Unsupported(
            "a histogram tells how many values are within a constant upper limit, and no more"
        )
    found = _numbers(counters, recorder)
    part = f"within_{named(limit)}"
    within = f"({recorder.bucket(part, counters, limit)} or 0 * {found.samples})"
    if counters.high <= limit:
        within = f"({within} + {found.unknown})"
    needed = f"{counters.share!r} * ({found.samples} - 1) + 1"
    return Lowered(
        f"({within} < bool {needed})",
        found.certain,
        found.samples,
        nearly="a limit between the two records that the quantile is interpolated from counts as missed",
    )


_FACTS = "counters do not tell the {} over a window"
AGGREGATES: Mapping[str, Lowering | str] = {
    "rate": _rate,
    "count": _count,
    "mean": _mean,
    "sum": _sum,
    "ratio": _ratio,
    "quantile": _quantile,
    "min": _FACTS.format("least value"),
    "max": _FACTS.format("greatest value"),
    "distinct": _FACTS.format("number of different values"),
    "unique_rate": _FACTS.format("number of different values"),
    **dict.fromkeys(
        ("kolmogorov_smirnov", "jensen_shannon", "psi"), _FACTS.format("distribution of values")
    ),
}
"""By the aggregate's kind: its lowering, or why there is none."""
