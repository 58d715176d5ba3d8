"""A link leads to the part of a runbook that it names, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.interop.runbooks import resolved, section

RUNBOOK = """\
# Runbook

## One

First.

### Deeper

Second.

<a id="explicit"></a>
Third.

## Two

Fourth.
"""


@pytest.mark.parametrize(
    ("link", "runbook", "expected"),
    [
        (None, None, None),
        (None, "book.md", "book.md"),
        ("#one", "book.md", "book.md#one"),
        ("#one", "book.md#two", "book.md#one"),
        ("#one", None, "#one"),
        ("other.md#one", "book.md", "other.md#one"),
        ("https://wiki.example/x", "book.md", "https://wiki.example/x"),
    ],
)
def test_a_link_is_resolved_with_the_policys_runbook(
    link: str | None, runbook: str | None, expected: str | None
) -> None:
    assert resolved(link, runbook) == expected


@pytest.mark.parametrize(
    ("anchor", "first", "last"),
    [
        ("one", "## One", "Third."),
        ("deeper", "### Deeper", "Third."),
        ("explicit", '<a id="explicit"></a>', "Third."),
        ("two", "## Two", "Fourth."),
        ("runbook", "# Runbook", "Fourth."),
    ],
)
def test_a_section_ends_where_the_next_of_its_level_begins(
    anchor: str, first: str, last: str, tmp_path: Path
) -> None:
    (tmp_path / "book.md").write_text(RUNBOOK, "utf-8")
    lines = section(tmp_path, f"book.md#{anchor}").splitlines()
    assert (lines[0], lines[-1]) == (first, last)


def test_without_an_anchor_the_whole_runbook_is_meant(tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text(RUNBOOK, "utf-8")
    assert section(tmp_path, "book.md") == RUNBOOK


@pytest.mark.parametrize("link", [None, "#three", "gone.md", "book.pdf", "https://wiki.example/x"])
def test_what_leads_to_no_text_gives_none(link: str | None, tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text(RUNBOOK, "utf-8")
    (tmp_path / "book.pdf").write_text("no text", "utf-8")
    assert section(tmp_path, link and resolved(link, "book.md")) == ""
