"""Records: everything in a file is a record or a located problem, and nothing is lost."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.diagnostics import Diagnostic
from demur.interop import jsonl
from demur.interop.record import Record, UnreadableRecords
from demur.interop.record_codes import RECORD_CODES
from demur.interop.records import READERS, read_records
from demur.runtime.strict_json import MAXIMUM_DEPTH


def read(data: bytes) -> list[Record | Diagnostic]:
    return list(read_records(io.BytesIO(data), "records.jsonl"))


def problem(data: bytes) -> Diagnostic:
    [found] = read(data)
    assert isinstance(found, Diagnostic)
    assert found.span is not None
    assert found.span.path == "records.jsonl"
    return found


def column(data: bytes) -> int:
    found = problem(data)
    assert found.span is not None
    return found.span.start.column


def test_lines_become_records_with_their_line_numbers() -> None:
    assert read(b'{"a": 1}\n\n  \r\n{"b": [null]}\r\n{"c": {}}') == [
        Record(1, {"a": 1}),
        Record(4, {"b": [None]}),
        Record(5, {"c": {}}),
    ]


def test_empty_stream_has_no_records() -> None:
    assert read(b"") == []


def test_byte_order_mark_is_no_part_of_the_first_record() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}\n') == [Record(1, {"a": 1})]


def test_nan_and_infinity_are_values() -> None:
    [record] = read(b'{"a": NaN, "b": -Infinity}')
    assert isinstance(record, Record)
    assert math.isnan(record.value["a"])
    assert record.value["b"] == -math.inf


@pytest.mark.parametrize(
    ("line", "code", "where", "words"),
    [
        (b"nope", "DM721", 1, "No JSON value begins with `n`"),
        (b'{"a": }', "DM721", 7, "No JSON value begins with `}`"),
        (b'{"a": 1', "DM721", 8, "ends before"),
        (b'{"a": "x', "DM721", 7, "not closed"),
        (b'{"a": 1} {"b": 2}', "DM721", 10, "one record a line"),
        (b"{'a': 1}", "DM721", 2, "single quotes"),
        (b"{\"a\": 'x'}", "DM721", 7, "single quotes"),
        (b'{"a" 1}', "DM721", 6, "`:` is missing before `1`"),
        (b'{"a": 1 "b": 2}', "DM721", 9, "`,` is missing"),
        (b'{"a": "\t"}', "DM721", 8, "control character"),
        (b'{"a": "\\x"}', "DM721", 8, "escape"),
        ('{"é": }'.encode(), "DM721", 7, "No JSON value"),
        (b'{"a": ' + b"9" * 5000 + b"}", "DM721", 1, "too many digits"),
        (b"[1]", "DM722", 1, "not a list"),
        (b"null", "DM722", 1, "not null"),
        (b"NaN", "DM722", 1, "not a number"),
        (b'{"a": 1, "a": 1}', "DM723", 10, 'The key "a" stands twice'),
        (b'{"a": "{\\"b\\":", "c": {"d": 1, "\\u0064": 2}}', "DM723", 32, "twice"),
        (b'{"a": "\xe9"}', "DM726", 8, "0xE9"),
        ('{"é": "'.encode() + b'\xff"}', "DM726", 8, "0xFF"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "DM725", 1, "64 deep"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "DM725", 1, "64 deep"),
        (b'{"a":' * 100_000, "DM725", 1, "64 deep"),
    ],
)
def test_malformed_line_says_what_and_where(line: bytes, code: str, where: int, words: str) -> None:
    found = problem(line)
    assert found.code == code
    assert found.name == RECORD_CODES[code][0]
    assert words in f"{found.message} {found.help}"
    assert column(line) == where


def test_reading_goes_on_after_a_malformed_line() -> None:
    first, second, third = read(b'{"a": 1}\n{"a"\n{"a": 3}\n')
    assert (first, third) == (Record(1, {"a": 1}), Record(3, {"a": 3}))
    assert isinstance(second, Diagnostic)
    assert second.span is not None
    assert second.span.start.line == 2


@pytest.mark.parametrize("depth", [MAXIMUM_DEPTH, MAXIMUM_DEPTH + 1])
def test_depth_is_bounded_exactly(depth: int) -> None:
    inner = "[" * (depth - 1) + "]" * (depth - 1)
    [found] = read(f'{{"a": {inner}}}'.encode())
    assert isinstance(found, Record) == (depth <= MAXIMUM_DEPTH)


def test_wide_record_is_not_deep() -> None:
    [found] = read(json.dumps({"a": [{} for _ in range(1000)]}).encode())
    assert isinstance(found, Record)


def test_line_length_is_bounded_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAXIMUM_LINE", 20)
    fits = b'{"a": "' + b"x" * 11 + b'"}'
    assert len(fits) == 20
    longer = b'{"a": "' + b"x" * 12 + b'"}'
    found = read(fits + b"\n" + longer + b"\n" + fits)
    assert [isinstance(one, Record) for one in found] == [True, False, True]
    assert isinstance(found[1], Diagnostic)
    assert found[1].code == "DM724"
    assert isinstance(found[2], Record)
    assert found[2].line == 3


def test_line_longer_than_a_chunk_is_skipped_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAXIMUM_LINE", 20)
    monkeypatch.setattr(jsonl, "CHUNK", 7)
    found = read(b"{" * 1000 + b'\n{"a": 1}\n' + b"[" * 1000)
    assert [isinstance(one, Record) for one in found] == [False, True, False]


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" "))))
def test_every_line_that_is_not_empty_is_accounted_for(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    held = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert len(read(data)) == len(held)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.text(), _JSON, max_size=3), max_size=3))
def test_what_json_writes_reads_back(values: list[dict[str, object]]) -> None:
    data = "".join(json.dumps(value) + "\n" for value in values).encode()
    assert read(data) == [Record(line, value) for line, value in enumerate(values, start=1)]


def test_reader_is_chosen_by_ending(tmp_path: Path) -> None:
    for ending in (".jsonl", ".NDJSON", ".txt"):
        path = tmp_path / f"records{ending}"
        path.write_bytes(b'{"a": 1}\n')
        assert list(read_records(path)) == [Record(1, {"a": 1})]
    assert set(READERS) == {".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"}


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_records(tmp_path / "none.jsonl"))


def test_problem_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"7")
    [found] = read_records(path)
    assert isinstance(found, Diagnostic)
    assert found.span is not None
    assert found.span.path == path.as_posix()


def test_parquet_rows_become_nested_records(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    documents = [{"id": "a", "tags": [("k", 1)], "price": None}]
    table = pyarrow.table(
        {
            "request": pyarrow.array([{"intent": "billing"}, None]),
            "retrieval.documents": pyarrow.array(
                [documents, []],
                pyarrow.list_(
                    pyarrow.struct(
                        {
                            "id": pyarrow.string(),
                            "tags": pyarrow.map_(pyarrow.string(), pyarrow.int64()),
                            "price": pyarrow.decimal128(5, 2),
                        }
                    )
                ),
            ),
            "answer.cost": pyarrow.array(["1.25", None]).cast(pyarrow.decimal128(5, 2)),
            "answer.confidence": [0.5, math.nan],
        }
    )
    path = tmp_path / "records.parquet"
    parquet.write_table(table, path)
    first, second = read_records(path)
    assert first == Record(
        1,
        {
            "request": {"intent": "billing"},
            "retrieval": {"documents": [{"id": "a", "tags": {"k": 1}, "price": None}]},
            "answer": {"cost": 1.25, "confidence": 0.5},
        },
    )
    assert isinstance(second, Record)
    assert second.value["request"] is None
    assert math.isnan(second.value["answer"]["confidence"])


def test_parquet_columns_that_collide_are_a_problem_of_each_row(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "records.parquet"
    parquet.write_table(pyarrow.table({"a": [1, 2], "a.b": [1, 2]}), path)
    found = list(read_records(path))
    assert [isinstance(one, Diagnostic) for one in found] == [True, True]


def test_damaged_parquet_is_unreadable(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "records.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UnreadableRecords, match="no readable Parquet"):
        list(read_records(path))


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "records.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(UnreadableRecords, match=r"demur\[parquet\]"):
        list(read_records(path))
