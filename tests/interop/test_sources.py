"""Files, folders and globs mean files, each once; what means none is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.interop.record import UnreadableRecords
from demur.interop.sources import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.jsonl",
        "a.csv",
        "notes.txt",
        "deep/c.parquet",
        "deep/d.jsonl.gz",
        ".hidden/e.jsonl",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    return tmp_path


def names(found: list[Path], folder: Path) -> list[str]:
    return [one.relative_to(folder).as_posix() for one in found]


def test_a_folder_is_its_files_of_known_endings_hidden_ones_left_out(folder: Path) -> None:
    expected = ["a.csv", "b.jsonl", "deep/c.parquet", "deep/d.jsonl.gz"]
    assert names(files([folder]), folder) == expected


def test_a_glob_is_the_files_that_match_and_each_file_counts_once(folder: Path) -> None:
    found = files([folder / "b.jsonl", f"{folder}/*.jsonl", f"{folder}/**/*.parquet"])
    assert names(found, folder) == ["b.jsonl", "deep/c.parquet"]


@pytest.mark.parametrize("argument", ["b.json", "none/*.jsonl", "empty"])
def test_what_means_no_file_is_refused(folder: Path, argument: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(UnreadableRecords):
        files([folder / argument])


def test_a_slip_in_a_name_gets_advice(folder: Path) -> None:
    with pytest.raises(UnreadableRecords, match=r"b\.jsonl"):
        files([folder / "b.jsnl"])
