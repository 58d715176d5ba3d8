"""Every format of a gate's result: as its golden file, and with text that would like to act."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest

from demur.measure.results import GateResult
from demur.report import gates
from tests.report.gate_pages import HOSTILE, PASSING, TROUBLED, hostile

GOLDEN = Path(__file__).parent / "golden"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(autouse=True)
def _same_version_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("gates.json", "gates.sarif", "gates.markdown", "html.provenance"):
        monkeypatch.setattr(f"demur.report.{module}.version", lambda: "1.2.3")


def written(name: str, result: GateResult) -> str:
    text = click.unstyle(gates.write(name, result))
    # The style sheet is a file of its own, and no part of what is drawn.
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.S)
    return re.sub(r"'sha256-[^']*'", "'sha256-…'", text)


def test_formats_are_found_by_folder() -> None:
    assert gates.FORMATS == ("github", "html", "json", "junit", "markdown", "sarif", "text")


@pytest.mark.parametrize("name", gates.FORMATS)
@pytest.mark.parametrize("result", [TROUBLED, PASSING], ids=["troubled", "passing"])
def test_format_is_as_its_golden_file(name: str, result: GateResult) -> None:
    kind = "" if result is TROUBLED else "-passing"
    golden = GOLDEN / f"gate-{name}{kind}.txt"
    text = written(name, result)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", gates.FORMATS)
def test_nothing_that_a_record_holds_steers_a_terminal_or_keeps_the_report_from_being_written(
    name: str,
) -> None:
    text = written(name, hostile(TROUBLED, f"{HOSTILE}\r\n\x9b2J"))
    text.encode("utf-8")
    assert not ACTING.search(text.replace("\r\n", "\n") if name == "html" else text)


@pytest.mark.parametrize("name", gates.FORMATS)
def test_a_requirement_that_was_not_judged_is_an_error_in_every_format(name: str) -> None:
    bare = replace(PASSING, requirements=(replace(PASSING.requirements[0], judgements=()),))
    assert bare.verdict == "error"
    assert re.search('not judged|[Nn]othing was judged|"error"', written(name, bare))
