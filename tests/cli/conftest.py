"""A compiled policy to give to commands, and how to run them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from tests.cli.bundled import write_bundle

Run = Callable[..., Result]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `demur` in an empty folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, input: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, [str(one) for one in arguments], input=input)

    return run
