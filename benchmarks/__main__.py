"""Prints every measurement as a ratio: `python -m benchmarks [--records 10000000] [--json FILE]`.

Each ratio compares two things timed in turn in this one run, so that a machine that slows down slows
both. The median of the pairs is printed, with their range.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import cold_start, compilation, decisions, records
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
    for module in (decisions, cold_start, compilation):
        for measurement in module.measure():
            measurements.append(measurement)
            print(measurement.line(), flush=True)
    for measurement in records.measure(arguments.records, pairs=3):
        measurements.append(measurement)
        print(measurement.line(), flush=True)
    for line in compilation.profile():
        print(line)
    if arguments.json:
        rows = [measurement.row() for measurement in measurements]
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
