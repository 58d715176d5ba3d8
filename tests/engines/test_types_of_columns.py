"""A column of any type of Arrow's or DuckDB's is known to a gate where it is to `decide`, and only there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as arrow
import pytest
from pyarrow import parquet

from demur.interop.record import Record
from demur.interop.records import read_records
from demur.measure.measuring import measure, shapes_of
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator
from tests.runtime.test_forms_agree import evaluator as evaluator_of

TYPES = {
    "int": "int", "double": "double", "text": "string", "bytes": "bytes", "moment": "timestamp",
    "length": "duration", "any": "dyn", "texts": "{type: list, of: string}",
    "doubles": "{type: list, of: double}", "moments": "{type: list, of: timestamp}",
    "words": "{type: map, of: string}", "spans": "{type: object, fields: {t: timestamp, d: duration}}",
}  # fmt: skip
_MOMENT = datetime(2024, 3, 31, 2, 30, tzinfo=UTC)
_SPAN = arrow.struct([("t", arrow.timestamp("us", "UTC")), ("d", arrow.duration("s"))])
COLUMNS: Mapping[str, tuple[Any, list[Any]]] = {
    "durations": (arrow.duration("ns"), [timedelta(seconds=5), None]),
    "lists of durations": (arrow.list_(arrow.duration("s")), [[timedelta(seconds=5)], [], None]),
    "times with durations": (_SPAN, [{"t": _MOMENT, "d": timedelta(seconds=1)}, None]),
    "moments": (arrow.timestamp("ms", "America/New_York"), [_MOMENT, None]),
    "lists of nothing": (arrow.list_(arrow.null()), [[], [None], None]),
    "nothing": (arrow.null(), [None]),
    "UUIDs": (arrow.uuid(), [b"0123456789abcdef", None]),
    "JSON": (arrow.json_(), ['{"a": 1}', "5", None]),
    "small numbers": (arrow.float16(), [1.5, 2.0, None]),
    "large lists": (arrow.large_list(arrow.large_string()), [["x"], [], [None], None]),
    "views": (arrow.string_view(), ["x", "1h", None]),
    "bytes": (arrow.binary(), [b"abc", None]),
}


def condition(name: str) -> str:
    """What holds of the signal whenever it is known."""
    path = f"stage.{name}"
    if name == "spans":
        return f"{path}.t == {path}.t && {path}.d == {path}.d"
    return f"type({path}) == type({path})" if name == "any" else f"{path} == {path}"


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    rules = "".join(
        f"  {one}: {{when: {condition(one)!r}, then: flag, failure: f-{one}, on_unknown: ignore}}\n"
        for one in TYPES
    )
    return evaluator_of(
        "demur: 1\npolicy: types\nabout: A signal of each type.\nowner: team@example.com\n"
        f"stages:\n  stage:\n{''.join(f'    {name}: {one}{chr(10)}' for name, one in TYPES.items())}"
        f"failures:\n{''.join(f'  f-{name}: {{severity: info}}{chr(10)}' for name in TYPES)}"
        f"rules:\n{rules}"
    )


def gated(evaluator: Evaluator, connection: Any, source: str) -> dict[str, set[str]]:
    made = plan(evaluator, read_metrics(evaluator, []), ())
    table = measure(connection, [source], made, [()]).decided.table.to_pyarrow()
    return {
        row["id"]: {name for name in evaluator.policy.failures if row[f"failure:{name}"]}
        for row in table.to_pylist()
    }


def decided(evaluator: Evaluator, path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in read_records(path, shapes=shapes_of(evaluator.policy)):
        assert isinstance(one, Record)
        found[one.value["id"]] = set(evaluator.decide(one.value).failures)
    return found


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_parquet_is_known_where_decide_knows_it(
    tmp_path: Path, evaluator: Evaluator, name: str
) -> None:
    type, values = COLUMNS[name]
    column = arrow.array(values, type)
    columns = {"id": arrow.array([str(at) for at in range(len(values))])}
    path = tmp_path / "records.parquet"
    parquet.write_table(arrow.table(columns | {f"stage.{one}": column for one in TYPES}), path)
    assert gated(evaluator, connect(None), str(path)) == decided(evaluator, path)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("INTERVAL '1 hour'", set[str]()),
        ("[INTERVAL '1 month']", set[str]()),
        ("union_value(a := 5)", set[str]()),
        ("[]", {"any", "texts", "doubles", "moments"}),
        ("[NULL]", {"any"}),
        ("TIMESTAMPTZ '2024-03-31 02:30:00Z'", {"moment"}),
    ],
)
def test_a_column_of_duckdb_of_which_python_has_no_value_is_unknown_and_no_error(
    tmp_path: Path, evaluator: Evaluator, value: str, known: set[str]
) -> None:
    file = tmp_path / "records.duckdb"
    with duckdb.connect(str(file)) as made:
        signals = ", ".join(f'{value} AS "stage.{one}"' for one in TYPES)
        made.execute(f"CREATE TABLE records AS SELECT 'a' AS id, {signals}")
    found = gated(evaluator, connect(f"duckdb://{file.as_posix()}"), "records")
    assert found == {"a": {f"f-{one}" for one in known}}
