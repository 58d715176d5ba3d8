"""Lines that are no records: counted, and shown, where the rest of the records is wanted all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from demur.diagnostics import Diagnostic, Span, describe

MAXIMUM_PROBLEMS = 20
"""Unreadable lines that are shown."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What of a file cannot be read: how many lines, the first of them in words, and their latest time.

    When a line was made is not known where it cannot be read; but no line is younger than its file's last
    change, in seconds since the epoch. A file that cannot be read at all counts as one line.
    """

    lines: int
    shown: tuple[str, ...]
    latest: float

    def and_then(self, other: Unreadable) -> Unreadable:
        """Both together, of one file."""
        shown = (*self.shown, *other.shown)[:MAXIMUM_PROBLEMS]
        return Unreadable(self.lines + other.lines, shown, max(self.latest, other.latest))


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a file that were copied into another: which file, and how many lines come before them."""

    path: Path
    before: int


class Skipped:
    """Collects what a reader passes over, by file.

    Where one file that is read is a `part` of another, problems are told of that one.
    """

    def __init__(self, part: Part | None = None) -> None:
        self._part = part
        self.files: dict[Path, Unreadable] = {}

    def add(self, path: Path, problem: Diagnostic | str) -> None:
        """One more line of the file, or the file itself."""
        if isinstance(problem, Diagnostic):
            problem = describe(_placed(problem, self._part))
        file = path if self._part is None else self._part.path
        try:
            latest = file.stat().st_mtime
        except OSError:
            latest = inf
        one = Unreadable(1, (problem,), latest)
        known = self.files.get(file)
        self.files[file] = one if known is None else known.and_then(one)


def _placed(problem: Diagnostic, part: Part | None) -> Diagnostic:
    """The problem with its place in the file that people know."""
    if part is None or problem.span is None:
        return problem
    start, end = (
        replace(one, line=one.line + part.before) for one in (problem.span.start, problem.span.end)
    )
    return replace(problem, span=Span(part.path.as_posix(), start, end))


def lines_after(found: Iterable[Unreadable], since: float) -> int:
    """How many of the lines may be of a later time than this, in seconds since the epoch."""
    return sum(one.lines for one in found if one.latest > since)
