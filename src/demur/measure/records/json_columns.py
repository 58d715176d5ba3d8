"""JSONL through DuckDB's own reader: each value stays JSON until its type was looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable

import sqlglot.expressions as sql

from demur.backends.python.reading import EXACT
from demur.measure.records.relation import (
    IDENTITY,
    PRESENT,
    TIME,
    TIME_FORM,
    Wanted,
    has_column_type,
)
from demur.policy import Shape

_SQL_TYPES = {"bool": "BOOLEAN", "int": "BIGINT", "double": "DOUBLE", "string": "VARCHAR"}


def select(files: Iterable[str], wanted: Wanted, *, nested: bool) -> tuple[str, frozenset[str]]:
    """The query that reads the files of these names, and the columns of it that hold JSON text.

    It fails on what is not one JSON object a line with an object a stage, which a slower reader
    then tells apart: lines that are wrong, and values that are merely unknown. With `nested` the
    lists and objects within are read at once, which is faster, and it fails where one is none.
    """
    stages: dict[str, dict[str, str]] = {}
    columns: list[str] = [f"{_identity()} AS {_name(IDENTITY)}"]
    if wanted.timed:
        columns.append(f"{_time()} AS {_name(TIME)}")
    texts: set[str] = set()
    for path, shape in wanted.shapes.items():
        stage, _, name = path.partition(".")
        at_once = nested and has_column_type(shape)
        stages.setdefault(stage, {})[name] = _raw(shape) if at_once else "JSON"
        leaf = f"{_name(stage)}.{_name(name)}"
        if has_column_type(shape):
            typed = _of_nested(leaf, shape) if nested else _typed(leaf, shape)
            columns.append(f"{typed} AS {_name(path)}")
        else:
            columns.append(f"CAST({leaf} AS VARCHAR) AS {_name(path)}")
            texts.add(path)
        if path in wanted.asked:
            columns.append(f"{leaf} IS NOT NULL AS {_name(path + PRESENT)}")
    source = _read(files, stages, timed=wanted.timed)
    return f"SELECT {', '.join(columns)} FROM {source}", frozenset(texts)


def _raw(shape: Shape) -> str:
    """The type as which a value is read: JSON within the lists and objects that are declared."""
    if shape.type == "list" and shape.of is not None:
        return f"{_raw(shape.of)}[]"
    if shape.type == "object":
        return _struct({name: _raw(field) for name, field in (shape.fields or {}).items()})
    return "JSON"


def _struct(fields: dict[str, str]) -> str:
    return f"STRUCT({', '.join(f'{_name(name)} {type}' for name, type in fields.items())})"


def _read(files: Iterable[str], stages: dict[str, dict[str, str]], *, timed: bool) -> str:
    structs = {stage: _struct(names) for stage, names in stages.items()}
    types = {IDENTITY: "JSON", "trace_id": "JSON", **({TIME: "JSON"} if timed else {}), **structs}
    columns = ", ".join(f"{_name(name)}: {_text(type)}" for name, type in types.items())
    paths = ", ".join(_text(name) for name in files)
    return (
        f"read_json([{paths}], format = 'newline_delimited', columns = {{{columns}}}, "
        "maximum_object_size = 16777216, hive_partitioning = false)"
    )


def _identity() -> str:
    return f"COALESCE({_own_name(IDENTITY)}, {_own_name('trace_id')})"


def _time() -> str:
    """The time, written as RFC 3339 has it, in UTC where it names no zone."""
    text = f"({_name(TIME)} ->> '$')"
    return (
        f"CASE WHEN regexp_full_match({text}, {_text(TIME_FORM)}) "
        f"THEN epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) END"
    )


def _own_name(key: str) -> str:
    """A name that is text or a whole number, as text."""
    column = _name(key)
    return (
        f"CASE WHEN {column} LIKE '\"%' THEN {column} ->> '$' "
        f"WHEN json_type({column}) IN ('BIGINT', 'UBIGINT') THEN CAST({column} AS VARCHAR) END"
    )


def _typed(leaf: str, shape: Shape) -> str:
    """The JSON value as a value of the declared type; NULL where it has another."""
    match shape.type:
        case "string":
            return f"CASE WHEN {leaf} LIKE '\"%' THEN {leaf} ->> '$' END"
        case "bool":
            return f"CASE WHEN {leaf} LIKE 't%' THEN TRUE WHEN {leaf} LIKE 'f%' THEN FALSE END"
        case "double":
            return f"CASE WHEN {_is_number(leaf)} THEN TRY_CAST({leaf} AS DOUBLE) END"
        case "int":
            return _int(leaf)
        case "object":
            return _typed_object(leaf, shape)
        case _:
            assert shape.of is not None
            return _typed_list(leaf, shape.of)


def _int(leaf: str) -> str:
    """An int, or the one that a whole double is, below where doubles tell ints apart."""
    double = f"TRY_CAST({leaf} AS DOUBLE)"
    return (
        f"CASE json_type({leaf}) WHEN 'BIGINT' THEN TRY_CAST({leaf} AS BIGINT) "
        f"WHEN 'UBIGINT' THEN TRY_CAST({leaf} AS BIGINT) "
        f"WHEN 'DOUBLE' THEN CASE WHEN isfinite({double}) AND abs({double}) < {EXACT} "
        f"AND {double} = trunc({double}) THEN TRY_CAST({double} AS BIGINT) END END"
    )


def _of_nested(value: str, shape: Shape) -> str:
    """The same for a value that is read as lists and objects already."""
    if shape.type == "object":
        return f"CASE WHEN {value} IS NOT NULL THEN {_packed(value, shape)} END"
    if shape.type != "list" or shape.of is None:
        return _typed(value, shape)
    each = f"list_transform({value}, lambda element: {_of_nested('element', shape.of)})"
    if shape.of.type != "object":
        return each
    return (
        f"CASE WHEN len(list_filter({value}, lambda element: element IS NULL)) = 0 THEN {each} END"
    )


def _is_number(leaf: str) -> str:
    """Whether the JSON is no text or bool; of what is left, only a number can be cast to one."""
    return " AND ".join(f"{leaf} NOT LIKE '{first}%'" for first in '"tf')


def _typed_object(leaf: str, shape: Shape) -> str:
    parts = f"from_json({leaf}, {_text(_form(shape))})"
    return f"CASE WHEN {leaf} LIKE '{{%' THEN {_packed(parts, shape)} END"


def _typed_list(leaf: str, inner: Shape) -> str:
    """The list with typed elements, NULL in place of each that has another type.

    A list with an element that is no object, where objects are declared, is NULL as a whole.
    """
    elements = f"from_json({leaf}, '[\"JSON\"]')"
    if inner.type != "object":
        each = _typed("element", inner)
        return f"CASE WHEN {leaf} LIKE '[%' THEN list_transform({elements}, lambda element: {each}) END"
    others = "lambda element: element IS NULL OR element NOT LIKE '{%'"
    objects = f"from_json({leaf}, {_text('[' + _form(inner) + ']')})"
    return (
        f"CASE WHEN {leaf} LIKE '[%' AND len(list_filter({elements}, {others})) = 0 "
        f"THEN list_transform({objects}, lambda element: {_packed('element', inner)}) END"
    )


def _form(shape: Shape) -> str:
    """An object whose fields stay JSON, as DuckDB writes its type."""
    return json.dumps(dict.fromkeys(shape.fields or {}, "JSON"))


def _packed(parts: str, shape: Shape) -> str:
    fields = (shape.fields or {}).items()
    typed = (
        f"{_name(name)} := {_typed(f'{parts}.{_name(name)}', field)}" for name, field in fields
    )
    return f"struct_pack({', '.join(typed)})"


def _name(name: str) -> str:
    return sql.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _text(text: str) -> str:
    return sql.Literal.string(text).sql(dialect="duckdb")
