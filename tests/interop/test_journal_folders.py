"""A journal's folder as a source: each segment in one form, whatever is packed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from demur.interop import sources
from demur.interop.sources import files

SEGMENT = "journal-20260921T142320Z-17-000001"


@pytest.mark.parametrize(
    ("there", "counted"),
    [
        ([".jsonl"], [".jsonl"]),
        ([".jsonl", ".jsonl.gz"], [".jsonl.gz"]),
        ([".jsonl", ".rest.jsonl"], [".jsonl"]),
        ([".jsonl", ".parquet", ".rest.jsonl"], [".parquet", ".rest.jsonl"]),
        ([".parquet", ".rest.jsonl"], [".parquet", ".rest.jsonl"]),
    ],
)
def test_a_segment_counts_in_one_form(tmp_path: Path, there: list[str], counted: list[str]) -> None:
    for ending in there:
        (tmp_path / f"{SEGMENT}{ending}").touch()
    expected = [tmp_path / f"{SEGMENT}{ending}" for ending in counted]
    assert files([tmp_path]) == expected
    assert files([f"{tmp_path.as_posix()}/*.*[ltz]"]) == expected


def test_files_that_are_no_segments_all_count(tmp_path: Path) -> None:
    for name in ("golden.jsonl", "golden.jsonl.gz", "golden.parquet"):
        (tmp_path / name).touch()
    assert len(files([tmp_path])) == 3


def test_a_look_that_misses_a_segment_as_its_forms_are_exchanged_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, plain = tmp_path / "a.jsonl", tmp_path / f"{SEGMENT}.jsonl"
    other.touch()
    packed = tmp_path / f"{SEGMENT}.parquet"
    look = sources._found
    seen: list[list[Path]] = []

    def exchanged(arguments: Sequence[str | Path]) -> list[Path]:
        # The first look passes where the new form will be, and comes to where the old one was.
        seen.append(look(arguments))
        packed.touch()
        return seen[-1]

    assert not plain.exists()
    monkeypatch.setattr(sources, "_found", exchanged)
    assert files([tmp_path]) == [other, packed]
    assert len(seen) == 3
