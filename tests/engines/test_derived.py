"""Engines measure policies with derived signals as Python does: what records bring is taken there too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.engines.test_agreement import assert_alike
from tests.runtime.test_derivation import MADE

_TEXTS = ["red tent", "A blue stove and a red tent", "so it is", "x", "", None, 7]
_LENGTHS = [3, 15, 99, "8", True, None, 2.5, {"demur_unavailable": "not_derived"}]


def records(pick: random.Random, count: int) -> list[dict[str, Any]]:
    """Records of which some bring derived signals, some bring them malformed, some lack what they need."""

    def sometimes(name: str, values: list[Any], chance: float) -> dict[str, Any]:
        return {name: pick.choice(values)} if pick.random() < chance else {}

    documents = [[], [{"id": "a", "text": "A red tent."}], [{"id": "a"}], None, "no list"]
    return [
        {
            "id": f"r{at}",
            "retrieval": {
                **sometimes("documents", documents, 0.9),
                **sometimes("found", [0, 2, -1, "many", None], 0.2),
            },
            **sometimes("answer", [None, "no object"], 0.05),
            **(
                {
                    "answer": {
                        **sometimes("text", _TEXTS, 0.9),
                        **sometimes("length", _LENGTHS, 0.3),
                        **sometimes("support", [0.1, 0.9, 2, "high", None], 0.3),
                        **sometimes("is_long", [True, False, 1, None], 0.2),
                    }
                }
                if pick.random() < 0.95
                else {}
            ),
        }
        for at in range(count)
    ]


def assert_derived_alike(connection: Any, path: Path, seed: int) -> None:
    rows = records(random.Random(seed), 250)
    run = assert_alike(connection, path, MADE, rows, ("answer.is_long",), [(0,)])
    derived = {name for name in run.decided.fallbacks if name.startswith("signal ")}
    assert derived == {f"signal answer.{name}" for name in ("is_long", "length", "support")} | {
        "signal retrieval.found"
    }
    assert not [name for name in run.decided.fallbacks if name.startswith(("rule", "column"))]


@pytest.mark.parametrize("seed", range(4))
def test_duckdb_agrees_on_derived_signals(duckdb: Any, tmp_path: Path, seed: int) -> None:
    assert_derived_alike(duckdb, tmp_path / "r.jsonl", seed)


@pytest.mark.parametrize("seed", range(4, 6))
def test_postgres_agrees_on_derived_signals(postgres: Any, tmp_path: Path, seed: int) -> None:
    assert_derived_alike(postgres, tmp_path / "r.jsonl", seed)


@pytest.mark.xdist_group("spark")
def test_spark_agrees_on_derived_signals(spark: Any, tmp_path: Path) -> None:
    assert_derived_alike(spark, tmp_path / "r.jsonl", 6)
