"""Every form in which records arrive, and what of a record each form holds.

`write` puts the records somewhere and gives the source's name; `held` is a record as that form can
hold it, in plain Python: a column of 32 bits rounds, a cell of CSV is text, and so on.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as arrow
from pyarrow import parquet

from tests.paths.generation import SIGNALS, Record

Rows = Sequence[Record]
_NAMES = count()


@dataclass(frozen=True)
class Form:
    """One form; `engine` names the engine that it needs, and `recorded` whether it holds decisions."""

    name: str
    write: Callable[[Path, Rows, Any], str]
    held: Callable[[Record], Record] = lambda record: record
    engine: str = "duckdb"
    suits: Callable[[Rows], bool] = lambda rows: True


def _signals(record: Record) -> Iterator[tuple[str, str, str, Any]]:
    for path in SIGNALS:
        stage, _, name = path.partition(".")
        yield path, stage, name, record[stage][name]


def _changed(record: Record, change: Callable[[str, Any], Any]) -> Record:
    """The record with each signal's value changed."""
    made: Record = {key: value for key, value in record.items() if not isinstance(value, dict)}
    if "decision" in record:
        made["decision"] = record["decision"]
    for path, stage, name, value in _signals(record):
        made.setdefault(stage, {})[name] = change(path, value)
    return made


# Text.


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def as_text(record: Record) -> Record:
    """Times as text, as JSON has them."""
    return _changed(record, lambda path, value: _text(value))


def _lines(rows: Rows) -> str:
    return "".join(json.dumps(as_text(row)) + "\n" for row in rows)


def _file(folder: Path, ending: str) -> Path:
    return folder / f"records{next(_NAMES)}{ending}"


def _jsonl(folder: Path, rows: Rows, connection: Any) -> str:
    path = _file(folder, ".jsonl")
    path.write_text(_lines(rows), "utf-8")
    return str(path)


def _jsonl_for_python(folder: Path, rows: Rows, connection: Any) -> str:
    path = _file(folder, ".jsonl.gz")
    path.write_bytes(gzip.compress(_lines(rows).encode(), 1))
    return str(path)


def _spoilt(record: Record) -> Record:
    """A text where a list should be in every tenth record, for which DuckDB reads JSON anew."""
    made = as_text(record)
    if made["id"].endswith("3"):
        made["request"]["tags"] = "x"
        made["answer"]["model"] = [1]
    return made


def _spoilt_jsonl(folder: Path, rows: Rows, connection: Any) -> str:
    return _jsonl(folder, [_spoilt(row) for row in rows], connection)


def _whole_as_double(path: str, value: Any) -> Any:
    type = SIGNALS[path]["type"]
    if type == "int" and value is not None:
        return float(value)
    if path == "request.numbers" and value is not None:
        return [None if one is None else float(one) for one in value]
    if path == "retrieval.sources" and value is not None:
        return [one and {**one, "rank": one["rank"] and float(one["rank"])} for one in value]
    return value


def with_doubles(record: Record) -> Record:
    """Every int as a double, as pandas has a column with a gap."""
    return _changed(record, _whole_as_double)


def _jsonl_of_doubles(folder: Path, rows: Rows, connection: Any) -> str:
    return _jsonl(folder, [with_doubles(row) for row in rows], connection)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    value = _text(value)
    return value if isinstance(value, str) else json.dumps(value)


def _csv(folder: Path, rows: Rows, connection: Any) -> str:
    path = _file(folder, ".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        flat = [flattened(row) for row in rows]
        writer = csv.DictWriter(file, list(flat[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in flat)
    return str(path)


def _without_empty(record: Record) -> Record:
    return _changed(as_text(record), lambda path, value: None if value == "" else value)


# Arrow.


def flattened(record: Record) -> dict[str, Any]:
    """A column for each signal."""
    made = {key: value for key, value in record.items() if not isinstance(value, dict)}
    for key, value in record.get("decision", {}).items():
        made[f"decision.{key}"] = value
    return made | {path: value for path, _, _, value in _signals(record)}


@dataclass(frozen=True)
class Columns:
    """The types of Arrow's columns."""

    int: Any = arrow.int64()
    double: Any = arrow.float64()
    small: Any = None
    string: Any = arrow.string()
    doubles_of_ints: bool = False
    maps: bool = True


def _type(declared: Mapping[str, Any], columns: Columns) -> Any:
    match declared["type"]:
        case "int":
            small = declared.get("max") is not None and columns.small
            return small or columns.int
        case "double":
            return columns.double
        case "string":
            return columns.string
        case "bool":
            return arrow.bool_()
        case "timestamp":
            return arrow.timestamp("us", None if "zone" in declared else "UTC")
        case "list":
            return arrow.list_(_type(declared["of"], columns))
        case "map":
            return arrow.map_(arrow.string(), _type(declared["of"], columns))
        case _:
            fields = declared["fields"].items()
            return arrow.struct([(name, _type(one, columns)) for name, one in fields])


_DECISION = {
    "action": arrow.string(), "answered": arrow.bool_(), "declined": arrow.bool_(), "rule": arrow.string(),
    "rules": arrow.list_(arrow.string()), "failure": arrow.string(), "failures": arrow.list_(arrow.string()),
    "unknown": arrow.list_(arrow.string()), "stage": arrow.string(),
}  # fmt: skip


def table(rows: Rows, columns: Columns = Columns(), convert: Any = None) -> Any:
    """The rows as an Arrow table with a column for each signal."""
    flat = [flattened(row) for row in rows]
    found: dict[str, Any] = {"id": arrow.array([row["id"] for row in rows])}
    if "time" in rows[0]:
        found["time"] = arrow.array([row["time"] for row in rows])
    for path, declared in SIGNALS.items():
        values = [row[path] for row in flat]
        if declared["type"] == "map":
            values = [None if one is None else list(one.items()) for one in values]
        if convert is not None:
            values = [convert(path, one) for one in values]
        found[path] = arrow.array(values, _type(declared, columns))
    if "decision" in rows[0]:
        for name, type in _DECISION.items():
            values = [row["decision"][name] for row in rows]
            found[f"decision.{name}"] = arrow.array(values, type)
    return arrow.table(found)


def nested(rows: Rows) -> Any:
    """The rows as an Arrow table with a struct for each stage."""
    flat = table(rows)
    stages: dict[str, dict[str, Any]] = {}
    found: dict[str, Any] = {}
    for name in flat.column_names:
        stage, dot, signal = name.partition(".")
        if dot:
            stages.setdefault(stage, {})[signal] = flat[name].combine_chunks()
        else:
            found[name] = flat[name]
    for stage, parts in stages.items():
        found[stage] = arrow.StructArray.from_arrays(list(parts.values()), list(parts))
    return arrow.table(found)


def _parquet(make: Callable[[Rows], Any] = table, **how: Any) -> Callable[[Path, Rows, Any], str]:
    def write(folder: Path, rows: Rows, connection: Any) -> str:
        path = _file(folder, ".parquet")
        parquet.write_table(make(rows), path, **how)
        return str(path)

    return write


def _single(value: Any) -> Any:
    if isinstance(value, list):
        return [_single(one) for one in value]
    if isinstance(value, dict):
        return {key: _single(one) for key, one in value.items()}
    if not isinstance(value, float) or math.isnan(value) or math.isinf(value):
        return value
    return struct.unpack("<f", struct.pack("<f", value))[0]


NARROW = Columns(double=arrow.float32(), small=arrow.int8())
_DOUBLES = Columns(int=arrow.float64())
_DECIMALS = Columns(int=arrow.decimal128(25, 2))


def _fits_narrow(rows: Rows) -> bool:
    smalls = [path for path, one in SIGNALS.items() if one["type"] == "int" and "max" in one]
    values = (flattened(row)[path] for row in rows for path in smalls)
    return all(one is None or -128 <= one < 128 for one in values)


def _decimal(path: str, value: Any) -> Any:
    if SIGNALS[path]["type"] == "int" and value is not None:
        return Decimal(value)
    if path == "request.numbers" and value is not None:
        return [None if one is None else Decimal(one) for one in value]
    if path == "retrieval.sources" and value is not None:
        return [
            one and {**one, "rank": None if one["rank"] is None else Decimal(one["rank"])}
            for one in value
        ]
    return value


# An engine's own.


def _duckdb_parquet(folder: Path, rows: Rows, connection: Any) -> str:
    path = _file(folder, ".parquet")
    name = _registered(rows, connection)
    connection.raw_sql(f"COPY (FROM {name}) TO '{path.as_posix()}' (FORMAT parquet)")
    return str(path)


def _registered(rows: Rows, connection: Any, data: Any = None) -> str:
    name = f"records_{next(_NAMES)}"
    connection.con.register(name, table(rows) if data is None else data)
    return name


def _arrow_in_memory(folder: Path, rows: Rows, connection: Any) -> str:
    return _registered(rows, connection)


def _pandas_in_memory(folder: Path, rows: Rows, connection: Any) -> str:
    # As pandas has them: ints beside a gap are doubles.
    columns = table(rows, _DOUBLES, _whole_as_double).drop_columns("retrieval.weights")
    frame = columns.to_pandas()
    return _registered(rows, connection, frame)


def _without_nan(record: Record) -> Record:
    """NaN as what is missing, which pandas takes it for; it has no column of maps either."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(one) for one in value]
        if isinstance(value, dict):
            return {key: change(one) for key, one in value.items()}
        return None if isinstance(value, float) and math.isnan(value) else value

    lost = "retrieval.weights"
    return _changed(record, lambda path, value: None if path == lost else change(value))


def _duckdb_table(folder: Path, rows: Rows, connection: Any) -> str:
    name = _registered(rows, connection)
    connection.raw_sql(f"CREATE TABLE kept_{name} AS FROM {name}")
    return f"kept_{name}"


def _duckdb_view(folder: Path, rows: Rows, connection: Any) -> str:
    path = _parquet()(folder, rows, connection)
    name = f"view_{next(_NAMES)}"
    connection.raw_sql(f"CREATE VIEW {name} AS FROM '{path}'")
    return name


def _postgres_table(numbers: str) -> Callable[[Path, Rows, Any], str]:
    types = {"string": "text", "int": numbers, "double": "double precision", "bool": "boolean"}

    def type(declared: Mapping[str, Any]) -> str | None:
        kind = declared["type"]
        if kind == "timestamp":
            return "timestamp" if "zone" in declared else "timestamptz"
        if kind == "list" and declared["of"]["type"] in types:
            return f"{types[declared['of']['type']]}[]"
        return types.get(kind)

    def write(folder: Path, rows: Rows, connection: Any) -> str:
        name = f"records_{next(_NAMES)}"
        declared = {"id": "text"} | {path: type(one) or "" for path, one in SIGNALS.items()}
        declared = {path: one for path, one in declared.items() if one}
        columns = ", ".join(f'"{path}" {one}' for path, one in declared.items())
        places = ", ".join(["%s"] * len(declared))
        with connection.con.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            for row in map(flattened, rows):
                cursor.execute(
                    f"INSERT INTO {name} VALUES ({places})", [row[path] for path in declared]
                )
        connection.con.commit()
        return name

    return write


def _without_structs(record: Record) -> Record:
    """What a Postgres table has no column for is absent."""
    lost = {"retrieval.sources", "retrieval.weights", "answer.model"}
    return _changed(record, lambda path, value: None if path in lost else value)


def _named(*forms: Form) -> dict[str, Form]:
    return {one.name: one for one in forms}


FORMS = _named(
    Form("JSONL", _jsonl, as_text),
    Form("JSONL read by Python", _jsonl_for_python, as_text),
    Form("JSONL with lists that are none", _spoilt_jsonl, _spoilt),
    Form("JSONL with ints as doubles", _jsonl_of_doubles, lambda row: as_text(with_doubles(row))),
    Form("CSV", _csv, _without_empty),
    Form("Parquet", _parquet()),
    Form("Parquet with a struct a stage", _parquet(nested)),
    Form("Parquet without statistics", _parquet(write_statistics=False)),
    Form("Parquet in many row groups", _parquet(row_group_size=7)),
    Form("Parquet without dictionaries", _parquet(use_dictionary=False, data_page_size=64)),
    Form("Parquet with pages indexed", _parquet(write_page_index=True, row_group_size=16)),
    Form(
        "Parquet of narrow columns",
        _parquet(lambda rows: table(rows, NARROW)),
        lambda row: _changed(row, lambda path, value: _single(value)),
        suits=_fits_narrow,
    ),
    Form(
        "Parquet with ints as doubles",
        _parquet(lambda rows: table(rows, _DOUBLES, _whole_as_double)),
        with_doubles,
    ),
    Form("Parquet of decimals", _parquet(lambda rows: table(rows, _DECIMALS, _decimal))),
    Form("Parquet of DuckDB", _duckdb_parquet),
    Form("Arrow in memory", _arrow_in_memory),
    Form("pandas in memory", _pandas_in_memory, lambda row: _without_nan(with_doubles(row))),
    Form("a table of DuckDB", _duckdb_table),
    Form("a view of DuckDB over Parquet", _duckdb_view),
)
"""The forms that DuckDB reads in this process."""
OTHER_ENGINES = _named(
    Form("a table of Postgres", _postgres_table("bigint"), _without_structs, "postgres"),
    Form(
        "a table of Postgres with ints as doubles",
        _postgres_table("double precision"),
        lambda row: _without_structs(with_doubles(row)),
        "postgres",
    ),
    Form(
        "a table of Postgres with numerics",
        _postgres_table("numeric"),
        _without_structs,
        "postgres",
    ),
    Form("Parquet by Postgres", _parquet(), engine="postgres"),
    Form("JSONL by Postgres", _jsonl, as_text, "postgres"),
    Form("Parquet by Spark", _parquet(), engine="spark"),
    replace(
        FORMS["Parquet of narrow columns"],
        name="Parquet of narrow columns by Spark",
        engine="spark",
    ),
    replace(
        FORMS["Parquet with ints as doubles"],
        name="Parquet with ints as doubles by Spark",
        engine="spark",
    ),
    Form("JSONL by Spark", _jsonl, as_text, "spark"),
)
"""Those that need an engine which starts for itself."""
