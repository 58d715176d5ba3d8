"""Records with very many keys or columns, or very deep ones: the work grows with them, not its square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demur.interop import csv, parquet
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.runtime.strict_json import MAXIMUM_DEPTH, DuplicateKey, first_repeated, unique

MANY = 2_000


class Counted(str):
    """A name that counts how often any of them is compared with another."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, str(other))

    def __hash__(self) -> int:
        return hash(str(self))

    def strip(self, chars: str | None = None) -> Counted:
        del chars
        return self


def names() -> list[str]:
    """Many names, of which only the last stands twice."""
    Counted.compared = 0
    return [Counted(f"answer.x{at}") for at in (*range(MANY), MANY - 1)]


def test_a_key_that_stands_twice_is_found_by_looking_at_each_once() -> None:
    with pytest.raises(DuplicateKey, match=f"x{MANY - 1}"):
        unique([(name, 1) for name in names()])
    assert Counted.compared < MANY


def test_a_column_that_stands_twice_is_found_by_looking_at_each_once() -> None:
    with pytest.raises(UnreadableRecords, match=f"x{MANY - 1}` twice"):
        csv._checked(names(), "r.csv")  # pyright: ignore[reportPrivateUsage]
    assert Counted.compared < MANY


def test_the_first_name_that_stands_twice_is_told() -> None:
    assert first_repeated(["a", "b", "c", "b", "a"]) == "b"
    assert first_repeated(["a", "b"]) is None


def test_the_names_of_parquet_columns_are_asked_for_once_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrow = pytest.importorskip("pyarrow")
    files = pytest.importorskip("pyarrow.parquet")
    asked: list[str] = []

    class Schema:
        def __init__(self, schema: Any) -> None:
            self._schema = schema

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self._schema, name)

        def __iter__(self) -> Any:
            return iter(self._schema)

    class Batch:
        def __init__(self, batch: Any) -> None:
            self._batch, self.schema = batch, Schema(batch.schema)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._batch, name)

    class File(files.ParquetFile):
        def iter_batches(self, *arguments: Any, **named: Any) -> Any:
            return map(Batch, super().iter_batches(*arguments, **named))

    path = tmp_path / "r.parquet"
    files.write_table(arrow.table({f"answer.x{at}": [1] for at in range(50)}), path)
    monkeypatch.setattr(files, "ParquetFile", File)
    with path.open("rb") as stream:
        [record] = parquet.read(stream, "r.parquet")
    assert isinstance(record, Record)
    assert len(record.value["answer"]) == 50
    assert asked.count("names") == 1


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_is_no_deeper_than_a_record_may_be(tmp_path: Path, ending: str) -> None:
    for depth in (MAXIMUM_DEPTH, MAXIMUM_DEPTH + 1):
        name, path = ".".join("a" * depth), tmp_path / f"{depth}.{ending}"
        if ending == "csv":
            path.write_text(f"{name},b\n1,2\n", encoding="utf-8")
        else:
            arrow = pytest.importorskip("pyarrow")
            files = pytest.importorskip("pyarrow.parquet")
            files.write_table(arrow.table({name: [1], "b": [2]}), path)
    assert len(list(read_records(tmp_path / f"{MAXIMUM_DEPTH}.{ending}"))) == 1
    with pytest.raises(UnreadableRecords, match="more than 64 parts"):
        list(read_records(tmp_path / f"{MAXIMUM_DEPTH + 1}.{ending}"))
