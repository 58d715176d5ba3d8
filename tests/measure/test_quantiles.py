"""Quantiles by places in the order of the known values are those of all values, the unknown filled in."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from math import inf
from typing import Any

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.measure import quantiles
from demur.measure.summaries import all_parts, interpolated, parts_of_rows
from demur.runtime.aggregates import Aggregate, Range

Triple = tuple[float | None, None, bool | None]
numbers = st.none() | st.floats(-3.0, 9.0, allow_subnormal=False)
triples = st.tuples(numbers, st.none(), st.sampled_from([True, True, False, None]))
slices = st.lists(st.lists(triples, max_size=12), min_size=1, max_size=5)
ranges = st.sampled_from([Range(-3.0, 9.0), Range(-inf, 9.0), Range(-3.0, inf), Range()])


def known_at(rows: Sequence[Triple], shares: Sequence[float]) -> list[float | None] | None:
    """What an engine answers for a slice: nothing where it has no known values."""
    known = [value for value, _, where in rows if where and value is not None]
    return [interpolated(known, share) for share in shares] if known else None


@given(slices, st.floats(0.0, 1.0), ranges)
def test_places_among_the_known_values_give_the_quantiles_of_all(
    some: list[list[Triple]], share: float, range: Range
) -> None:
    aggregate = Aggregate("quantile", value=0, where=1, share=share, range=range)
    sums = [parts_of_rows(aggregate, rows) for rows in some]
    shares = quantiles.shares(aggregate, sums)
    for rows, found in zip(some, sums, strict=True):
        reduced = {"shares": known_at(rows, shares)}
        wanted = all_parts(aggregate, rows)
        for name, value in quantiles.parts(aggregate, found, shares, reduced).items():
            assert value == pytest.approx(wanted[name], rel=1e-12, abs=1e-9)
            del wanted[name]
        assert not wanted.keys() & {"known", "low", "high"}


def test_slices_without_unknown_values_share_one_place() -> None:
    aggregate = Aggregate("quantile", value=0, share=0.95)
    assert quantiles.shares(aggregate, [{"n": 21.0}, {"n": 41.0}, {"n": 101.0}]) == [0.95]
    # 0.95 times the last place, divided by it, is not always 0.95.
    assert quantiles.shares(aggregate, [{"n": float(n)} for n in range(1, 500)]) == [0.95]


def test_a_slice_of_unknown_values_alone_has_the_bounds() -> None:
    aggregate = Aggregate("quantile", value=0, share=0.95, range=Range(0.0, 100.0))
    found = {"n": 0.0, "unknown": 3.0}
    shares = quantiles.shares(aggregate, [found])
    assert quantiles.parts(aggregate, found, shares, {"shares": None}) == {
        "high": 100.0,
        "low": 0.0,
    }


@pytest.mark.parametrize(
    ("engine", "most", "names"),
    [
        ("duckdb", 2, {"shares"}),
        ("duckdb", 1, {"known", "low", "high"}),
        # Which has quantiles, but no lists of them.
        ("snowflake", 2, {"known", "low", "high"}),
    ],
)
def test_where_shares_are_too_many_or_no_lists_the_unknown_values_are_filled_in(
    monkeypatch: pytest.MonkeyPatch, engine: str, most: int, names: set[str]
) -> None:
    monkeypatch.setattr(quantiles, "MAXIMUM_SHARES", most)
    table: Any = ibis.table({"x": "float64"}, name="records")
    aggregate = Aggregate("quantile", value=0, share=0.9)
    connection = import_module(f"ibis.backends.{engine}").Backend()
    found = quantiles.reductions(aggregate, table.x, None, [0.88, 0.9], connection)
    assert found.keys() == names
    assert ibis.to_sql(table.aggregate(**found), dialect=engine)


def test_without_unknown_values_every_engine_is_asked_for_one_quantile() -> None:
    table: Any = ibis.table({"x": "float64"}, name="records")
    aggregate = Aggregate("quantile", value=0, share=0.9, range=Range(0.0, 9.0))
    connection = import_module("ibis.backends.snowflake").Backend()
    shares = quantiles.shares(aggregate, [{"n": 7.0}])
    assert quantiles.reductions(aggregate, table.x, None, shares, connection).keys() == {"known"}
    assert quantiles.parts(aggregate, {"n": 7.0}, shares, {"known": 4.5}) == {"known": 4.5}
    bounds = quantiles.parts(aggregate, {"unknown": 2.0}, shares, {"known": None})
    assert bounds == {"low": 0.0, "high": 9.0}
