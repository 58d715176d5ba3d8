"""Spark reads the file of the very name that is given, and no other that its patterns would find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demur.measure.records.opening import open_records
from tests.robustness.test_files_of_strangers import DECOYS, NAMES, SHAPES, WANTED, write_records


@pytest.mark.xdist_group("spark")
def test_spark_reads_a_file_by_its_exact_name(spark: Any, tmp_path: Path) -> None:
    for at, name in enumerate(NAMES):
        folder = tmp_path / str(at)
        folder.mkdir()
        for decoy in DECOYS:
            write_records(folder / f"{decoy}.parquet", ".parquet", -1.0)
        path = folder / f"{name}.parquet"
        write_records(path, ".parquet", float(at))
        found = open_records(spark, [str(path)], WANTED, SHAPES)
        assert found.table["answer.score"].to_pyarrow().to_pylist() == [at], name
