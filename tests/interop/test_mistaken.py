"""A file that is something else than records of its form: one error that says what it is and what to do."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from demur.diagnostics import Diagnostic
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.policy import Shape

RECORDS = [{"id": f"c{at}", "answer": {"text": "[,;{", "confidence": 0.9}} for at in range(3)]
JSONL = "".join(f"{json.dumps(one)}\n" for one in RECORDS)


def refused(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnreadableRecords) as caught:
        list(read_records(path, path.name))
    return str(caught.value)


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_a_json_array_is_one_error_with_the_command_that_makes_it_jsonl(
    tmp_path: Path, indent: int | str | None
) -> None:
    said = refused(tmp_path / "r.jsonl", json.dumps(RECORDS, indent=indent))
    assert said == (
        "r.jsonl is one JSON array, and records stand one a line. "
        "Make it JSONL: jq -c '.[]' r.jsonl > records.jsonl"
    )


def test_a_json_object_over_several_lines_is_one_error(tmp_path: Path) -> None:
    said = refused(tmp_path / "r.jsonl", json.dumps(RECORDS[0], indent=2))
    assert said.endswith("jq -c . r.jsonl > records.jsonl")
    several = "\n".join(json.dumps(one, indent=2) for one in RECORDS)
    assert refused(tmp_path / "r.jsonl", several) == said


def test_the_list_within_a_document_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path / "r.json", json.dumps({"results": RECORDS}, indent=2))
    assert "jq -c '.results[]' r.json" in said


def test_the_command_quotes_a_name_that_a_shell_would_split(tmp_path: Path) -> None:
    assert "'my results.jsonl'" in refused(tmp_path / "my results.jsonl", "[\n]")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("r.jsonl", "id,answer.confidence\nc1,0.9\n", "is CSV"),
        ("r.jsonl", "id;answer.confidence\nc1;0,9\n", "is CSV"),
        ("r.csv", JSONL, "is JSONL"),
        ("r.csv", json.dumps(RECORDS, indent=2), "one JSON array"),
        ("r.csv", "id;answer.confidence\nc1;0,9\n", "has `;` between its columns"),
        ("r.jsonl", JSONL.encode("utf-16"), "is UTF-16"),
        ("r.jsonl", JSONL.encode("utf-16-le"), "is UTF-16"),
        ("r.jsonl", JSONL.encode("utf-16-be"), "is UTF-16"),
        ("r.csv", "id,answer.confidence\n".encode("utf-16"), "is UTF-16"),
        ("r.xlsx", b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "Excel"),
        ("r.csv", b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "Excel"),
        ("r.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        ("r.jsonl", b"PAR1\x15\x04\x15", "is Parquet"),
        ("r.jsonl", gzip.compress(JSONL.encode(), mtime=0), "compressed by gzip"),
        ("r.jsonl.gz", JSONL, "not compressed by gzip"),
        ("r.db", b"SQLite format 3\x00", "SQLite"),
        ("r.jsonl", "<!doctype html>\n<title>Sign in</title>\n", "HTML"),
        ("r.yaml", "- id: c1\n  answer: {confidence: 0.9}\n", "is YAML"),
        ("r.jsonl", "demur: 1\npolicy: refunds\n", "is a policy"),
    ],
)
def test_what_is_no_file_of_records_is_named(
    tmp_path: Path, name: str, content: str | bytes, what: str
) -> None:
    assert what in refused(tmp_path / name, content)


@pytest.mark.parametrize(
    "content",
    [
        JSONL,
        JSONL.replace("\n", "\r\n"),
        f"\n\n{JSONL}",
        f"\ufeff{JSONL}",
        JSONL.removesuffix("\n"),
        json.dumps(RECORDS[0]),
        f'{{"id": "long", "text": "{"x" * 200_000}"}}\n{JSONL}',
    ],
)
def test_records_are_not_taken_for_something_else(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content, encoding="utf-8", newline="")
    assert all(isinstance(one, Record) for one in read_records(path))
    assert all(isinstance(one, Record) for one in read_records(io.BytesIO(content.encode())))


@pytest.mark.parametrize("torn", ['{"id": "c0", "ans', '{"id": "c0"}, ', '"text"', "7", "nonsense"])
def test_a_line_that_is_torn_or_wrong_leaves_the_others_readable(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f"{torn}\n{JSONL}")
    found = list(read_records(path))
    assert [isinstance(one, Diagnostic) for one in found] == [True, False, False, False]


def test_columns_without_their_stage_are_named_with_it(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("id,confidence,langs\nc1,0.9,en\n")
    shapes = {"request": {"lang": Shape("string")}, "answer": {"confidence": Shape("double")}}
    with pytest.raises(UnreadableRecords, match=r"`confidence` is `answer\.confidence`"):
        list(read_records(path, shapes=shapes))


def test_columns_beside_the_stages_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("id,confidence,answer.confidence\nc1,x,0.9\n")
    shapes = {"answer": {"confidence": Shape("double")}}
    (found,) = read_records(path, shapes=shapes)
    assert isinstance(found, Record)
    assert found.value["answer"] == {"confidence": 0.9}
