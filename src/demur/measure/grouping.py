"""Aggregates over slices, by queries: sums that add up in one, quantiles and distinct values apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis

from demur.backends.ibis.functions import Column
from demur.measure import quantiles
from demur.measure.plan import Decided
from demur.measure.slices import EMPTY, NOT_REACHED, UNKNOWN, Cut, Key
from demur.measure.summaries import OF_SETS, Parts, parts
from demur.runtime.aggregates import Aggregate, Metrics

Summaries = Mapping[Cut, Mapping[Key, Mapping[int, Parts]]]
"""Each aggregate's parts, by cut, slice and the aggregate's number."""


def summarise(decided: Decided, metrics: Metrics, cuts: Iterable[Cut]) -> Summaries:
    """The parts of every aggregate over all records and over every slice of the cuts."""
    wanted = list(dict.fromkeys([(), *cuts]))
    plain = [cut for cut in wanted if not decided.lists & set(cut)]
    found: dict[Cut, dict[Key, dict[int, dict[str, float]]]] = {cut: {} for cut in wanted}
    together = tuple(sorted({at for cut in plain for at in cut}))
    for key, row in _grouped(decided, metrics, together):
        values = dict(zip(together, key, strict=True))
        for cut in plain:
            slice = tuple(values[at] for at in cut)
            if NOT_REACHED not in slice:
                _add(found[cut].setdefault(slice, {}), row)
    for cut in wanted:
        if cut not in plain:
            for key, row in _grouped(decided, metrics, cut):
                if NOT_REACHED in key:
                    continue
                _add(found[cut].setdefault(key, {}), row)
    found[()].setdefault((), {})
    _whole_sets(decided, metrics, found)
    return found


def sliced(decided: Decided, cut: Cut) -> tuple[Any, list[str]]:
    """The table with a row for each record and slice of the cut, and the slices' columns."""
    table = decided.table
    names = [f"s{at}" for at in cut]
    for at, name in zip(cut, names, strict=True):
        column = table[f"d{at}"]
        if at in decided.lists:
            members: Column = ibis.cases(
                (column.isnull(), ibis.array([ibis.literal(UNKNOWN)])),
                (column.length() == 0, ibis.array([ibis.literal(EMPTY)])),
                else_=column.unique(),
            )
            table = table.mutate(**{name: members.unnest()})
        else:
            table = table.mutate(**{name: column.fill_null(UNKNOWN)})
    return table, names


def pooled(
    decided: Decided, metrics: Metrics, cut: Cut, keys: Sequence[Key]
) -> Mapping[int, Parts]:
    """The parts over several slices together, each record once."""
    row = "pooled row"
    table, names = sliced(
        replace(decided, table=decided.table.mutate(**{row: ibis.row_number()})), cut
    )
    wanted = ibis.memtable(
        {name: [key[at] for key in keys] for at, name in enumerate(names)},
        schema=dict.fromkeys(names, "string"),
    )
    table = table.semi_join(wanted, names)
    if decided.lists & set(cut):
        table = table.distinct(on=row, keep="first")
    return summarise(replace(decided, table=table.drop(row, *names)), metrics, ())[()][()]


def _grouped(
    decided: Decided, metrics: Metrics, cut: Cut
) -> Iterable[tuple[Key, dict[int, dict[str, float]]]]:
    """Each slice of the cut with the parts that add up."""
    table, names = sliced(decided, cut)
    columns = {at: table[f"x{at}"] for at in range(len(metrics.columns))}
    reductions: dict[str, Column] = {}
    for at, aggregate in enumerate(metrics.aggregates):
        for name, part in parts(aggregate, columns).items():
            reductions[f"{at} {name}"] = part
    reductions = {name: _bound(one, table) for name, one in reductions.items()}
    if not reductions:
        return
    query = (
        table.group_by(names).aggregate(**reductions) if names else table.aggregate(**reductions)
    )
    for row in query.to_pyarrow().to_pylist():
        found: dict[int, dict[str, float]] = {}
        for name in reductions:
            at, _, part = name.partition(" ")
            value = row[name]
            if value is not None:
                found.setdefault(int(at), {})[part] = value
        yield tuple(row[name] for name in names), found


def _bound(reduction: Any, table: Any) -> Any:
    """`_.count()` as the table's own."""
    return reduction.resolve(table) if hasattr(reduction, "resolve") else reduction


_COMBINE = {"min": min, "max": max}


def _add(into: dict[int, dict[str, float]], row: Mapping[int, Parts]) -> None:
    for at, found in row.items():
        held = into.setdefault(at, {})
        for name, value in found.items():
            combine = _COMBINE.get(name)
            if name not in held:
                held[name] = value
            else:
                held[name] = combine(held[name], value) if combine else held[name] + value


def _whole_sets(
    decided: Decided,
    metrics: Metrics,
    found: dict[Cut, dict[Key, dict[int, dict[str, float]]]],
) -> None:
    """Adds what needs all values of a slice at once: quantiles and counts of distinct values."""
    kinds = {"quantile", *OF_SETS}
    chosen = {at: one for at, one in enumerate(metrics.aggregates) if one.kind in kinds}
    if not chosen:
        return
    for cut, slices in found.items():
        table, names = sliced(decided, cut)
        shares = {
            at: quantiles.shares(one, [each.get(at, {}) for each in slices.values()])
            for at, one in chosen.items()
            if one.kind == "quantile"
        }
        reductions = {
            at: _of_sets(decided, one, table, shares.get(at, ())) for at, one in chosen.items()
        }
        columns = {f"{at} {name}": one for at in chosen for name, one in reductions[at].items()}
        query = table.group_by(names).aggregate(**columns) if names else table.aggregate(**columns)
        for row in query.to_pyarrow().to_pylist():
            key = tuple(row[name] for name in names)
            if NOT_REACHED in key:
                continue
            slice = slices.setdefault(key, {})
            for at, one in chosen.items():
                parts = slice.setdefault(at, {})
                reduced = {name: row[f"{at} {name}"] for name in reductions[at]}
                if one.kind == "quantile":
                    reduced = quantiles.parts(one, parts, shares[at], reduced)
                parts |= reduced


def _of_sets(
    decided: Decided, aggregate: Aggregate, table: Any, shares: Sequence[float]
) -> dict[str, Column]:
    """What the known values of a slice come to: how many different ones, or those at the shares."""
    assert aggregate.value is not None
    value = table[f"x{aggregate.value}"]
    where = None if aggregate.where is None else table[f"x{aggregate.where}"]
    if aggregate.kind == "quantile":
        return quantiles.reductions(aggregate, value, where, shares, decided.relation.connection)
    return {"known": value.nunique(where=None if where is None else where.fill_null(False))}


def keys(summaries: Summaries) -> Sequence[tuple[Cut, Key]]:
    """Every slice."""
    return [(cut, key) for cut, found in summaries.items() for key in found]
