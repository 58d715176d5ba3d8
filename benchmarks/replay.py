"""The trace of production traffic replayed in real time, faster: guard, journal and `demur monitor`.

A hundred times as fast, the hour's requests pass in 36 seconds through a guard with a journal, while
`demur monitor --every` evaluates over windows and at intervals that are a hundred times as short. A
fault begins at some minute; found is how many windows later its alert fires, and what else does.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import demur
from benchmarks.alerts import DATA, FAULTS, MINUTE, POLICY, WINDOW, Request, record, requests
from demur.service.journal import Journal

DELAY = 0.1
"""Seconds for which the monitor waits for records, longer than the journal gathers lines."""


@dataclass(frozen=True)
class Replayed:
    """What came of one replay.

    `delay` is in windows from the fault to the first evaluation with its alert firing, None where it
    never was or there was no fault; `false_alarms` are evaluations in which another alert fires, or this
    one before. `behind` is by how many seconds a request was sent late at most, `guarded` how many the
    guard took at the median and at the 99th percentile.
    """

    fault: str | None
    delay: float | None
    false_alarms: int
    evaluations: int
    requests: int
    lost: int
    behind: float
    guarded: tuple[float, float]


def replayed(trace: Sequence[Request], fault: str | None, minute: float, speed: float) -> Replayed:
    """One replay with a fault from a minute on, or with none."""
    starts = minute * MINUTE if fault else float("inf")
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = POLICY.read_text("utf-8")
        window = f"{WINDOW / speed * 1000:.0f}ms"
        (folder / "policy.yaml").write_text(
            text.replace("window: 5m", f"window: {window}"), "utf-8"
        )
        policy = demur.load(folder / "policy.yaml")
        journal = Journal(folder / "journal", form="gzip", maximum_age=5.0)
        with demur.Guard(policy, journal=journal) as guard:
            # A first line, long before all windows, so that there is a journal to read.
            with guard.trace() as trace_of_none:
                trace_of_none.check(request={}, answer={})
            journal.flush()
            log = (folder / "evaluations.json").open("w+b")
            monitor = _monitor(folder, speed, log)
            time.sleep(2 * WINDOW / speed + 1)
            began = time.time()
            times, behind = _send(guard, trace, fault, starts, speed, began)
            time.sleep(DELAY + MINUTE / speed)
            lost = sum((guard.status().journal_lost or {}).values())
            monitor.terminate()
            monitor.wait()
            log.seek(0)
            found = list(_evaluations(log.read().decode()))
    delay, false_alarms, evaluations = None, 0, 0
    for one in found:
        at = (_seconds(one["at"]) - began) * speed
        if at < WINDOW:
            continue
        for alert in one["alerts"]:
            evaluations += 1
            if alert["state"] != "firing":
                continue
            if alert["alert"] != fault or at < starts:
                false_alarms += 1
            elif delay is None:
                delay = (at - starts) / WINDOW
    times.sort()
    middle, high = (times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
    return Replayed(
        fault, delay, false_alarms, evaluations, len(trace), lost, behind, (middle, high)
    )


def _monitor(folder: Path, speed: float, log: Any) -> subprocess.Popen[bytes]:
    every, delay = (f"{seconds * 1000:.0f}ms" for seconds in (MINUTE / speed, DELAY))
    command = [sys.executable, "-m", "demur", "monitor", "policy.yaml", "--journal", "journal"]
    command += ["--every", every, "--delay", delay, "--format", "json"]
    return subprocess.Popen(command, cwd=folder, stdout=log)


def _send(
    guard: demur.Guard,
    trace: Sequence[Request],
    fault: str | None,
    starts: float,
    speed: float,
    began: float,
) -> tuple[list[float], float]:
    """Sends each request when its time has come; how long the guard took, and the longest lag."""
    chance = random.Random(0)
    times: list[float] = []
    behind = 0.0
    for one in trace:
        due = began + one.at / speed
        given = record(one, fault or "", starts, chance)
        now = time.time()
        if now < due:
            time.sleep(due - now)
        behind = max(behind, time.time() - due)
        started = time.perf_counter()
        with guard.trace() as request:
            if not request.check(request=given["request"]).stops:
                request.check(answer=given["answer"])
        times.append(time.perf_counter() - started)
    return times, behind


def _evaluations(text: str) -> Iterator[dict[str, Any]]:
    """The evaluations, one a line; one that was cut is left out."""
    yield from (json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def report(trace: Sequence[Request], faults: int, speed: float) -> None:
    """Replays without a fault and with so many, a line for each."""
    source = random.Random(1)
    print(
        "| fault | from minute | windows until found | false alarms | lost | behind | guard p50, p99 |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    for at in range(-1, faults):
        fault = None if at < 0 else list(FAULTS)[at % len(FAULTS)]
        minute = source.uniform(10, 50)
        one = replayed(trace, fault, minute, speed)
        middle, high = (f"{seconds * 1e6:.0f} µs" for seconds in one.guarded)
        cells = (
            "none" if fault is None else FAULTS[fault],
            "–" if fault is None else f"{minute:.1f}",
            "–" if one.delay is None else f"{one.delay:.2f}",
            f"{one.false_alarms} of {one.evaluations:,}",
            str(one.lost),
            f"{one.behind * 1000:.0f} ms",
            f"{middle}, {high}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Prints a line for each replay."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--faults", type=int, default=3, help="replays with a fault; one has none")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    report(requests(arguments.data), arguments.faults, arguments.speed)


if __name__ == "__main__":
    main()
