"""Runs in a process of their own, killed and interrupted: no case lost, none twice, nothing left over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import runs
from demur.suites.results import part_path
from tests.suites.systems import Made, command_system, made, python_system

SLOW = "import time\ndef answer(case):\n time.sleep(0.01)\n return {'answer': {'score': 0.9}}\n"
ROOT = Path(__file__).resolve().parents[2]


def start(suite: Made) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demur", "run", str(suite.folder / "policy.yaml")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(suite: Made, count: int) -> None:
    part = part_path(suite.results)
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if part.exists() and part.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.005)
    raise AssertionError("the run does not get on")


def test_a_run_that_is_killed_again_and_again_has_each_case_once(tmp_path: Path) -> None:
    suite = made(tmp_path, python_system(tmp_path, SLOW), 400, "concurrency: 4")
    pick = random.Random(5)
    for at in (0, 60, 150, 260):
        run = start(suite)
        wait_for_lines(suite, at)
        time.sleep(pick.uniform(0, 0.1))
        run.kill()
        run.communicate()
    run = start(suite)
    output, complaints = run.communicate()
    assert (run.returncode, complaints) == (0, "")
    assert "400 cases, no error" in output
    assert [one["id"] for one in suite.records()] == [f"c{at}" for at in range(400)]
    assert not part_path(suite.results).exists()


def test_a_slow_system_that_fails_loses_no_case_to_kills(tmp_path: Path) -> None:
    found = runs.measured(200, tmp_path)
    assert found.is_right, found


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
@pytest.mark.parametrize("kind", ["python", "async", "command"])
def test_ctrl_c_ends_a_run_at_once_and_without_debris(tmp_path: Path, kind: str) -> None:
    code = {
        "python": SLOW.replace("0.01", "0.3"),
        "async": "import asyncio\nasync def answer(case):\n await asyncio.sleep(0.3)\n"
        " return {'answer': {'score': 0.9}}\n",
        "command": "for case in cases:\n    time.sleep(0.3)\n    say(case)\n",
    }[kind]
    system = command_system if kind == "command" else python_system
    suite = made(tmp_path, system(tmp_path, code), 400)
    run = start(suite)
    wait_for_lines(suite, 10)
    run.send_signal(signal.SIGINT)
    output, complaints = run.communicate(timeout=300)
    # At once is: without asking what is left of 400 cases.
    assert part_path(suite.results).read_bytes().count(b"\n") < 200
    assert run.returncode == 130
    assert output == ""
    assert complaints == "Interrupted. The same command goes on where it was.\n"
    assert not suite.results.exists()
