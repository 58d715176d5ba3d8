"""What becomes of closed segments: packed, written by columns, and removed in the end."""

from __future__ import annotations

import gzip
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Literal

from demur.files import open_file
from demur.policy import Policy
from demur.service.journal import parquet
from demur.service.journal.folder import UNFINISHED, is_rest, replacing, segments, stem, taken

_LOG = logging.getLogger("demur.journal")
Form = Literal["jsonl", "gzip", "parquet"]


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a journal is kept: the newest segments by number, and by bytes. None keeps all."""

    segments: int | None = None
    bytes: int | None = None


class Finisher:
    """Works on closed segments, on a thread of its own that ends when there are none.

    A segment is in the folder in one form or the other whenever the process may be killed: the new
    one appears when it is whole, and then the old one goes. What a killed process left is finished
    with the next segment that closes.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        form: Form,
        retention: Retention,
        policies: Callable[[], Mapping[str, Policy]],
    ) -> None:
        self._folder = folder
        self._name = name
        self._form: Form = form
        self._retention = retention
        self._policies = policies
        self.begin()

    def begin(self) -> None:
        """Begins with nothing; also after a fork, in the child."""
        self._closed: SimpleQueue[Path] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None

    def finish(self, path: Path) -> None:
        """Sees to a closed segment, some time soon."""
        if self._form == "jsonl" and self._retention == Retention():
            return
        self._closed.put(path)
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = Thread(target=self._run, name="demur-journal-segments", daemon=True)
            try:
                self._thread.start()
                return
            except RuntimeError:  # at the interpreter's end, where no thread can start
                self._thread = None
        self._run()

    def close(self, timeout: float) -> None:
        """Waits until all segments are seen to, for at most `timeout` seconds."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        if not self._closed.empty():
            self._run()

    def _run(self) -> None:
        while True:
            try:
                self._closed.get_nowait()
            except Empty:
                return
            try:
                self._finish_all()
                self._retain()
            except Exception as failure:
                _LOG.warning("DM948: a closed segment stays as it is: %s", failure)

    def _finish_all(self) -> None:
        if self._form == "jsonl":
            return
        for path in segments(self._folder, self._name):
            if not path.name.endswith(UNFINISHED) or is_rest(path):
                continue
            with taken(path) as descriptor:
                if descriptor is not None:
                    self._finish(path)

    def _finish(self, path: Path) -> None:
        if self._form == "gzip":
            packed = path.with_name(f"{path.name}.gz")
            with (
                open_file(path) as plain,
                replacing(packed) as file,
                gzip.GzipFile(filename=path.name, fileobj=file, mode="wb", compresslevel=6) as into,
            ):
                shutil.copyfileobj(plain, into, 1024 * 1024)
        elif not parquet.convert(path, self._policies()):
            return
        path.unlink()

    def _retain(self) -> None:
        """Removes the oldest segments beyond what is kept; none that is being written."""
        kept = self._retention
        if kept == Retention():
            return
        files: dict[str, list[Path]] = {}
        for path in segments(self._folder, self._name):
            files.setdefault(stem(path), []).append(path)
        number = size = 0
        for paths in reversed(files.values()):
            number += 1
            size += sum(path.stat().st_size for path in paths)
            if (kept.segments is None or number <= kept.segments) and (
                kept.bytes is None or size <= kept.bytes
            ):
                continue
            for path in paths:
                with taken(path) as descriptor:
                    if descriptor is not None:
                        path.unlink(missing_ok=True)
