"""What single records contribute to metrics: for tests that need more than sums, pairs among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from itertools import groupby
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from demur.measure.contributions import Contributions, Numbers
from demur.measure.grouping import sliced
from demur.measure.plan import Decided
from demur.measure.records.relation import IDENTITY, TIME
from demur.measure.slices import NOT_REACHED, Cut, Key, keys_of
from demur.measure.summaries import all_parts
from demur.runtime.aggregates import Aggregate, Metrics

LIMIT = 200_000
"""Records beyond which a sample of them is taken, so that memory stays bounded."""
DRAWN, _NAME = "drawn", "drawn by"
UNTIMED = np.iinfo(np.int64).min
"""Stands for a time that is not known."""


@dataclass(frozen=True)
class Frame:
    """Records of a run: their ids, the metrics' columns as numbers with NaN for unknown, slices.

    `total` is how many records there are; fewer are here where they were sampled. `times` are when
    they were made, in microseconds since the epoch, where that was asked for. A column of text holds
    numbers of its `labels`. Of a sample the slices that are `whole` have all their records here, as
    has any that is not drawn; all others, and all records together, are those that were `drawn`.
    """

    ids: Sequence[str | None]
    columns: Mapping[int, Numbers]
    dimensions: Mapping[int, Sequence[Any]]
    actions: Sequence[str]
    rules: Sequence[str]
    total: int
    times: NDArray[np.int64] | None = None
    labels: Mapping[int, Sequence[str]] = field(default_factory=dict[int, Sequence[str]])
    drawn: NDArray[np.bool_] | None = None
    whole: Mapping[Cut, frozenset[Key]] = field(default_factory=dict[Cut, frozenset[Key]])

    def sampled(self, cut: Cut, keys: Sequence[Key]) -> int | None:
        """How many records were drawn at random; None where these slices are not of a sample."""
        if self.drawn is None or (cut and self.whole.get(cut, frozenset()).issuperset(keys)):
            return None
        return int(self.drawn.sum())

    @property
    def size(self) -> int:
        """How many records are here."""
        return len(self.ids)

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Each named record's row."""
        return {name: at for at, name in enumerate(self.ids) if name is not None}

    @cached_property
    def seeds(self) -> NDArray[np.uint64]:
        """A number for each record that is the same wherever it stands: of its id, or else its values.

        Records without an id that have the same values are told apart by how many of them there are.
        """
        found = np.empty(self.size, dtype=np.uint64)
        seen: Counter[str] = Counter()
        for at, name in enumerate(self.ids):
            text = f"id {name}"
            if name is None:
                text = self._content(at)
                seen[text] += 1
                text = f"{text} {seen[text]}"
            digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            found[at] = int.from_bytes(digest, "little")
        return found

    def _content(self, row: int) -> str:
        columns = (
            (at, column[row] if at not in self.labels else self._label(at, column[row]))
            for at, column in self.columns.items()
        )
        dimensions = [values[row] for values in self.dimensions.values()]
        return repr((*columns, dimensions, self.actions[row], self.rules[row]))

    def _label(self, column: int, number: float) -> str | None:
        return None if number != number else self.labels[column][int(number)]

    def known(self, aggregates: Sequence[Aggregate]) -> NDArray[np.bool_]:
        """Of which records it is known what they contribute to all of the aggregates."""
        found = np.ones(self.size, dtype=bool)
        for one in aggregates:
            read = [at for at in (one.value, one.second) if at is not None]
            unknown = np.any([np.isnan(self.columns[at]) for at in read], axis=0)
            if one.where is not None:
                where = self.columns[one.where]
                unknown = np.isnan(where) | ((where == 1.0) & unknown)
            found &= ~unknown
        return found

    def partners(self, other: Frame) -> NDArray[np.intp]:
        """For each record the row of the other frame that has its id; -1 where none has."""
        if id(other) not in self._partners:
            places = other.by_id
            found = (-1 if one is None else places.get(one, -1) for one in self.ids)
            self._partners[id(other)] = other, np.fromiter(found, dtype=np.intp, count=self.size)
        return self._partners[id(other)][1]

    @cached_property
    def _partners(self) -> dict[int, tuple[Frame, NDArray[np.intp]]]:
        """Those asked for before, and of which frame: every slice asks for the same."""
        return {}

    def part(self, rows: NDArray[np.intp]) -> Frame:
        """These records alone."""
        places: list[int] = rows.tolist()
        return Frame(
            [self.ids[at] for at in places],
            {at: column[rows] for at, column in self.columns.items()},
            {at: [values[row] for row in places] for at, values in self.dimensions.items()},
            [self.actions[at] for at in places],
            [self.rules[at] for at in places],
            len(places),
            None if self.times is None else self.times[rows],
            self.labels,
            None if self.drawn is None else self.drawn[rows],
            self.whole,
        )

    def rows(self, cut: Cut, keys: Sequence[Key]) -> NDArray[np.intp]:
        """The rows of a slice, or of several together, each once."""
        found = self._all_rows(cut, keys)
        if self.drawn is None or self.sampled(cut, keys) is None:
            return found
        return found[self.drawn[found]]

    def _all_rows(self, cut: Cut, keys: Sequence[Key]) -> NDArray[np.intp]:
        if not cut:
            return np.arange(self.size)
        if cut not in self._rows_by_cut:
            self._rows_by_cut[cut] = self._rows_by_slice(cut)
        slices = self._rows_by_cut[cut]
        chosen = [slices[key] for key in keys if key in slices]
        if len(chosen) == 1:
            return chosen[0]
        return np.unique(np.concatenate(chosen)) if chosen else np.array([], dtype=np.intp)

    @cached_property
    def _rows_by_cut(self) -> dict[Cut, Mapping[Key, NDArray[np.intp]]]:
        """The slices asked for before, so that each record is looked at once a cut, not a slice."""
        return {}

    def _rows_by_slice(self, cut: Cut) -> Mapping[Key, NDArray[np.intp]]:
        numbers: dict[tuple[Any, ...], int] = {}
        rows: list[int] = []
        codes: list[int] = []
        for row, values in enumerate(zip(*(self.dimensions[at] for at in cut), strict=True)):
            # A record is in one slice, unless a dimension of it is a list.
            one_slice = not any(isinstance(value, list) or value == NOT_REACHED for value in values)
            for key in (values,) if one_slice else keys_of(values):
                rows.append(row)
                codes.append(numbers.setdefault(key, len(numbers)))
        if not numbers:
            return {}
        coded = np.array(codes, dtype=np.intp)
        ordered = np.array(rows, dtype=np.intp)[np.argsort(coded, kind="stable")]
        ends = np.cumsum(np.bincount(coded, minlength=len(numbers)))
        found: dict[Key, list[NDArray[np.intp]]] = {}
        for values, part in zip(numbers, np.split(ordered, ends[:-1]), strict=True):
            (key,) = keys_of(values)
            found.setdefault(key, []).append(part)
        return {key: np.sort(np.concatenate(parts)) for key, parts in found.items()}

    def parts(self, aggregate: Aggregate, rows: NDArray[np.intp]) -> dict[str, float]:
        """The aggregate's parts over these rows."""

        def column(at: int | None, otherwise: Any) -> list[Any]:
            if at is None:
                return [otherwise] * len(rows)
            return [None if one != one else one for one in self.columns[at][rows].tolist()]

        def truth(values: list[Any]) -> list[Any]:
            return [one if one is None else one == 1.0 for one in values]

        values = column(aggregate.value, None)
        if aggregate.kind in ("rate", "count"):
            values = truth(values)
        where = truth(column(aggregate.where, 1.0))
        second = column(aggregate.second, None)
        return all_parts(aggregate, list(zip(values, second, where, strict=True)))

    def contributions(self, aggregate: Aggregate, highest: bool) -> Contributions:
        """The aggregate's contributions, unknown ones as they make it highest, or lowest."""
        place = aggregate, highest
        if place not in self._contributions:
            self._contributions[place] = self._contributed(aggregate, highest)
        return self._contributions[place]

    @cached_property
    def _contributions(self) -> dict[tuple[Aggregate, bool], Contributions]:
        """Those asked for before: every slice asks for the same."""
        return {}

    def _contributed(self, aggregate: Aggregate, highest: bool) -> Contributions:
        kept = np.ones(self.size, dtype=bool)
        open_ = np.zeros(self.size, dtype=bool)
        if aggregate.where is not None:
            where = self.columns[aggregate.where]
            kept, open_ = where == 1.0, np.isnan(where)
        if aggregate.value is None:
            return Contributions("count", 0.0, np.ones(self.size), kept)
        values = self.columns[aggregate.value].copy()
        unknown = np.isnan(values)
        if aggregate.kind in ("rate", "count"):
            values[unknown] = 1.0 if highest else 0.0
            wanted = 1.0 if highest else 0.0
            return Contributions(aggregate.kind, 0.0, values, kept | (open_ & (values == wanted)))
        low, high = aggregate.range.low, aggregate.range.high
        values[unknown] = high if highest else low
        if aggregate.kind == "sum":
            values[open_] = values[open_].clip(min=0.0) if highest else values[open_].clip(max=0.0)
        else:
            values[open_] = high if highest else low
        second = None
        if aggregate.second is not None:
            second = self.columns[aggregate.second].copy()
            end = aggregate.second_range.low if highest else aggregate.second_range.high
            second[np.isnan(second)] = end
        return Contributions(aggregate.kind, aggregate.share, values, kept | open_, second)


def frame(
    decided: Decided,
    metrics: Metrics,
    dimensions: Sequence[int],
    whole: Mapping[Cut, frozenset[Key]] | None = None,
    also: Sequence[str] = (),
    limit: int = LIMIT,
) -> Frame:
    """The records' contributions; a sample of them, by a hash of their ids, beyond the limit.

    Of a sample these slices stay `whole`, and the records that are `also` named are in it.
    """
    table = decided.table
    total = int(table.count().execute())
    whole = whole if whole is not None and total > limit else {}
    if total > limit:
        table = _sample(decided, -(-total // limit), whole, also)
    numeric = {at: f"x{at}" for at in range(len(metrics.columns)) if not _is_text(table[f"x{at}"])}
    text = [at for at in range(len(metrics.columns)) if table[f"x{at}"].type().is_string()]
    timed = TIME in table.columns
    names = [
        *numeric.values(),
        *(f"x{at}" for at in text),
        *(f"d{at}" for at in dimensions),
        IDENTITY,
        "action",
        "rule",
    ]
    names += [TIME] if timed else []
    names += [DRAWN] if total > limit else []
    # Beyond 2^53 an int is the nearest double. An engine whose rows come through pandas, as Spark's do,
    # makes doubles of ints beside NULL, and cannot make ints of them again.
    ints = [name for name in numeric.values() if table[name].type().is_integer()]
    doubles = {name: table[name].cast("float64") for name in ints}
    found = table.mutate(**doubles).select(names).to_pyarrow()
    columns = {
        at: np.array(
            found[name].cast("float64", safe=False).to_numpy(zero_copy_only=False),
            dtype=float,
            copy=True,
        )
        for at, name in numeric.items()
    }
    coded = {at: found[f"x{at}"].combine_chunks().dictionary_encode() for at in text}
    for at, column in coded.items():
        columns[at] = column.indices.cast("float64").to_numpy(zero_copy_only=False)
    return Frame(
        found[IDENTITY].to_pylist(),
        columns,
        {at: found[f"d{at}"].to_pylist() for at in dimensions},
        found["action"].to_pylist(),
        found["rule"].to_pylist(),
        total,
        found[TIME].fill_null(UNTIMED).to_numpy() if timed else None,
        {at: column.dictionary.to_pylist() for at, column in coded.items()},
        found[DRAWN].to_numpy(zero_copy_only=False).astype(bool) if total > limit else None,
        whole,
    )


def small_slices(
    decided: Decided, cuts: Sequence[Cut], limit: int = LIMIT
) -> Mapping[Cut, frozenset[Key]]:
    """The slices of the cuts that are smallest, which together have no more records than the limit.

    None of records that are not more than it, which are all in the memory.
    """
    if int(decided.table.count().execute()) <= limit:
        return {}
    counted: list[tuple[int, Cut, Key]] = []
    for cut in dict.fromkeys(one for one in cuts if one):
        table, names = sliced(decided, cut)
        sizes = table.group_by(names).aggregate(records=table.count()).to_pyarrow().to_pylist()
        counted += [(row["records"], cut, tuple(row[name] for name in names)) for row in sizes]
    found: dict[Cut, set[Key]] = {}
    room = limit
    for size, group in groupby(sorted(counted), key=lambda one: one[0]):
        same = list(group)
        room -= size * len(same)
        # Of slices of one size all stay whole or none does.
        if room < 0:
            break
        for _, cut, key in same:
            found.setdefault(cut, set()).add(key)
    return {cut: frozenset(keys) for cut, keys in found.items()}


def _sample(
    decided: Decided, every: int, whole: Mapping[Cut, frozenset[Key]], also: Sequence[str]
) -> Any:
    """One record in so many, by a hash of its id, or else of its place, and those of whole slices.

    So of two runs the same cases are drawn. Only where there are records without an id are all of
    them numbered.
    """
    table = decided.table
    name = table[IDENTITY]
    if bool(name.isnull().any().execute()):
        table = table.mutate(place=ibis.row_number().cast("string"))
        name = ibis.coalesce(table[IDENTITY], table.place)
    table = table.mutate(**{_NAME: name})
    table = table.mutate(**{DRAWN: table[_NAME].hash() % every == 0})
    kept = table[DRAWN]
    for cut, keys in whole.items():
        if not keys:
            continue
        parts, names = sliced(replace(decided, table=table), cut)
        wanted = ibis.memtable(
            {one: [key[at] for key in keys] for at, one in enumerate(names)},
            schema=dict.fromkeys(names, "string"),
        )
        kept |= table[_NAME].isin(parts.semi_join(wanted, names)[_NAME])
    if also:
        kept |= table[_NAME].isin(
            ibis.memtable({_NAME: list(also)}, schema={_NAME: "string"})[_NAME]
        )
    return table.filter(kept)


def _is_text(column: Any) -> bool:
    return not (column.type().is_numeric() or column.type().is_boolean())
