"""The journal: each decision with its record, as an observer of a guard."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Lock
from time import time as now
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from demur.policy import Policy
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.journal import parquet
from demur.service.journal.finishing import Finisher, Form, Retention
from demur.service.journal.folder import heal
from demur.service.journal.line import Layout, Pending
from demur.service.journal.masking import Masking
from demur.service.journal.segments import Segments
from demur.service.journal.writer import Batch, JournalError, Sink, Writer, wait_for

if TYPE_CHECKING:
    from types import TracebackType

_LOG = logging.getLogger("demur.journal")
_FORMS: tuple[Form, ...] = ("jsonl", "gzip", "parquet")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
_POLICIES = 16
"""Policies whose layouts are kept; what a reload left behind is read again when it is needed."""
_OPEN: WeakSet[Journal] = WeakSet()


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """How a journal stands, since it was opened in this process.

    `written` lines are in it, `waiting` ones not yet, and `lost` ones never will be, by reason:
    `overflow` of the queue, `failed` to be written in durable mode, `closed` before they were, and
    `error` in demur. `healed` segments ended within a line. `failure` is why writing fails now.
    """

    written: int
    waiting: int
    lost: Mapping[str, int]
    healed: int
    failure: str | None


class Journal:
    """Writes every check that it is told of. Safe among threads, and after a fork.

    `folder` gets segments `NAME-<utc start>-<pid>-<n>.jsonl`, each of at most about `maximum_bytes`
    or `maximum_age` seconds. Closed ones stay (`form` `jsonl`), are packed (`gzip`), or are written by
    columns (`parquet`); the newest are kept as `retention` says. With a `sink` lines go there instead,
    as to `demur.service.journal.otlp`.

    At most `maximum_lines` lines of `maximum_queue_bytes` bytes wait to be written; what comes on top is
    lost and counted. A `durable` journal returns from each check when the line is on the disk, together
    with all that wait at that time. `masking` says what becomes of personal values; by default they are
    left out.

    Never raises for a folder that cannot be written to: that is logged, and tried again. Raises
    `JournalError` for a setting that cannot be, or an extra that is not installed.
    """

    def __init__(
        self,
        folder: str | PathLike[str] | None = None,
        *,
        name: str = "journal",
        form: Form = "jsonl",
        durable: bool = False,
        masking: Masking | None = None,
        retention: Retention | None = None,
        maximum_bytes: int = 64 * 1024 * 1024,
        maximum_age: float = 3600.0,
        maximum_lines: int = 50_000,
        maximum_queue_bytes: int = 64 * 1024 * 1024,
        sink: Sink | None = None,
    ) -> None:
        self._masking = masking or Masking()
        self._layouts: dict[str, Layout] = {}
        self._policies: dict[str, Policy] = {}
        self._latest: Evaluator | None = None
        self._lock = Lock()
        self._finisher: Finisher | None = None
        self._healed = 0
        self.durable = durable
        """Whether each check waits until its line is on the disk."""
        self.folder = None if folder is None else Path(folder)
        """Where the segments are; None for another sink."""
        if (folder is None) == (sink is None):
            raise JournalError("DM940: a journal has a folder or a sink, and not both")
        if not name or not _NAME.issuperset(name) or name.startswith("."):
            raise JournalError(
                f"DM940: a journal's name has letters, digits, `_` and `.`, not {name!r}"
            )
        if form not in _FORMS:
            raise JournalError(f"DM940: no form is called {form!r}: it is {', '.join(_FORMS)}")
        if form == "parquet":
            parquet.need_arrow()
        if self.folder is not None:
            self._finisher = Finisher(
                self.folder, name, form, retention or Retention(), self._known_policies
            )
            self._heal(self.folder, name)
            sink = Segments(
                self.folder,
                name,
                maximum_bytes=maximum_bytes,
                maximum_age=maximum_age,
                on_close=self._finisher.finish,
            )
        assert sink is not None
        self._sink = sink
        self._writer = Writer(
            sink, maximum_lines=maximum_lines, maximum_bytes=maximum_queue_bytes, durable=durable
        )
        _OPEN.add(self)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def observe(self, check: Check) -> None:
        """Records the check. Never raises, and waits in durable mode only.

        What cannot be recorded is logged, and counted in `status().lost`.
        """
        batch = self._accept(check)
        if self.durable and batch is not None:
            batch.done.wait(_PATIENCE)

    def write(self, check: Check, timeout: float = 30.0) -> None:
        """Records the check, and in durable mode returns when it is on the disk.

        Raises `JournalError` where it is lost, or not durable within `timeout` seconds.
        """
        batch = self._accept(check)
        if self.durable or batch is None:
            wait_for(batch, timeout)

    def outcome(
        self,
        trace_id: str,
        outcome: Mapping[str, Any],
        time: float | None = None,
        evaluator: Evaluator | None = None,
    ) -> None:
        """Records what became of a trace, by the names of the policy's `outcome`.

        `time` is when that was known, in seconds since the epoch, by default now. `evaluator` is the
        policy that says what of it is personal, by default the one that decided last. Raises
        `JournalError` where there is neither, and in durable mode where it is lost.
        """
        policy = evaluator or self._latest
        if policy is None:
            raise JournalError(
                "DM945: no policy says what of the outcome is personal: give `evaluator`"
            )
        layout = self._layouts.get(policy.digest) or self._layout(policy)
        batch = self._writer.put(
            layout.outcome_line(trace_id, outcome, now() if time is None else time)
        )
        if self.durable:
            wait_for(batch, _PATIENCE)

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until all that was recorded so far is written; whether it was, in `timeout` seconds."""
        return self._writer.flush(timeout)

    def status(self) -> JournalStatus:
        """How the journal stands."""
        writer = self._writer
        return JournalStatus(
            writer.written, writer.waiting, dict(writer.lost), self._healed, writer.failure
        )

    def close(self, timeout: float = 10.0) -> None:
        """Writes what waits and closes the segment, in at most about `timeout` seconds each.

        Also done at the interpreter's end. What is recorded later is lost and counted.
        """
        self._writer.close(timeout)
        if self._finisher is not None:
            self._finisher.close(timeout)
        _OPEN.discard(self)

    def after_fork(self) -> None:
        """Begins anew in a child: the open segment and the lines that wait are the parent's."""
        self._lock = Lock()
        self._healed = 0
        self._sink.forget()
        if self._finisher is not None:
            self._finisher.begin()
        self._writer.begin()

    def _accept(self, check: Check) -> Batch | None:
        evaluator = check.evaluator
        self._latest = evaluator
        try:
            layout = self._layouts.get(evaluator.digest) or self._layout(evaluator)
            line: bytes | Pending | None = None
            if not self.durable and not self._writer.is_busy:
                line = layout.pending(check)
            if line is None:
                line = layout.decision_line(check)
        except Exception as failure:
            self._writer.fail(failure)
            return None
        return self._writer.put(line)

    def _layout(self, evaluator: Evaluator) -> Layout:
        layout = Layout(evaluator, self._masking)
        with self._lock:
            if len(self._layouts) >= _POLICIES:
                self._layouts.pop(next(iter(self._layouts)))
                self._policies.pop(next(iter(self._policies)))
            self._layouts[evaluator.digest] = layout
            self._policies[evaluator.digest] = evaluator.policy
        return layout

    def _known_policies(self) -> Mapping[str, Policy]:
        with self._lock:
            return dict(self._policies)

    def _heal(self, folder: Path, name: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._healed = heal(folder, name)
        except OSError as failure:
            _LOG.warning("DM941: the journal cannot be written: %s", failure)
        if self._healed:
            _LOG.warning("DM943: %d segments ended within a line, now cut off", self._healed)


_PATIENCE = 30.0
"""Seconds for which a durable journal lets a request wait for a disk that hangs."""


def _close_all() -> None:
    for journal in list(_OPEN):
        journal.close(timeout=5.0)


def _begin_anew() -> None:
    for journal in list(_OPEN):
        journal.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
