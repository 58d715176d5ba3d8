"""Where a library that a command needs is not installed, it says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.suites.systems import made, python_system

GATES = ROOT / "docs" / "examples" / "gates"
BLOCKED = """
import sys
library = sys.argv.pop(1)
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from demur.cli import main
main()
"""


def run(library: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED, library, *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("library", ["ibis", "duckdb", "numpy", "scipy"])
def test_a_gate_says_which_extra_it_needs(library: str) -> None:
    result = run(
        library,
        "gate",
        GATES / "answers.yaml",
        "--gate",
        "ship",
        "--results",
        GATES / "baseline.jsonl",
    )
    assert result.returncode == 4, result.stderr
    assert "pip install 'demur[gate]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("library", "engine", "extra"),
    [
        ("pyspark", "spark", "demur[spark]"),
        ("psycopg", "postgres://user:secret@127.0.0.1:1/x", "demur[postgres]"),
        ("google", "bigquery://project/dataset", "ibis-framework[bigquery]"),
        ("pyarrow", "duckdb", "demur[gate]"),
    ],
)
def test_an_engine_says_which_extra_it_needs(library: str, engine: str, extra: str) -> None:
    results = GATES / "baseline.jsonl"
    words = ("gate", GATES / "answers.yaml", "--gate", "ship", "--results", results)
    result = run(library, *words, "--no-keep", "--engine", engine)
    assert result.returncode == 4, result.stderr
    assert f"pip install '{extra}'" in result.stderr
    assert "secret" not in result.stderr
    assert "Traceback" not in result.stderr


def test_tests_of_alerts_say_which_extra_they_need() -> None:
    result = run("ibis", "test", ROOT / "docs" / "examples" / "alerts")
    assert result.returncode == 4
    assert "pip install 'demur[gate]'" in result.stderr


@pytest.mark.parametrize("words", [("lint", GATES), ("test", "docs/examples/tutorial")])
def test_what_needs_no_engine_runs_without(words: tuple[str | Path, ...]) -> None:
    for library in ("ibis", "duckdb", "numpy", "scipy", "pandas", "pyarrow"):
        result = run(library, *words)
        assert result.returncode == 0, result.stderr


def test_a_suite_behind_http_says_which_extra_it_needs(tmp_path: Path) -> None:
    made(tmp_path, "http://127.0.0.1:9/", 1)
    result = run("httpx", "run", tmp_path / "policy.yaml")
    assert result.returncode == 4
    assert "pip install 'demur[run]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("library", ["httpx", "ibis", "numpy", "pyarrow"])
def test_a_suite_of_a_python_function_needs_no_extra(tmp_path: Path, library: str) -> None:
    code = "def answer(case): return {'answer': {'score': 0.9}}\n"
    made(tmp_path, python_system(tmp_path, code), 1)
    result = run(library, "run", tmp_path / "policy.yaml")
    assert (result.returncode, result.stderr) == (0, "")
