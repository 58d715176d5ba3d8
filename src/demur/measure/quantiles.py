"""Quantiles of slices: over the known values, and with the unknown ones at their lowest or highest.

An unknown value at its lowest comes before all known ones, and at its highest after them. So either
quantile is the known value at another place, and the engine need order the known values only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, isnan
from typing import Any

import ibis
from ibis.expr import datatypes as dt
from ibis.expr.operations import MultiQuantile

from demur.backends.ibis.functions import Column
from demur.measure.summaries import Parts, between
from demur.runtime.aggregates import Aggregate

MAXIMUM_SHARES = 200
"""Quantiles of the known values that an engine is asked for at once, those of every slice."""
_SHARES = "shares"
_BOUNDS = {"low": -inf, "high": inf}
"""The quantiles that unknown values allow, and what they are where infinities interpolate to NaN."""


def shares(aggregate: Aggregate, slices: Iterable[Parts]) -> list[float]:
    """At which shares of the known values the slices' quantiles are found, their own among them."""
    found = {
        share
        for each in slices
        for place in _ends(aggregate.share, each).values()
        for share in _shares(place, int(each.get("n", 0)))
    }
    return sorted({aggregate.share, *found})


def reductions(
    aggregate: Aggregate,
    value: Column,
    where: Column | None,
    shares: Sequence[float],
    connection: Any,
) -> dict[str, Column]:
    """The known values at the shares, as one list.

    Every slice is asked for the shares of all. Where these are too many, or an engine has no lists
    of quantiles, it is given the unknown values as what they could be, and finds each of the three.
    """
    number = value.cast(dt.float64)
    kept = None if where is None else where.fill_null(False)
    if len(shares) <= MAXIMUM_SHARES and connection.has_operation(MultiQuantile):
        return {_SHARES: number.quantile(shares, where=kept)}
    found = {"known": number.quantile(aggregate.share, where=kept)}
    if len(shares) == 1:
        # No unknown value moves a quantile to another known one.
        return found
    maybe = None if where is None else where.fill_null(True)
    for name, bound in (("low", aggregate.range.low), ("high", aggregate.range.high)):
        end = ibis.literal(bound, dt.float64)
        filled: Column = ibis.coalesce(number, end)
        if where is not None:
            filled = ibis.cases((where.isnull(), end), else_=filled)
        found[name] = filled.quantile(aggregate.share, where=maybe)
    return found


def parts(
    aggregate: Aggregate, found: Parts, shares: Sequence[float], reduced: Mapping[str, Any]
) -> dict[str, float]:
    """A slice's quantile, and its lowest and highest, by what the reductions came to."""
    values: Mapping[str, float | None] = reduced
    if "low" not in reduced:
        at_shares = reduced[_SHARES] if _SHARES in reduced else [reduced["known"]]
        values = _by_places(aggregate, found, dict(zip(shares, at_shares or (), strict=False)))
    return {
        name: _BOUNDS.get(name, one) if isnan(one) else one
        for name, one in values.items()
        if one is not None
    }


def _by_places(
    aggregate: Aggregate, found: Parts, known: Mapping[float, float]
) -> dict[str, float | None]:
    n = int(found.get("n", 0))
    low, high = aggregate.range.low, aggregate.range.high

    def at(place: float) -> float:
        next_to = [known[share] for share in _shares(place, n)]
        if place < 0:
            return between(low, next_to[0], 1 + place) if next_to else low
        if place > n - 1:
            return between(next_to[0], high, place - (n - 1)) if next_to else high
        return next_to[0]

    ends = {name: at(place) for name, place in _ends(aggregate.share, found).items()}
    return {"known": known.get(aggregate.share), **ends}


def _ends(share: float, found: Parts) -> dict[str, float]:
    """Where in the order of a slice's known values, from 0, the quantiles are that unknown ones allow.

    What is not within that order is at a bound.
    """
    n = int(found.get("n", 0))
    unknown = int(found.get("unknown", 0) + found.get("open", 0))
    high = share * (n + unknown - 1)
    return {"low": high - unknown, "high": high} if unknown else {}


def _shares(place: float, n: int) -> Iterator[float]:
    """The share of the known values at this place, or at the end of their order that is next to it."""
    if n and -1 < place < n:
        yield min(max(place / (n - 1), 0.0), 1.0) if n > 1 else 0.0
