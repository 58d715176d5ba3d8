"""The queue between the request path and the journal, and the thread that empties it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from threading import Condition, Event, Lock, Thread
from time import monotonic, perf_counter, sleep, time
from typing import Any, Protocol

from demur.service.failures import described, wanted
from demur.service.journal.line import Part, Pending, lost_line

_LOG = logging.getLogger("demur.journal")
DELAY = 0.05
"""Seconds for which lines are gathered before they are written, save in durable mode."""
_WARNINGS = {
    "closed": "DM944: the journal is closed, and lines are lost",
    "overflow": "DM942: the journal's queue is full, and lines are lost",
}
_KNOWN = 1000
"""Stages that are remembered while lines are made: those of a trace's lines are the same."""
_SLICE = 0.0002
"""Seconds for which lines are made at a stretch."""
_FIRST_RETRY = 0.1
_LAST_RETRY = 5.0
"""Seconds after which a failed write is tried again, doubled each time from the first to the last."""


class JournalError(Exception):
    """A line that is not in the journal. The message begins with the code."""


class Sink(Protocol):
    """Where lines go: files, or a collector."""

    def write(self, lines: Sequence[bytes], *, durable: bool) -> None:
        """Writes all the lines or, raising OSError, none."""
        ...

    def tend(self) -> None:
        """Does what has fallen due."""
        ...

    def due(self) -> float:
        """Seconds until something falls due; infinite for never."""
        ...

    def close(self) -> None:
        """Ends what was written; a later line begins anew."""
        ...

    def forget(self) -> None:
        """After a fork, in the child: leaves alone what is the parent's."""
        ...


class Batch:
    """Lines that are written, and if need be made durable, together: a group commit."""

    __slots__ = ("done", "failure", "lines", "size")

    def __init__(self) -> None:
        self.lines: list[bytes | Pending] = []
        self.size = 0
        self.done = Event()
        self.failure: OSError | None = None


class Writer:
    """Takes lines from any thread and writes them from one of its own.

    At most `maximum_lines` lines and `maximum_bytes` bytes wait; what comes on top is lost and
    counted, and so is what could not be written. A line in the journal tells of it. Where writing
    fails, lines wait and are tried again; in durable mode they fail, and whoever waits is told.
    """

    def __init__(
        self, sink: Sink, *, maximum_lines: int, maximum_bytes: int, durable: bool
    ) -> None:
        self._sink = sink
        self._maximum_lines = maximum_lines
        self._maximum_bytes = maximum_bytes
        self._durable = durable
        self.begin()

    def begin(self) -> None:
        """Begins with nothing; also after a fork, in the child, where locks may be held for ever."""
        self._lock = Lock()
        self._written_or_lost = Condition(self._lock)
        self._writing = Lock()
        self._there = Event()
        self._urgent = Event()
        self._batch = Batch()
        self._thread: Thread | None = None
        self._is_closed = False
        self._accepted = 0
        self._settled = 0
        self._retry = 0.0
        self._unreported: Counter[str] = Counter()
        self._warned: set[str] = set()
        self.written = 0
        self.lost: Counter[str] = Counter()
        self.failure: str | None = None
        """Why the last attempt to write failed; None where it did not."""

    @property
    def waiting(self) -> int:
        """How many lines are accepted and not yet written."""
        return self._accepted - self._settled

    @property
    def is_busy(self) -> bool:
        """Whether half of what may wait does, so that lines had better be made by whoever gives them."""
        waiting, size = self._accepted - self._settled, self._batch.size
        return waiting * 2 >= self._maximum_lines or size * 2 >= self._maximum_bytes

    def put(self, line: bytes | Pending) -> Batch | None:
        """Accepts the line, without waiting; the batch that it is in, or None where it is lost."""
        bytes_more = line.size if isinstance(line, Pending) else len(line)
        with self._lock:
            batch = self._batch
            number = len(batch.lines) + 1
            size = batch.size + bytes_more
            if self._is_closed:
                return self._lose("closed", 1)
            if self._accepted - self._settled >= self._maximum_lines or size > self._maximum_bytes:
                return self._lose("overflow", 1)
            batch.lines.append(line)
            batch.size = size
            self._accepted += 1
            if self._thread is None:
                self._start()
        if number == 1:
            self._there.set()
        is_half_full = number * 2 >= self._maximum_lines or size * 2 >= self._maximum_bytes
        if self._durable or (is_half_full and not self._retry):
            self._urgent.set()
        return batch

    def fail(self, failure: BaseException) -> None:
        """Counts a line that could not be made, and why."""
        if not self.lost["error"]:
            _LOG.error(
                "DM947: a check could not be written as a line (%s)",
                described(failure),
                exc_info=wanted(failure),
            )
        with self._lock:
            self._lose("error", 1)

    def flush(self, timeout: float) -> bool:
        """Waits until all that was accepted so far is written; whether it was, in `timeout` seconds."""
        with self._lock:
            wanted = self._accepted
            self._urgent.set()
            self._there.set()
            return self._written_or_lost.wait_for(lambda: self._settled >= wanted, timeout)

    def close(self, timeout: float) -> None:
        """Writes what waits, for at most about `timeout` seconds; what is left then is lost."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        self._urgent.set()
        self._there.set()
        if thread is not None:
            thread.join(timeout)
        if thread is None or not thread.is_alive():
            self._drain(last=True)
        with self._lock:
            left = self._batch
            self._batch = Batch()
            if left.lines:
                self._lose("closed", len(left.lines))
                self._settle(left)

    def _start(self) -> None:
        """Starts the thread; at the interpreter's end, where none can be, `close` writes instead."""
        self._thread = Thread(target=self._run, name="demur-journal", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None

    def _run(self) -> None:
        while not self._is_closed or self._batch.lines:
            due = self._sink.due()
            self._there.wait(None if due == float("inf") else max(due, 0.0))
            if not self._is_closed:
                self._urgent.wait(max(self._retry, 0.0 if self._durable else DELAY))
            self._there.clear()
            self._urgent.clear()
            if not self._drain(last=self._is_closed) and self._is_closed:
                return

    def _drain(self, *, last: bool) -> bool:
        """Writes what waits; whether that went well."""
        with self._writing:
            with self._lock:
                batch = self._batch
                self._batch = Batch()
                unreported = self._unreported
                self._unreported = Counter()
            # Where lines are missing is known to the batch, and no closer.
            told = [lost_line(number, reason, time()) for reason, number in unreported.items()]
            try:
                lines = self._made(batch)
                if told or lines:
                    self._sink.write([*told, *lines], durable=self._durable)
                else:
                    self._sink.tend()
            except Exception as failure:
                self._failed(batch, unreported, failure)
                return False
            with self._lock:
                self.written += len(batch.lines)
                if self.failure is not None:
                    _LOG.warning("DM941: the journal is written again")
                self.failure = None
                self._retry = 0.0
                self._settle(batch)
                if not self._unreported:
                    self._warned.clear()
            if last:
                self._sink.close()
            return True

    def _made(self, batch: Batch) -> list[bytes]:
        """The batch's lines, those that were pending made now; what cannot be one is lost."""
        known: dict[Any, Part] = {}
        made: list[bytes] = []
        since = perf_counter()
        for line in batch.lines:
            if not isinstance(line, Pending):
                made.append(line)
                continue
            if perf_counter() - since > _SLICE:
                # Lets requests go on that wait for the interpreter, which it would keep for longer.
                sleep(0)
                since = perf_counter()
            try:
                made.append(line.line(known))
            except Exception as failure:
                self.fail(failure)
            if len(known) >= _KNOWN:
                known.clear()
        if len(made) < len(batch.lines):
            with self._lock:
                self._settled += len(batch.lines) - len(made)
        batch.lines = [*made]
        return made

    def _failed(self, batch: Batch, unreported: Counter[str], failure: Exception) -> None:
        """Keeps the lines for another attempt, or, where someone waits for them, gives them up."""
        # What a disk or a collector says has no record in it; what is a fault here may have.
        is_known = isinstance(failure, OSError | JournalError)
        reason = (str(failure) if is_known else "") or described(failure)
        if self.failure is None:
            _LOG.warning("DM941: the journal cannot be written: %s", reason)
        with self._lock:
            self.failure = reason
            self._unreported.update(unreported)
            self._retry = min(max(2 * self._retry, _FIRST_RETRY), _LAST_RETRY)
            if self._durable:
                batch.failure = failure if isinstance(failure, OSError) else OSError(reason)
                self._lose("failed", len(batch.lines))
                self._settle(batch)
                self._retry = 0.0
                return
            batch.lines += self._batch.lines
            batch.size += self._batch.size
            self._batch = batch
            self._there.set()

    def _lose(self, reason: str, number: int) -> None:
        """Counts lost lines, and logs it once until lines are written without loss; the lock is held."""
        if not number:
            return
        if reason in _WARNINGS and reason not in self._warned:
            self._warned.add(reason)
            _LOG.warning(_WARNINGS[reason])
        self.lost[reason] += number
        self._unreported[reason] += number

    def _settle(self, batch: Batch) -> None:
        """Tells whoever waits for the batch; the lock is held."""
        self._settled += len(batch.lines)
        batch.done.set()
        self._written_or_lost.notify_all()


def wait_for(batch: Batch | None, timeout: float) -> None:
    """Waits until a line is durable. Raises `JournalError` where it is not, or not known to be."""
    if batch is None:
        raise JournalError(
            "DM942: the line is lost: the queue is full, the journal closed, or no line could be made"
        )
    deadline = monotonic() + timeout
    if not batch.done.wait(max(0.0, deadline - monotonic())):
        raise JournalError(f"DM941: the line was not durable within {timeout:g} s")
    if batch.failure is not None:
        raise JournalError(f"DM941: the line was not written: {batch.failure}") from batch.failure
