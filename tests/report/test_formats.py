"""Every format of lint results against its golden file; `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from demur import report
from demur.diagnostics import Checked
from tests.report.findings import CODES, RESULTS

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def _same_version_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demur.report.formats.sarif.version", lambda: "1.2.3")


def written(name: str, results: tuple[Checked, ...] = RESULTS) -> str:
    return click.unstyle(report.write(name, results, CODES))


def test_formats_are_found_by_folder() -> None:
    assert report.FORMATS == ("github", "json", "junit", "sarif", "text")


@pytest.mark.parametrize("name", report.FORMATS)
def test_format_is_as_its_golden_file(name: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    text = written(name)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", report.FORMATS)
def test_format_without_findings_is_as_its_golden_file(name: str) -> None:
    golden = GOLDEN / f"{name}-clean.txt"
    text = written(name, (Checked("policies/clean.yaml", "demur: 1\n", ()),))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")
