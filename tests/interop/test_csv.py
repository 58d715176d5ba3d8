"""CSV: text becomes what the policy declares, or stays text and so is unknown; nothing is lost."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.diagnostics import Diagnostic
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.policy import Shape

SHAPES = {
    "request": {"text": Shape("string"), "flag": Shape("bool"), "count": Shape("int")},
    "answer": {
        "score": Shape("double"),
        "tags": Shape("list", of=Shape("string")),
        "model": Shape("object", fields={"heat": Shape("double")}),
    },
}


def read(path: Path, text: str, name: str = "records.csv") -> list[Record | Diagnostic]:
    file = path / name
    file.write_bytes(text.encode())
    return list(read_records(file, shapes=SHAPES))


def test_cells_are_read_as_their_signals_are_declared(tmp_path: Path) -> None:
    header = (
        "id,request.text,request.flag,request.count,answer.score,answer.tags,answer.model.heat\n"
    )
    row = '7,7,true,3,0.5,"[""a"", ""b""]",1\n'
    assert read(tmp_path, header + row) == [
        Record(
            2,
            {
                "id": "7",
                "request": {"text": "7", "flag": True, "count": 3},
                "answer": {"score": 0.5, "tags": ["a", "b"], "model": {"heat": 1}},
            },
        )
    ]


@pytest.mark.parametrize("cell", ["half", "0,5", "1.2.3", "$1", "'1'"])
def test_text_that_is_no_number_stays_text_and_is_never_taken_for_one(
    tmp_path: Path, cell: str
) -> None:
    [found] = read(tmp_path, f'answer.score\n"{cell}"\n')
    assert found == Record(2, {"answer": {"score": cell}})


def test_a_cell_that_says_nan_is_nan_and_an_empty_one_is_absent(tmp_path: Path) -> None:
    first, second = read(tmp_path, "answer.score,request.text\nNaN,a\n,b\n")
    assert isinstance(first, Record)
    assert math.isnan(first.value["answer"]["score"])
    assert second == Record(3, {"request": {"text": "b"}})


def test_quotes_commas_line_feeds_tabs_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    text = '\ufeffrequest.text\r\n"a, ""b""\nc"\r\nplain\r\n'
    assert [one.value for one in read(tmp_path, text) if isinstance(one, Record)] == [
        {"request": {"text": 'a, "b"\nc'}},
        {"request": {"text": "plain"}},
    ]
    tabs = read(tmp_path, "request.text\tanswer.score\na\t1\n", "records.tsv")
    assert tabs == [Record(2, {"request": {"text": "a"}, "answer": {"score": 1}})]


def test_a_row_that_is_not_like_the_header_is_reported_with_its_line(tmp_path: Path) -> None:
    first, second, third = read(tmp_path, "a,b\n1,2\n1\n3,4\n")
    assert isinstance(first, Record)
    assert isinstance(second, Diagnostic)
    assert isinstance(third, Record)
    assert (second.code, second.span.start.line if second.span else 0) == ("DM728", 3)


def test_a_file_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_bytes(b"a,b\n1,caf\xe9\n")
    [found] = read_records(file)
    assert isinstance(found, Diagnostic)
    assert found.code == "DM726"


@pytest.mark.parametrize(
    "header", ["", "\n", "a,a\n1,2\n", "a,\n1,2\n", "a.,b\n1,2\n", "a, a\n1,2\n"]
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(UnreadableRecords):
        read(tmp_path, header)


@pytest.mark.parametrize(
    "header", ["request,request.text", "request.text,request", "answer.model.heat,answer.model"]
)
def test_two_columns_for_one_place_are_reported(tmp_path: Path, header: str) -> None:
    [found] = read(tmp_path, f"{header}\n1,2\n")
    assert isinstance(found, Diagnostic)
    assert found.code == "DM723"


def test_packed_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "records.csv.gz"
    file.write_bytes(gzip.compress(b"request.text\na\n"))
    assert list(read_records(file)) == [Record(2, {"request": {"text": "a"}})]


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("csv") / "records.csv"
    file.write_bytes(b"a,b\n" + data)
    for one in read_records(file, shapes=SHAPES):
        assert isinstance(one, Record | Diagnostic)
