"""The results of a run as they come: a line a case in `RESULTS.part`, in whatever order cases end.

Its first line is the run's manifest. Each line is handed to the system whole before the next case is
noted, so a kill costs at most the line that was being written, which is cut off when the run goes on.
When all cases have a line they are copied in the cases' order and take the place of the results, so
that results which a gate reads are never half of a run. Both are for their owner alone, as long as nobody
gives them other permissions: they hold all that the cases and the system say.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from demur.files import continue_file, open_file
from demur.interop.replacing import PRIVATE, replacing
from demur.service.journal.folder import lock
from demur.suites.codes import SuiteError
from demur.suites.failure import CaseFailed
from demur.suites.manifest import Manifest
from demur.suites.records import parsed

_OPENING = b'{"format":"demur.run/1"'
"""What a file of partial results begins with."""


def part_path(results: Path) -> Path:
    """Where a run's results stand until it is finished."""
    return results.with_name(f"{results.name}.part")


class PartialResults:
    """The results of a run that goes on; no other process can write them meanwhile.

    `earlier` is the manifest of an interrupted run that stood there, whose lines are taken up by
    `resume`; what is neither resumed nor begun anew stays as it is. Raises `SuiteError`, OSError.
    """

    def __init__(self, results: Path) -> None:
        self.path = part_path(results)
        self._results = results
        self._lines: dict[str, tuple[int, int]] = {}
        self._kinds: dict[str, str | None] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = continue_file(self.path, PRIVATE)
        try:
            if not lock(self._file.fileno()):
                message = f"Another run is writing {results.as_posix()}."
                raise SuiteError("DM856", message, "Wait for it, or write elsewhere: -o FILE.")
            self.earlier = self._read_manifest()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    @property
    def done(self) -> frozenset[str]:
        """The ids of the cases that have a line."""
        return frozenset(self._lines)

    @property
    def errors(self) -> dict[str, int]:
        """How many lines have an error, by its kind."""
        found: dict[str, int] = {}
        for kind in self._kinds.values():
            if kind is not None:
                found[kind] = found.get(kind, 0) + 1
        return found

    def begin(self, manifest: Manifest) -> None:
        """Empties the file and writes the manifest."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(manifest.model_dump_json(exclude_none=True).encode() + b"\n")
        self._file.flush()

    def resume(self, known: Iterable[str], *, failed: bool) -> None:
        """Takes up the lines that are whole and of known cases; with `failed`, not those with an error.

        Whatever follows a line that is not whole is cut off.
        """
        wanted = set(known)
        self._file.seek(0)
        end = len(self._file.readline())
        for line in self._file:
            found = _identity(line)
            if found is None:
                break
            id, kind = found
            if id in wanted and not (failed and kind):
                self._lines[id] = (end, len(line))
                self._kinds[id] = kind
            end += len(line)
        self._file.seek(end)
        self._file.truncate()

    def take_over(self, results: Path, known: Iterable[str]) -> None:
        """Copies the lines without an error from finished results. Raises OSError."""
        wanted = set(known)
        with open_file(results) as file:
            for line in file:
                found = _identity(line)
                if found and found[0] in wanted and found[0] not in self._lines and not found[1]:
                    self.add(found[0], line, None)

    def add(self, id: str, line: bytes, kind: str | None) -> None:
        """Writes a case's line; `kind` is its error's. Raises OSError."""
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        self._lines[id] = (start, len(line))
        self._kinds[id] = kind

    def finish(self, order: Sequence[str]) -> None:
        """Puts the lines in this order in the place of the results. Raises OSError."""
        is_new = not self._results.exists()
        with replacing(self._results, private=is_new) as file:
            for line in self._ordered(order):
                file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def discard(self) -> None:
        """Removes the file, whose lines are now in the results."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _ordered(self, order: Sequence[str]) -> Iterator[bytes]:
        for id in order:
            start, length = self._lines[id]
            self._file.seek(start)
            yield self._file.read(length)

    def _read_manifest(self) -> Manifest | None:
        self._file.seek(0)
        first = self._file.readline(1024 * 1024)
        if not first.endswith(b"\n") and _OPENING.startswith(first[: len(_OPENING)]):
            # The file is new, or the run was killed while it wrote this line.
            return None
        try:
            return Manifest.model_validate_json(first)
        except ValidationError:
            message = f"{self.path.as_posix()} was not written by `demur run`."
            raise SuiteError(
                "DM859", message, "Move it away, or write elsewhere: -o FILE."
            ) from None


def commonest_error(results: Path, *, texts: bool) -> tuple[str, int] | None:
    """What the most results with an error say, and how many do; None where none has one.

    Without `texts` in words that quote no case. Raises OSError.
    """
    names = ("message", "kind") if texts else ("summary", "kind")
    said: Counter[str] = Counter()
    with open_file(results) as file:
        for line in file:
            try:
                error = parsed(line).get("error")
            except CaseFailed:
                continue
            if isinstance(error, dict):
                said[next((str(error[one]) for one in names if error.get(one)), "")] += 1
    return said.most_common(1)[0] if said else None


def has_each_once(results: Path, ids: Iterable[str]) -> bool:
    """Whether the file has a whole line for each of these cases, and no other. Raises OSError."""
    with open_file(results) as file:
        found = [None if one is None else one[0] for one in map(_identity, file)]
    return sorted(found, key=str) == sorted(ids)


def _identity(line: bytes) -> tuple[str, str | None] | None:
    """The id of a record and the kind of its error; None for a line that is no whole record."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = parsed(line)
    except CaseFailed:
        return None
    error = record.get("error")
    kind = str(error.get("kind")) if isinstance(error, dict) else None
    return str(record.get("id")), kind
