"""A journal read back: its lines in the order of time, and records with what became of them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, BinaryIO, cast

from demur.files import open_file
from demur.runtime.strict_json import MalformedLine, identity_problem, record_of
from demur.service.journal import parquet
from demur.service.journal.fields import DECISION, LOST, OUTCOME
from demur.service.journal.folder import segments
from demur.service.journal.line import FORMAT
from demur.service.journal.writer import JournalError

MAXIMUM_LINE = 16 * 1024 * 1024
"""Bytes of a line beyond which it is not read."""
_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""


class UnreadableJournal(Exception):
    """A folder that is no journal, or that cannot be read. The message begins with the code."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal and where it stands: its segment, and its number from 1 in it."""

    path: Path
    number: int
    value: dict[str, Any]

    @property
    def kind(self) -> str:
        """`decision`, `outcome` or `lost`."""
        return self.value["demur"].get("kind") or DECISION

    @property
    def is_final(self) -> bool:
        """Whether it is the decision that counts for its trace."""
        return self.kind == DECISION and self.value["demur"].get("final") is True

    @property
    def trace_id(self) -> str:
        """The trace that the line is of, empty where it is of none."""
        found = self.value.get("trace_id")
        return found if isinstance(found, str) else ""

    @property
    def time(self) -> str:
        """When the line was made, as text that sorts by time; empty where it does not say."""
        found = self.value.get("time")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a journal cannot be read. `is_cut` where a segment ends within a line.

    That is so while it is being written, and after a kill until a journal is opened in the folder.
    """

    path: Path
    number: int
    reason: str
    is_cut: bool = False

    def __str__(self) -> str:
        code = "DM943" if self.is_cut else "DM950"
        return f"{self.path.as_posix()}:{self.number}: {code}: {self.reason}"


def read_journal(folder: Path) -> Iterator[Line | Damage]:
    """Every line of every segment, in the order of time, and what cannot be read.

    Within a segment the order is that in which it was written, even where a clock went back. A file
    is read as a journal of one segment. Raises `UnreadableJournal`.
    """
    try:
        paths = segments(folder) if folder.is_dir() else [folder]
    except OSError as failure:
        raise UnreadableJournal(f"DM951: {folder.as_posix()}: {_reason(failure)}") from None
    if not paths or not folder.exists():
        what = "the folder has no segment" if paths or folder.is_dir() else "there is no journal"
        if not folder.exists():
            what = "there is no such folder"
        raise UnreadableJournal(f"DM951: {folder.as_posix()}: {what} of a journal")
    inside = folder if folder.is_dir() else None
    # A segment is opened when its first line's turn has come, so that few are open at a time.
    waiting = sorted((_first_time(path, inside), at, path) for at, path in enumerate(paths))
    waiting.reverse()
    turns: list[tuple[str, int, Line | Damage, Iterator[Line | Damage]]] = []
    while turns or waiting:
        while waiting and (not turns or waiting[-1][0] <= turns[0][0]):
            first, at, path = waiting.pop()
            _advance(turns, first, at, _segment(path, inside))
        if turns:
            time, at, one, rest = heappop(turns)
            yield one
            _advance(turns, time, at, rest)


def outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of each trace: of what several lines tell, the last counts."""
    found: dict[str, dict[str, Any]] = {}
    for one in read_journal(folder):
        if isinstance(one, Line) and one.kind == OUTCOME:
            told = one.value.get("outcome")
            found.setdefault(one.trace_id, {}).update(told if isinstance(told, dict) else {})
    return found


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """The final decisions' lines, each with the outcome of its trace where one was told."""
    told = outcomes(folder)
    for one in read_journal(folder):
        if isinstance(one, Line) and one.is_final:
            outcome = told.get(one.trace_id)
            yield {**one.value, "outcome": outcome} if outcome else one.value


def lost(line: Line) -> int:
    """How many lines this one says are missing."""
    number = line.value["demur"].get("lost") if line.kind == LOST else 0
    # A line that takes back what others say is missing says nothing.
    return max(0, number) if isinstance(number, int) else 0


def _advance(
    turns: list[tuple[str, int, Line | Damage, Iterator[Line | Damage]]],
    time: str,
    at: int,
    rest: Iterator[Line | Damage],
) -> None:
    one = next(rest, None)
    if one is not None:
        later = max(time, one.time) if isinstance(one, Line) else time
        heappush(turns, (later, at, one, rest))


def _first_time(path: Path, inside: Path | None) -> str:
    first = next((one for one in _segment(path, inside) if isinstance(one, Line)), None)
    return "" if first is None else first.time


def _segment(path: Path, inside: Path | None) -> Iterator[Line | Damage]:
    number = 0
    try:
        if path.name.endswith(".parquet"):
            for number, value in enumerate(parquet.read(path, inside), 1):
                problem = identity_problem(value)
                yield Damage(path, number, problem) if problem else _checked(path, number, value)
            return
        with open_file(path, inside=inside, hidden=True) as plain:
            file = plain if path.suffix != ".gz" else cast(BinaryIO, gzip.GzipFile(fileobj=plain))
            while data := file.readline(MAXIMUM_LINE + 1):
                number += 1
                if data.strip():
                    yield _parsed(path, number, data)
    except FileNotFoundError:
        # Retention took it, or it was packed, since the folder was looked at.
        yield Damage(path, number + 1, "The segment is gone; read the journal again.")
    except JournalError as failure:
        raise UnreadableJournal(str(failure)) from None
    except (EOFError, OSError, zlib.error) as failure:
        yield Damage(path, number + 1, f"The segment cannot be read: {_reason(failure)}.")


def _parsed(path: Path, number: int, data: bytes) -> Line | Damage:
    if not data.endswith(b"\n"):
        if len(data) > MAXIMUM_LINE:
            return Damage(path, number, "The line has more than 16 MiB.")
        return Damage(path, number, "The segment ends within this line.", is_cut=True)
    try:
        return _checked(path, number, record_of(data.removeprefix(_MARK) if number == 1 else data))
    except MalformedLine as wrong:
        return Damage(path, number, wrong.message)


def _checked(path: Path, number: int, value: Any) -> Line | Damage:
    demur = value.get("demur") if isinstance(value, dict) else None
    written = demur.get("journal") if isinstance(demur, dict) else None
    if not isinstance(written, int) or isinstance(written, bool):
        return Damage(path, number, "This is no line of a journal.")
    if written > FORMAT:
        return Damage(path, number, f"The line is of format {written}: read it with a newer demur.")
    return Line(path, number, value)


def _reason(failure: Exception) -> str:
    return getattr(failure, "strerror", None) or str(failure) or type(failure).__name__
