"""A journal as records: of each request the final decision, with what other lines tell of its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

import ibis

from demur.backends.ibis.functions import mapped
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.interop.sources import files
from demur.measure.records.connecting import table_names
from demur.measure.records.relation import IDENTITY, PRESENT, TIME, Relation, Wanted
from demur.policy import Shape
from demur.service.journal.withheld import NOTES, noted_paths

OWN: Mapping[str, Shape] = {
    "final": Shape("bool"),
    "kind": Shape("string"),
    "stage": Shape("string"),
    "incomplete": Shape("bool"),
    **{name: Shape("list", of=Shape("string")) for name in NOTES},
}
"""What a journal's line says of itself, in its part `demur`."""
LINES: Mapping[str, Shape] = {f"demur.{name}": shape for name, shape in OWN.items()}
"""What a journal says of its own lines; a table that has no such columns is all final records."""
_OUTCOME = "outcome."
_MARK = "journal"
"""The field of a line's `demur` that every line of a journal has."""


def is_journal(connection: Any, sources: Sequence[str]) -> bool:
    """Whether a file among the sources begins with a journal's line, or a table has its columns."""
    try:
        found = files(sources)
    except UnreadableRecords:
        return any(_has_lines(connection, name) for name in sources)
    for path in found:
        try:
            first = next((one for one in read_records(path) if isinstance(one, Record)), None)
        except (OSError, UnreadableRecords):
            # Whoever reads all of it says what is wrong.
            continue
        own = None if first is None else first.value.get("demur")
        if isinstance(own, dict) and _MARK in own:
            return True
    return False


def _has_lines(connection: Any, name: str) -> bool:
    try:
        # Asked for a table that there is not, DuckDB opens the file of that name.
        if name not in table_names(connection):
            return False
        form = connection.table(name).schema()
    except Exception:
        return False
    own = form.get("demur")
    return f"demur.{_MARK}" in form or (own is not None and own.is_struct() and _MARK in own.names)


def with_lines(wanted: Wanted) -> Wanted:
    """What must be read of a journal beside what is wanted of its records."""
    told = {path for path in wanted.shapes if path.startswith(_OUTCOME)}
    return replace(wanted, shapes={**wanted.shapes, **LINES}, asked=wanted.asked | told, timed=True)


def finals(relation: Relation, wanted: Wanted) -> Relation:
    """The final records, with outcomes that other lines tell of them; both read `with_lines`."""
    table = _withheld(relation.table, wanted, relation.texts, relation.connection.name)
    return replace(relation, table=_finals(table, wanted))


def is_final(table: Any) -> Any:
    """Whether a line is the final decision of its request."""
    return table["demur.kind"].isnull() & table["demur.final"].fill_null(True)


def is_outcome(table: Any) -> Any:
    """Whether a line says what became of a request."""
    # Text that the engine cannot hold as it is, is there as JSON.
    return table["demur.kind"].isin(["outcome", '"outcome"'])


def _withheld(table: Any, wanted: Wanted, texts: frozenset[str], engine: str) -> Any:
    """The lines with what they note as masked or inexact unknown; within JSON text Python does that."""
    columns: dict[str, Any] = {}
    for path, shape in wanted.shapes.items():
        if path in LINES:
            continue
        noted = _notes(table, [path] if shape.has_personal else [*noted_paths(shape, path)])
        value = table[path]
        if path not in texts and shape.has_personal:
            value = _without_personal(table, value, shape, path, engine)
        columns[path] = ibis.cases((noted, ibis.null(value.type())), else_=value)
        if path + PRESENT in table.columns:
            columns[path + PRESENT] = noted | table[path + PRESENT]
    return table.mutate(**columns)


def _notes(table: Any, paths: Sequence[str]) -> Any:
    """Whether a line notes one of the paths."""
    lists = [table[f"demur.{name}"] for name in NOTES]
    return reduce(or_, [one.contains(path).fill_null(False) for one in lists for path in paths])


def _without_personal(table: Any, value: Any, shape: Shape, path: str, engine: str) -> Any:
    """A value that may be known but for what is masked within it."""
    made = value
    if shape.type == "object":
        fields = (shape.fields or {}).items()
        parts = {
            name: _hidden(table, value[name], one, f"{path}.{name}", engine) for name, one in fields
        }
        made = ibis.cases((value.notnull(), ibis.struct(parts)), else_=ibis.null(value.type()))
    elif shape.type == "list" and shape.of is not None:
        inner = shape.of
        made = mapped(
            value, lambda element: _hidden(table, element, inner, f"{path}[]", engine), engine
        )
    return made.cast(value.type())


def _hidden(table: Any, value: Any, shape: Shape, path: str, engine: str) -> Any:
    if not shape.has_personal:
        return value
    inner = _without_personal(table, value, shape, path, engine)
    return ibis.cases((_notes(table, [path]), ibis.null(value.type())), else_=inner)


def _finals(table: Any, wanted: Wanted) -> Any:
    ended = table.filter(is_final(table))
    outcomes = [path for path in wanted.shapes if path.startswith(_OUTCOME)]
    if not outcomes:
        return ended
    told = table.filter(is_outcome(table) & table[IDENTITY].notnull())
    # Of what several lines tell, the last by its time counts, also where it is malformed.
    reductions: dict[str, Any] = {}
    for path in outcomes:
        value, there = told[path], told[path + PRESENT]
        reductions[f"told {path}"] = value.argmax(told[TIME], where=value.notnull())
        reductions[f"at {path}"] = told[TIME].max(where=value.notnull())
        reductions[f"malformed {path}"] = told[TIME].max(where=there & value.isnull())
    last = told.group_by(IDENTITY).aggregate(**reductions)
    last = last.rename({"told": IDENTITY})
    joined = ended.left_join(last, ended[IDENTITY] == last["told"])
    columns: dict[str, Any] = {}
    for path in outcomes:
        value, at, malformed = (joined[f"{one} {path}"] for one in ("told", "at", "malformed"))
        is_told = at.notnull() | malformed.notnull()
        is_known = at.notnull() & (malformed.isnull() | (malformed < at)).fill_null(False)
        columns[path] = ibis.cases(
            (is_known, value),
            (is_told, ibis.null(joined[path].type())),
            else_=joined[path],
        )
        columns[path + PRESENT] = is_told | joined[path + PRESENT]
    return joined.mutate(**columns).select(*table.columns)
