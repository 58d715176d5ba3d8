"""What a command loads: measuring's libraries take a second, and only measuring needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MEASURING = {"duckdb", "ibis", "numpy", "pandas", "pyarrow", "pyspark", "scipy"}
POLICY = "examples/support_rag/policy.yaml"
ROOT = Path(__file__).parents[2]


def _loaded(code: str) -> set[str]:
    """The packages that a fresh process has loaded after the code."""
    result = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n', *sys.modules)"],
        input="{}\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return {name.partition(".")[0] for name in result.stdout.splitlines()[-1].split()}


def test_importing_demur_loads_nothing_that_measuring_needs() -> None:
    assert not MEASURING & _loaded("import demur")


@pytest.mark.parametrize("arguments", [["--help"], ["lint", POLICY], ["decide", POLICY]])
def test_commands_that_measure_nothing_load_nothing_for_it(arguments: list[str]) -> None:
    loaded = _loaded(f"from demur.cli import cli\ntry: cli({arguments!r})\nexcept SystemExit: pass")
    assert "demur" in loaded
    assert not MEASURING & loaded
