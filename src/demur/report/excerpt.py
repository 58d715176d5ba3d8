"""The line of a file that a finding is about, with carets under the part that is meant."""

from __future__ import annotations

from rich.cells import cell_len

from demur.diagnostics import Span
from demur.interop.escaping import calm

WIDTH = 100
"""Cells of a source line that are shown; of a longer one, the part around the finding."""
_BEFORE = 40
"""Cells shown before the finding where a line is cut."""
_TAB = "    "


def excerpt(text: str, span: Span) -> tuple[str, str] | None:
    """The first line under `span` and a line of carets; None for a place that is not in the text.

    Control characters are shown as U+FFFD, so that no file can write to a terminal.
    """
    lines = text.split("\n")
    if not 1 <= span.start.line <= len(lines):
        return None
    line = lines[span.start.line - 1].removesuffix("\r")
    start = min(span.start.column - 1, len(line))
    end = span.end.column - 1 if span.end.line == span.start.line else len(line)
    before, marked, after = (
        "".join(map(_shown, part)) for part in (line[:start], line[start:end], line[end:])
    )
    if cell_len(before + marked + after) > WIDTH:
        before, marked, after = _cut(before, marked, after)
    indent = " " * cell_len(before)
    return calm(f"{before}{marked}{after}".rstrip()), indent + "^" * max(cell_len(marked), 1)


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    return character if character.isprintable() else "\ufffd"


def _cut(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """The parts shortened, so that together they have at most `WIDTH` cells, give or take marks."""
    if cell_len(before) > _BEFORE:
        before = "…" + _last(before, _BEFORE)
    room = WIDTH - cell_len(before)
    if cell_len(marked) > room:
        return before, _first(marked, room) + "…", ""
    room -= cell_len(marked)
    return before, marked, after if cell_len(after) <= room else _first(after, room) + "…"


def _first(text: str, cells: int) -> str:
    """The longest beginning of at most so many cells."""
    size = 0
    for position, character in enumerate(text):
        size += cell_len(character)
        if size > cells:
            return text[:position]
    return text


def _last(text: str, cells: int) -> str:
    return _first(text[::-1], cells)[::-1]
