"""Prints every measurement as a ratio: `python -m benchmarks [--records 10000000] [--json FILE]`.

Each ratio compares two things timed in turn in this one run, so that a machine that slows down slows
both. The median of the pairs is printed, with their range. What must survive or be found (reloads, kills,
faults in traffic) is then tried a few times; the modules by themselves try it at length.
"""

from __future__ import annotations

import argparse
import json
from itertools import chain
from pathlib import Path

from benchmarks import (
    alerts,
    cold_start,
    compilation,
    decisions,
    following,
    guard,
    journal,
    kill,
    records,
    reloads,
    replay,
)
from benchmarks.measuring import Measurement


def main() -> None:
    """Runs all measurements and prints them as a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the ratios to this file")
    parser.add_argument(
        "--records", type=int, default=200_000, help="how many are decided and measured"
    )
    arguments = parser.parse_args()
    measurements: list[Measurement] = []
    for measurement in chain(
        decisions.measure(),
        cold_start.measure(),
        compilation.measure(),
        records.measure(arguments.records, pairs=3),
        guard.measure(rounds=3),
        journal.measure(),
        reloads.measure(),
        following.measure((10_000, 40_000)),
    ):
        measurements.append(measurement)
        print(measurement.line(), flush=True)
    for line in compilation.profile():
        print(line)
    _survive()
    if arguments.json:
        rows = [measurement.row() for measurement in measurements]
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _survive() -> None:
    """What is counted and no ratio, in short; each module by itself does it at length."""
    print("Reloads under load:", flush=True)
    reloads.report(300)
    print("Kills of a writer in durable mode:", flush=True)
    kill.report(12)
    if not alerts.DATA.exists():
        print("No trace of traffic, so no alerts are measured: see benchmarks/alerts.py")
        return
    print("Faults in a trace of traffic, in simulated time:", flush=True)
    alerts.report(alerts.requests(alerts.DATA), 6)
    print("And in real time, a hundred times as fast:", flush=True)
    replay.report(alerts.requests(alerts.DATA), 1, 100.0)


if __name__ == "__main__":
    main()
