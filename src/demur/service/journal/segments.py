"""Lines into files: a segment at a time, closed by size or age and followed by the next."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from time import monotonic

from demur.service.journal.folder import UNFINISHED, lock, sync_folder

_LOG = logging.getLogger("demur.journal")
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Segments:
    """Writes lines to `NAME-<utc start>-<pid>-<n>.jsonl`, whole batches or nothing of them.

    A segment is closed at `maximum_bytes` or after `maximum_age` seconds, and told to `on_close`.
    Used by one thread at a time.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        maximum_bytes: int,
        maximum_age: float,
        on_close: Callable[[Path], None],
    ) -> None:
        self._folder = folder
        self._name = name
        self._maximum_bytes = maximum_bytes
        self._maximum_age = maximum_age
        self._on_close = on_close
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._size = 0
        self._opened = 0.0
        self._number = 0

    @property
    def path(self) -> Path | None:
        """The segment that is being written, None where none is."""
        return self._path

    def write(self, lines: Sequence[bytes], *, durable: bool) -> None:
        """Writes the lines; when it returns and they are `durable`, they outlive the machine's fall.

        Raises OSError, and then none of them is in the journal.
        """
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = self._open()
        data = memoryview(b"".join(lines))
        try:
            done = 0
            while done < len(data):
                done += os.write(descriptor, data[done:])
            if durable:
                os.fsync(descriptor)
        except OSError:
            self._undo(descriptor)
            raise
        self._size += len(data)
        if self._size >= self._maximum_bytes:
            self.close()
        else:
            self.tend()

    def tend(self) -> None:
        """Closes the segment if it is old enough."""
        if self._descriptor is not None and self.due() <= 0:
            self.close()

    def due(self) -> float:
        """Seconds until the segment is to be closed; infinite where none is open."""
        if self._descriptor is None:
            return float("inf")
        # The clock on the wall may go back; a segment's age is not taken from it.
        return self._opened + self._maximum_age - monotonic()

    def close(self) -> None:
        """Closes the segment for good; the next line begins another."""
        descriptor, path = self._descriptor, self._path
        self._descriptor = self._path = None
        if descriptor is None or path is None:
            return
        try:
            os.fsync(descriptor)
        except OSError as failure:
            _LOG.warning("DM941: %s may not be whole on the disk: %s", path.name, failure)
        finally:
            os.close(descriptor)
        self._on_close(path)

    def forget(self) -> None:
        """After a fork, in the child: the open segment is the parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = self._path = None
        self._number = 0

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        start = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        while True:
            self._number += 1
            name = f"{self._name}-{start}-{os.getpid()}-{self._number:06d}"
            # The name may have been used before: by another journal of this process, or before a clock
            # went back. A segment that was packed since has another ending, and readers take that one.
            if any(self._folder.glob(f"{escape(name)}.*")):
                continue
            path = self._folder / f"{name}{UNFINISHED}"
            try:
                descriptor = os.open(path, _FLAGS, 0o640)
                break
            except FileExistsError:
                continue
        lock(descriptor)
        sync_folder(self._folder)
        self._descriptor, self._path = descriptor, path
        self._size = 0
        self._opened = monotonic()
        return descriptor

    def _undo(self, descriptor: int) -> None:
        """Takes off what was written in part, and closes the segment."""
        path = self._path
        assert path is not None
        with suppress(OSError):
            os.ftruncate(descriptor, self._size)
        self._descriptor = self._path = None
        with suppress(OSError):
            os.close(descriptor)
        if self._size:
            self._on_close(path)
            return
        with suppress(OSError):
            path.unlink()
