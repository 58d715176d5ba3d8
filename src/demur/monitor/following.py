"""A journal read on: at each evaluation only what is new, as far back as the windows reach."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import ibis

from demur.files import open_file
from demur.interop.record import UnreadableRecords
from demur.interop.sources import files
from demur.measure.measuring import read_and
from demur.measure.records.connecting import connect, embedded
from demur.measure.records.journal import is_final, is_outcome
from demur.measure.records.relation import TIME, Relation, UnreadableTable
from demur.measure.records.unreadable import Part, Skipped, Unreadable
from demur.monitor.history import MICROSECONDS, History, Reading, read_history
from demur.service.journal.folder import is_segment, stem, whole_lines

OUTCOMES_KEPT = 3600.0
"""Seconds for which what tells of outcomes is kept beyond the windows, where clocks disagree."""
_LOOKS = 5
"""How often the folder is looked at anew when a segment was packed or removed meanwhile."""
_SEGMENT = "segment"
"""The column with the segment that a line is of."""
_ROWS = "kept.main.lines"
_COPIED = 1024 * 1024
"""Bytes that are copied at once."""


class Histories(Protocol):
    """Where a monitor has its records from."""

    def history(self, since: float) -> History:
        """All that is there now after `since`, in seconds since the epoch. Raises `UnreadableTable`."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """Records that are read as a whole each time: a table of an engine, or files, once."""

    sources: Sequence[str]
    reading: Reading
    engine: str | None

    def history(self, since: float) -> History:
        """All records, those before `since` too. Raises `UnreadableTable`."""
        del since
        return read_history(connect(self.engine), self.sources, self.reading)


def source_of(
    sources: Sequence[str], reading: Reading, engine: str | None, *, goes_on: bool
) -> Histories:
    """Where the records come from: files that are read again and again are followed."""
    if goes_on and engine in (None, "duckdb"):
        return Followed(sources, reading)
    return Whole(sources, reading, engine)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was read: what it was then, how many bytes and lines of it, and records without a time.

    `unreadable` is what of it is no record.
    """

    inode: int
    changed: int
    size: int
    untimed: int = 0
    lines: int = 0
    unreadable: Unreadable | None = None


class _Unlike(Exception):
    """Lines that the engine must hold in other columns than those before."""


class Followed:
    """Files of a journal, of which the lines that windows may still need are kept in a file of DuckDB's.

    Of JSONL that grows the new whole lines are read. A segment that was packed, or a file that is
    another than before, is read anew and replaces its lines; one that is gone takes them with it. So
    what is kept is what reading everything would find, whatever order records come in.
    """

    def __init__(self, sources: Sequence[str], reading: Reading) -> None:
        self._sources = tuple(sources)
        self._reading = reading
        self._folder = TemporaryDirectory(prefix="demur-")
        self._read: dict[str, dict[Path, _File]] = {}
        self._texts: frozenset[str] | None = None
        self._connection: Any = None
        self._whole: Whole | None = None

    def history(self, since: float) -> History:
        """What is there after `since`, which must not go back. Raises `UnreadableTable`."""
        if self._whole is None:
            try:
                return self._followed(since)
            except _Unlike:
                # Rare: text that no engine holds. Then nothing is kept, and all is read each time.
                self._whole = Whole(self._sources, self._reading, None)
        return self._whole.history(since)

    def close(self) -> None:
        """Removes what is kept."""
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
        self._folder.cleanup()

    def _followed(self, since: float) -> History:
        self._connect()
        for look in range(_LOOKS):
            try:
                self._read_on(since)
                break
            except FileNotFoundError as failure:
                if look + 1 == _LOOKS:
                    raise UnreadableTable(f"{failure.filename}: the file is gone") from None
        connection = self._connection
        if self._texts is None:
            # Nothing but empty files: the usual reader says what that is.
            return read_history(connection, self._sources, self._reading)
        connection.raw_sql(f"DELETE FROM {_ROWS} WHERE NOT {_is_kept(since)}")
        connection.raw_sql("CHECKPOINT kept")
        lines = connection.table("lines", database="kept.main").drop(_SEGMENT)
        found = self._reading.history(Relation(connection, lines, self._texts), self._sources)
        parts = [one for parts in self._read.values() for one in parts.values()]
        unreadable = tuple(one.unreadable for one in parts if one.unreadable is not None)
        untimed = sum(one.untimed for one in parts)
        return replace(found, untimed=untimed, unreadable=unreadable)

    def _connect(self) -> None:
        """A connection for one evaluation: what it makes on the way goes with it."""
        if self._connection is not None:
            self._connection.disconnect()
        self._connection = embedded()
        path = Path(self._folder.name) / "lines.duckdb"
        self._connection.raw_sql(f"ATTACH '{path.as_posix()}' AS kept")

    def _read_on(self, since: float) -> None:
        found = _segments(self._sources)
        for name in [*self._read]:
            if name not in found:
                self._forget(name)
        for name, paths in found.items():
            known = self._read.get(name, {})
            if known.keys() - paths or any(_is_other(path, known[path]) for path in known):
                self._forget(name)
            for path in paths:
                self._read_file(name, path, since)

    def _forget(self, name: str) -> None:
        if self._texts is not None:
            self._connection.con.execute(f"DELETE FROM {_ROWS} WHERE {_SEGMENT} = ?", [name])
        self._read.pop(name, None)

    def _read_file(self, name: str, path: Path, since: float) -> None:
        known = self._read.get(name, {}).get(path)
        now = path.stat()
        if not _grows(path):
            if known is None:
                skipped = Skipped()
                untimed = self._add(name, path, since, skipped)
                unreadable = skipped.files.get(path)
                found = _File(
                    now.st_ino, now.st_mtime_ns, now.st_size, untimed, unreadable=unreadable
                )
                self._read.setdefault(name, {})[path] = found
            return
        before = known or _File(0, 0, 0)
        new = Path(self._folder.name) / "new.jsonl"
        end, lines = _copied(path, before.size, new)
        untimed, unreadable = before.untimed, before.unreadable
        if end > before.size:
            skipped = Skipped(Part(path, before.lines))
            untimed += self._add(name, new, since, skipped)
            more = skipped.files.get(path)
            if more is not None:
                unreadable = more if unreadable is None else unreadable.and_then(more)
        self._read.setdefault(name, {})[path] = _File(
            now.st_ino, now.st_mtime_ns, end, untimed, before.lines + lines, unreadable
        )

    def _add(self, name: str, path: Path, since: float, skipped: Skipped) -> int:
        """Keeps the file's lines that are needed; how many records have no time."""

        def insert(relation: Relation) -> int:
            if self._texts not in (None, relation.texts):
                raise _Unlike
            table = relation.table
            table = table.filter(is_final(table) | is_outcome(table)).mutate(
                **{_SEGMENT: ibis.literal(name)}
            )
            query = self._connection.compile(table)
            connection = self._connection
            connection.raw_sql(f"CREATE TEMPORARY TABLE new_lines AS {query}")
            try:
                connection.raw_sql(
                    f"CREATE TABLE IF NOT EXISTS {_ROWS} AS SELECT * FROM new_lines LIMIT 0"
                )
                ((untimed,),) = connection.raw_sql(
                    f'SELECT count(*) FROM new_lines WHERE "{TIME}" IS NULL AND "demur.kind" IS NULL'
                ).fetchall()
                connection.raw_sql(
                    f"INSERT INTO {_ROWS} SELECT * FROM new_lines WHERE {_is_kept(since)}"
                )
            finally:
                connection.raw_sql("DROP TABLE new_lines")
            self._texts = relation.texts
            return int(untimed)

        reading = self._reading
        return read_and(
            self._connection, [str(path)], reading.wanted, reading.policy, insert, skipped
        )


def _segments(sources: Sequence[str]) -> dict[str, dict[Path, None]]:
    """The files by the segment that they are of. Raises `UnreadableTable`."""
    try:
        paths = files(sources)
    except UnreadableRecords as failure:
        raise UnreadableTable(str(failure)) from None
    found: dict[str, dict[Path, None]] = {}
    for path in paths:
        name = path.parent / stem(path) if is_segment(path) else path
        found.setdefault(name.as_posix(), {})[path] = None
    return found


def _grows(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _is_other(path: Path, known: _File) -> bool:
    """Whether the file is another than was read, and not one that only grew."""
    now = path.stat()
    if now.st_ino != known.inode or now.st_size < known.size:
        return True
    return not _grows(path) and (now.st_mtime_ns, now.st_size) != (known.changed, known.size)


def _copied(path: Path, start: int, target: Path) -> tuple[int, int]:
    """Copies the whole lines from `start` on; where they end, and how many they are."""
    lines = 0
    with open_file(path) as file, target.open("wb") as into:
        end = whole_lines(file.fileno(), os.fstat(file.fileno()).st_size)
        file.seek(start)
        for part in _parts(file, end - start):
            into.write(part)
            lines += part.count(b"\n")
    return max(start, end), lines


def _parts(file: Any, size: int) -> Iterator[bytes]:
    while size > 0 and (part := file.read(min(size, _COPIED))):
        size -= len(part)
        yield part


def _is_kept(since: float) -> str:
    first, earlier = (round(one * MICROSECONDS) for one in (since, since - OUTCOMES_KEPT))
    return f'("{TIME}" > {first} OR ("demur.kind" IS NOT NULL AND "{TIME}" > {earlier}))'
