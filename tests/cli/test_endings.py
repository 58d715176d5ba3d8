"""A command that is told to end leaves nothing behind, and says by its status what ended it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
SIGNALS = [one for one in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, one)]
POLICY = """\
demur: 1
policy: ended
about: A policy.
owner: team@example.com
runbook: runbook.md
stages:
  answer: {confidence: {type: double, min: 0, max: 1}}
rules:
  unsure: {when: answer.confidence < 0.7, then: abstain}
metrics:
  declined: rate(decision.declined)
suites:
  golden: {cases: cases.jsonl, target: "command:python waits.py", fingerprint: {model: a}}
alerts:
  declining: {when: declined > 0.9, window: 1h, severity: page}
"""
WAITS = (
    "import pathlib, sys\nsys.stdin.readline()\npathlib.Path('asked').touch()\nsys.stdin.read()\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    (tmp_path / "runbook.md").touch()
    (tmp_path / "waits.py").write_text(WAITS, "utf-8")
    (tmp_path / "cases.jsonl").write_text('{"id": "1"}\n', "utf-8")
    (tmp_path / "journal").mkdir()
    return tmp_path


@contextmanager
def running(folder: Path, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own, with a folder of its own for what is temporary."""
    environment = {**os.environ, "TMPDIR": str(folder / "temporary"), "DEMUR_RUNS": ""}
    environment["PYTHONPATH"] = str(ROOT / "src")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "demur", *arguments],
        cwd=folder,
        env=environment,
        preexec_fn=_heed,  # noqa: PLW1509
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _heed() -> None:
    """As from a shell: what started the tests may ignore signals, and so would what they start."""
    for name in SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Waits, as long as the process runs, until something holds; however long that takes."""
    while not holds():
        if process.poll() is not None:
            raise AssertionError(process.communicate())
        time.sleep(0.02)


def files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*")}


def _is_there(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any(folder.glob(pattern))


COMMANDS: Mapping[str, tuple[Sequence[str], str]] = {
    "decide": (("decide", "policy.yaml", "-o", "decided.jsonl"), ".decided.jsonl.*"),
    "monitor": (
        ("monitor", "policy.yaml", "--journal", "journal", "--every", "1h"),
        "temporary/demur-*",
    ),
    "run": (("run", "policy.yaml", "-o", "results.jsonl"), "asked"),
}
"""Commands that wait once they have begun, and the file by which one sees that they have."""
LEFT = {"asked", "results.jsonl.part"}
"""What a command leaves on purpose: a run goes on from its partial results."""


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_ended_leaves_nothing_behind(
    command: str, name: str, folder: Path
) -> None:
    arguments, sign = COMMANDS[command]
    before = files(folder)
    number = getattr(signal, name)
    with running(folder, arguments) as process:
        wait_until(_is_there(folder, sign), process)
        process.send_signal(number)
        said = process.communicate()
    assert files(folder) - before <= LEFT
    assert process.returncode == 128 + number, said
    assert b"Traceback" not in said[1]
    assert b"Internal error" not in said[1]


def test_temporary_files_are_their_owners_alone(folder: Path) -> None:
    with running(folder, COMMANDS["decide"][0]) as process:
        wait_until(_is_there(folder, ".decided.jsonl.*"), process)
        (path,) = folder.glob(".decided.jsonl.*")
        assert path.stat().st_mode & 0o077 == 0
    with running(folder, COMMANDS["monitor"][0]) as process:
        wait_until(_is_there(folder, "temporary/demur-*"), process)
        (path,) = (folder / "temporary").glob("demur-*")
        assert path.stat().st_mode & 0o077 == 0
    with running(folder, COMMANDS["run"][0]) as process:
        wait_until(_is_there(folder, "asked"), process)
        assert (folder / "results.jsonl.part").stat().st_mode & 0o077 == 0


def test_a_signal_that_is_ignored_stays_so(folder: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "import demur.cli as cli; cli._end_in_order()\n"
        "assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN\n"
        "assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
