"""Disk full, folder unwritable, clock going back, queue full: the service goes on, losses are told."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from demur.service.journal import Journal, JournalError
from demur.service.journal.folder import segments
from demur.service.journal.reading import lost
from tests.conftest import ROOT, skip_unless_ci
from tests.service.journal.checks import check, compiled, lines


class Gate:
    """A sink that writes nothing until it is opened, or fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.open = threading.Event()
        self.failures = failures
        self.lines: list[bytes] = []

    def write(self, lines: Sequence[bytes], *, durable: bool) -> None:
        del durable
        self.open.wait()
        if self.failures:
            self.failures -= 1
            raise OSError(28, "No space left on device")
        self.lines += lines

    def tend(self) -> None:
        pass

    def due(self) -> float:
        return float("inf")

    def close(self) -> None:
        pass

    def forget(self) -> None:
        pass


def test_a_full_queue_loses_lines_counts_them_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    policy, sink = compiled(), Gate()
    journal = Journal(sink=sink, maximum_lines=10)
    with caplog.at_level(logging.WARNING, "demur.journal"):
        for at in range(100):
            journal.observe(check(policy, trace_id=f"t{at}"))
    assert journal.status().lost == {"overflow": 90}
    assert journal.status().waiting == 10
    assert [record.message[:5] for record in caplog.records] == ["DM942"]
    sink.open.set()
    journal.close()
    told = [one for one in sink.lines if b'"kind":"lost"' in one]
    assert sum(int(one.split(b'"lost":')[1].split(b",")[0]) for one in told) == 90
    assert len(sink.lines) - len(told) == 10 == journal.status().written


def test_the_queue_is_bounded_by_bytes_too() -> None:
    policy, sink = compiled(), Gate()
    journal = Journal(sink=sink, maximum_queue_bytes=20_000)
    for at in range(200):
        journal.observe(check(policy, trace_id=f"t{at}"))
    status = journal.status()
    assert status.lost["overflow"] > 100
    assert status.waiting * 500 < 60_000
    sink.open.set()
    journal.close()


def test_what_cannot_be_written_waits_and_is_written_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    policy, sink = compiled(), Gate(failures=2)
    sink.open.set()
    journal = Journal(sink=sink)
    with caplog.at_level(logging.WARNING, "demur.journal"):
        for at in range(5):
            journal.observe(check(policy, trace_id=f"t{at}"))
        assert journal.flush(120)
    assert journal.status().lost == {}
    assert journal.status().failure is None
    assert len(sink.lines) == 5
    assert [one.message[:5] for one in caplog.records] == ["DM941", "DM941"]
    journal.close()


def test_in_durable_mode_the_caller_is_told_and_the_next_line_tells_of_the_loss() -> None:
    policy, sink = compiled(), Gate(failures=2)
    sink.open.set()
    journal = Journal(sink=sink, durable=True)
    with pytest.raises(JournalError, match=r"DM941.*No space left"):
        journal.write(check(policy))
    journal.observe(check(policy))
    assert journal.status().lost == {"failed": 2}
    assert journal.status().failure is not None
    journal.write(check(policy, trace_id="t3"))
    assert [b'"kind":"lost"' in one for one in sink.lines] == [True, False]
    journal.close()


def test_a_check_after_the_end_is_lost_and_told() -> None:
    sink = Gate()
    sink.open.set()
    journal = Journal(sink=sink)
    journal.close()
    journal.observe(check(compiled()))
    assert journal.status().lost == {"closed": 1}
    with pytest.raises(JournalError, match="DM942"):
        journal.write(check(compiled()))


def test_a_check_that_makes_no_line_is_counted_and_does_not_raise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = Gate()
    sink.open.set()
    journal = Journal(sink=sink)
    journal.observe(check(compiled(), time=float("nan")))
    journal.observe(check(compiled()))
    assert journal.flush()
    assert len(sink.lines) == 1
    assert journal.status().lost == {"error": 1}
    assert "DM947" in caplog.text
    journal.close()


def test_an_unwritable_folder_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "place"
    place.write_text("a file where the folder should be")
    journal = Journal(place)
    assert "DM941" in caplog.text
    journal.observe(check(compiled(), trace_id="t1"))
    while journal.status().failure is None:
        assert not journal.flush(0.01)
    place.unlink()
    assert journal.flush(120)
    journal.close()
    assert [one.trace_id for one in lines(place)] == ["t1"]


def test_a_folder_that_cannot_be_written_to_by_its_mode(tmp_path: Path) -> None:
    if not hasattr(os, "geteuid"):
        skip_unless_ci("this system has no modes of folders")
    tmp_path.chmod(0o500)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        with (
            Journal(tmp_path, durable=True) as journal,
            pytest.raises(JournalError, match=r"DM941.*Permission denied"),
        ):
            journal.write(check(compiled()))
    finally:
        if is_root:
            os.seteuid(0)
        tmp_path.chmod(0o700)


def test_a_folder_that_is_removed_while_the_journal_is_open_comes_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = Journal(folder, maximum_bytes=1)
    journal.observe(check(compiled(), trace_id="t1"))
    journal.flush()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    journal.observe(check(compiled(), trace_id="t2"))
    assert journal.flush()
    journal.close()
    assert [one.trace_id for one in lines(folder)] == ["t2"]


FULL = """
import resource, sys
from demur.service.journal import Journal, JournalError
from tests.service.journal.checks import check, compiled
policy = compiled()
durable = sys.argv[2] == "durable"
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
journal = Journal(sys.argv[1], durable=durable, maximum_lines=1000)
told = 0
for at in range(40):
    if durable:
        try:
            journal.write(check(policy, trace_id=f"t{at}"))
            print(f"t{at}", flush=True)
        except JournalError as failure:
            assert "DM941" in str(failure), failure
            told += 1
    else:
        journal.observe(check(policy, trace_id=f"t{at}"))
if durable:
    assert told == journal.status().lost["failed"] > 0, (told, journal.status())
else:
    while not journal.status().failure:
        assert not journal.flush(0.01)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.close()
"""


@pytest.mark.parametrize("mode", ["durable", "queued"])
def test_a_full_disk_loses_only_what_is_told(tmp_path: Path, mode: str) -> None:
    if sys.platform == "win32":
        skip_unless_ci("this system has no limit on the size of files")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, mode],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = lines(tmp_path)
    written = [one.trace_id for one in found if one.kind == "decision"]
    if mode == "durable":
        assert written == done.stdout.split()
        assert len(written) + sum(map(lost, found)) == 40
    else:
        assert written == [f"t{at}" for at in range(40)]


def test_a_clock_that_goes_back_mixes_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from demur.service.journal import segments as module

    class Stopped(module.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2026, 11, 26, 12, 0, 0, tzinfo=tz)

    monkeypatch.setattr(module, "datetime", Stopped)
    policy = compiled()
    for again in range(2):
        with Journal(tmp_path, maximum_bytes=1) as journal:
            for at in range(5):
                moment = 1_700_000_000.0 - 60 * at
                journal.observe(check(policy, trace_id=f"{again}-{at}", time=moment))
                journal.flush()
    assert len(segments(tmp_path)) == 10
    assert len({one.trace_id for one in lines(tmp_path)}) == 10
    times = [one.time for one in lines(tmp_path)]
    assert times == sorted(times)


def test_within_a_segment_the_order_of_writing_stays_where_a_clock_goes_back(
    tmp_path: Path,
) -> None:
    policy = compiled()
    with Journal(tmp_path) as journal:
        for at in range(5):
            journal.observe(check(policy, trace_id=f"t{at}", time=1_700_000_000.0 - 60 * at))
    assert [one.trace_id for one in lines(tmp_path)] == [f"t{at}" for at in range(5)]
