"""What is summed up of records for each aggregate, and the aggregate's value from that.

A record whose `where` is false counts nowhere. Of those that count, or may, a value is *known* (both
it and `where` are), or *unknown*. An aggregate then has three values: over the known records, and
the lowest and the highest that the unknown ones allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isnan
from typing import Any

import ibis
import numpy as np
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column
from demur.runtime.aggregates import DRIFTS, Aggregate, Range

OF_SETS = frozenset(("distinct", "unique_rate"))
"""The aggregates of how many different values there are."""
Parts = Mapping[str, float]
"""Sums by name. Those of several groups of records add up; `min` and `max` combine as they say."""


@dataclass(frozen=True, slots=True)
class Value:
    """An aggregate's or metric's value: over known records, and the bounds with unknown ones.

    None where it does not exist: no records, nothing to divide by, nothing that bounds the unknown.
    `samples` are the records that count or may, `unknown` those among them that are not known, and
    `doubtful` those of which it is not known whether they count.
    """

    known: float | None
    low: float | None
    high: float | None
    samples: int
    unknown: int
    doubtful: int = 0

    @property
    def certain(self) -> int:
        """The records that are known to count."""
        return self.samples - self.doubtful


def parts(aggregate: Aggregate, columns: Mapping[int, Column]) -> dict[str, Column]:
    """The reductions over the columns that give the aggregate's parts.

    What can be told by subtraction is not counted: engines find a reduction that several parts name
    only once.
    """
    everything = ibis._.count()
    if aggregate.value is None:
        return {"n": everything}
    value = columns[aggregate.value]
    if aggregate.where is None:
        kept, open_, sure = None, None, everything
    else:
        where = columns[aggregate.where]
        kept, open_ = where.fill_null(False), where.isnull()
        sure = _rows(kept)

    def counted(condition: Column, among: Column | None = None) -> Column:
        return _rows(condition if among is None else condition & among)

    if aggregate.kind in ("rate", "count"):
        true, unknown = counted(value.fill_null(False), kept), counted(value.isnull(), kept)
        found = {"true": true, "false": sure - true - unknown, "unknown": unknown}
        if open_ is not None:
            true, unknown = counted(value.fill_null(False), open_), counted(value.isnull(), open_)
            found["open_true"] = true
            found["open_false"] = _rows(open_) - true - unknown
            found["open_unknown"] = unknown
        return found
    number = value if value.type().is_string() else value.cast(dt.float64)
    if aggregate.kind == "ratio":
        assert aggregate.second is not None
        divisor = columns[aggregate.second].cast(dt.float64)
        both = number.notnull() & divisor.notnull()
        n = counted(both, kept)
        found = {
            "n": n,
            "unknown": sure - n,
            "total": number.sum(where=both if kept is None else both & kept),
            "divisor": divisor.sum(where=both if kept is None else both & kept),
            "all_total": number.sum(where=kept),
            "all_divisor": divisor.sum(where=kept),
            "missing": counted(number.isnull(), kept),
            "divisor_missing": counted(divisor.isnull(), kept),
        }
        return found if open_ is None else {**found, "open": _rows(open_)}
    unknown = counted(value.isnull(), kept)
    found = {"n": sure - unknown, "unknown": unknown}
    if open_ is not None:
        found["open"] = _rows(open_)
    match aggregate.kind:
        case "mean" | "sum":
            found["total"] = number.sum(where=kept)
        case "min":
            found["min"] = number.min(where=kept)
        case "max":
            found["max"] = number.max(where=kept)
        case _:
            pass
    if aggregate.kind == "sum" and open_ is not None:
        found["open_gain"] = number.clip(lower=0.0).sum(where=open_)
        found["open_loss"] = number.clip(upper=0.0).sum(where=open_)
        found["open_unknown"] = counted(value.isnull(), open_)
    return found


def _rows(condition: Column) -> Column:
    """How many rows the condition, which is never NULL, holds for; of none it may be NULL."""
    # Engines add up doubles faster than the wide whole numbers that they add ints up to.
    return condition.cast(dt.int32).cast(dt.float64).sum().cast(dt.int64)


def parts_of_rows(aggregate: Aggregate, rows: Iterable[tuple[Any, Any, Any]]) -> dict[str, float]:
    """The same parts of rows of a value, a second value and a `where`, each None where unknown."""
    triples = list(rows)
    if aggregate.value is None:
        return {"n": len(triples)}
    kept = [(x, s) for x, s, w in triples if w is True]
    open_ = [x for x, _, w in triples if w is None]
    known = [x for x, _ in kept if x is not None]
    found: dict[str, float] = {"unknown": len(kept) - len(known), "open": len(open_)}
    if aggregate.kind in ("rate", "count"):
        return {
            "true": sum(x is True for x in known),
            "false": sum(x is False for x in known),
            "unknown": found["unknown"],
            "open_true": sum(x is True for x in open_),
            "open_false": sum(x is False for x in open_),
            "open_unknown": sum(x is None for x in open_),
        }
    if aggregate.kind == "ratio":
        both = [(x, s) for x, s in kept if x is not None and s is not None]
        return {
            "n": len(both),
            "unknown": len(kept) - len(both),
            "open": len(open_),
            "total": sum(float(x) for x, _ in both),
            "divisor": sum(float(s) for _, s in both),
            "all_total": sum(float(x) for x in known),
            "all_divisor": sum(float(s) for _, s in kept if s is not None),
            "missing": len(kept) - len(known),
            "divisor_missing": sum(s is None for _, s in kept),
        }
    found["n"] = len(known)
    if aggregate.kind in OF_SETS | DRIFTS:
        return found
    numbers = [float(x) for x in known]
    match aggregate.kind:
        case "mean" | "sum":
            found["total"] = sum(numbers)
        case "min" if numbers:
            found["min"] = min(numbers)
        case "max" if numbers:
            found["max"] = max(numbers)
        case _:
            pass
    maybe = [float(x) for x in open_ if x is not None]
    found["open_gain"] = sum(x for x in maybe if x > 0)
    found["open_loss"] = sum(x for x in maybe if x < 0)
    found["open_unknown"] = len(open_) - len(maybe)
    return found


def all_parts(aggregate: Aggregate, triples: Sequence[tuple[Any, Any, Any]]) -> dict[str, float]:
    """As `parts_of_rows`, with what only all values together give: quantiles, distinct values."""
    found = parts_of_rows(aggregate, triples)
    if aggregate.kind in OF_SETS:
        known = {x for x, _, w in triples if w is True and x is not None}
        return {**found, "known": len(known)}
    if aggregate.kind != "quantile":
        return found
    for name, values in _filled(aggregate, triples).items():
        value = interpolated(values, aggregate.share)
        if value is not None:
            found[name] = value
    return found


def _filled(aggregate: Aggregate, triples: Sequence[tuple[Any, Any, Any]]) -> dict[str, Any]:
    """The known numbers, and all with the unknown ones at the lowest and the highest they could be."""
    known = [float(x) for x, _, w in triples if w is True and x is not None]
    unknown = sum(w is not False for _, _, w in triples) - len(known)
    found = {"known": np.array(known)}
    if unknown:
        found["low"] = np.array(known + [aggregate.range.low] * unknown)
        found["high"] = np.array(known + [aggregate.range.high] * unknown)
    return found


def value_of(aggregate: Aggregate, found: Parts) -> Value:
    """The aggregate's value by its parts.

    `known`, `low` and `high` among the parts are those of a quantile or a count of distinct values,
    which are found in other ways.
    """
    get = found.get
    doubtful = int(get("open", 0))
    unknown = int(get("unknown", 0)) + doubtful
    samples = int(get("n", 0)) + unknown
    match aggregate.kind:
        case "rate":
            return _rate(found)
        case "count":
            return _count(aggregate, found)
        case "ratio":
            return replace(_ratio(aggregate, found, samples, unknown), doubtful=doubtful)
        case "mean":
            total, n = get("total", 0.0), get("n", 0)
            low, high = (
                _divided(total + _times(unknown, bound), n + unknown)
                for bound in (aggregate.range.low, aggregate.range.high)
            )
            return Value(_divided(total, n), low, high, samples, unknown, doubtful)
        case "sum":
            total = get("total", 0.0)
            high = _summed(found, aggregate.range.high, get("open_gain", 0.0), 1)
            low = _summed(found, aggregate.range.low, get("open_loss", 0.0), -1)
            return Value(total, total + low, total + high, samples, unknown, doubtful)
        case "min" | "max":
            return replace(_extreme(aggregate, found, samples, unknown), doubtful=doubtful)
        case "distinct":
            count = get("known", 0.0)
            return Value(count, count, count + unknown, samples, unknown)
        case "unique_rate":
            count = get("known", 0.0)
            low, high = (_divided(one, samples) for one in (count, count + unknown))
            return Value(_divided(count, get("n", 0)), low, high, samples, unknown, doubtful)
        case _:
            known = get("known")
            low, high = get("low", known), get("high", known)
            return Value(known, low, high, samples, unknown, doubtful)


def _times(count: float, bound: float) -> float:
    return count * bound if count else 0.0


def _divided(total: float, count: float) -> float | None:
    return total / count if count else None


def _rate(found: Parts) -> Value:
    true, false, unknown = found.get("true", 0), found.get("false", 0), found.get("unknown", 0)
    open_true, open_false = found.get("open_true", 0), found.get("open_false", 0)
    open_unknown = found.get("open_unknown", 0)
    sure = true + false + unknown
    high = _divided(true + unknown + open_true + open_unknown, sure + open_true + open_unknown)
    low = _divided(true, sure + open_false + open_unknown)
    doubtful = open_true + open_false + open_unknown
    known = _divided(true, true + false)
    return Value(
        known,
        low if high is None or low is not None else high,
        high if high is not None else low,
        int(sure + doubtful),
        int(unknown + doubtful),
        int(doubtful),
    )


def worst_rate(found: Parts, highest: bool) -> tuple[int, int]:
    """Of how many records how many hold, when the unknown ones are the worst for the comparison."""
    true, false, unknown = found.get("true", 0), found.get("false", 0), found.get("unknown", 0)
    sure = true + false + unknown
    if highest:
        maybe = found.get("open_true", 0) + found.get("open_unknown", 0)
        return int(true + unknown + maybe), int(sure + maybe)
    maybe = found.get("open_false", 0) + found.get("open_unknown", 0)
    return int(true), int(sure + maybe)


def _count(aggregate: Aggregate, found: Parts) -> Value:
    if aggregate.value is None:
        n = found.get("n", 0)
        return Value(n, n, n, int(n), 0)
    true, unknown = found.get("true", 0), found.get("unknown", 0)
    maybe = found.get("open_true", 0) + found.get("open_unknown", 0)
    doubtful = maybe + found.get("open_false", 0)
    samples = int(true + found.get("false", 0) + unknown + doubtful)
    high = true + unknown + maybe
    return Value(true, true, high, samples, int(unknown + doubtful), int(doubtful))


def _ratio(aggregate: Aggregate, found: Parts, samples: int, unknown: int) -> Value:
    known = _quotient(found.get("total", 0.0), found.get("divisor", 0.0))
    missing, divisor_missing = found.get("missing", 0), found.get("divisor_missing", 0)
    total, divisor = found.get("all_total", 0.0), found.get("all_divisor", 0.0)
    tops = [total + _times(missing, bound) for bound in _ends(aggregate.range)]
    bottoms = [divisor + _times(divisor_missing, bound) for bound in _ends(aggregate.second_range)]
    if not unknown:
        return Value(known, known, known, samples, 0)
    if found.get("open", 0) or min(bottoms) <= 0 <= max(bottoms):
        return Value(known, None, None, samples, unknown)
    found_quotients = [_quotient(top, bottom) for top in tops for bottom in bottoms]
    quotients = [one for one in found_quotients if one is not None]
    if len(quotients) < len(found_quotients):
        return Value(known, None, None, samples, unknown)
    return Value(known, min(quotients), max(quotients), samples, unknown)


def _ends(range: Range) -> tuple[float, float]:
    return range.low, range.high


def _quotient(top: float, bottom: float) -> float | None:
    if not bottom or isnan(top / bottom):
        return None
    return top / bottom


def _summed(found: Parts, bound: float, maybe: float, sign: int) -> float:
    """What unknown values could add to a sum: each of those that count, and of the others what helps."""
    optional = bound if bound * sign > 0 else 0.0
    unknown, open_unknown = found.get("unknown", 0), found.get("open_unknown", 0)
    return _times(unknown, bound) + maybe + _times(open_unknown, optional)


def _extreme(aggregate: Aggregate, found: Parts, samples: int, unknown: int) -> Value:
    known = found.get(aggregate.kind)
    if known is not None and isnan(known):
        known = None
    if not unknown:
        return Value(known, known, known, samples, 0)
    low, high = aggregate.range.low, aggregate.range.high
    if known is None:
        return Value(None, low, high, samples, unknown)
    if aggregate.kind == "min":
        return Value(known, min(known, low), max(known, known), samples, unknown)
    return Value(known, known, max(known, high), samples, unknown)


def interpolated(values: Any, share: float) -> float | None:
    """The quantile of numbers, interpolated linearly; infinite ones included; None of no numbers."""
    ordered = np.sort(np.asarray(values, dtype=float))
    if not len(ordered):
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return between(float(ordered[below]), float(ordered[above]), place - below)


def between(low: float, high: float, part: float) -> float:
    """The number this part of the way from one to the other, either of which may be infinite."""
    if low == high or part == 0.0:
        return low
    if abs(low) == inf:
        return low
    # Not `low + (high - low) * part`, whose difference may overflow.
    return low * (1.0 - part) + high * part
