"""How long a trend takes, and how often it is right: `python -m benchmarks.trend [--simulations 100]`.

A store of 104 weekly runs with 50 slices is read and drawn as a user does it, by a process of its own;
the median of several is printed beside what Python itself takes to start and load the policy. Then
series are drawn at random, with a drop of three points in some week and without one, and it is counted
how many are marked. A drop counts as found where it is marked within four weeks of where it was.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from demur.measure.results import Interval, Measured, Slice
from demur.runs.changes import Observed, changes
from demur.runs.facts import Commit, Measurement, RunFacts
from demur.runs.store import keep, new_id, written

WEEKS, SLICES, CASES = 104, 50, 500
BASE, DROP = 0.9, 0.03
NEAR = 4
"""Weeks from the drop within which a mark is right."""
POLICY = """\
demur: 1
policy: assistant
version: 1.0.0
about: What the trend is measured on.
owner: owner@example.com
stages:
  request: {tenant: string}
  answer: {score: {type: double, min: 0, max: 1}}
outcome: {correct: bool}
rules:
  low-score: {when: answer.score < 0.5, then: abstain}
metrics: {accuracy: rate(outcome.correct)}
suites: {golden: {cases: cases.jsonl}}
gates:
  ship:
    suites: [golden]
    by: [request.tenant]
    confidence: 0.95
    require: [accuracy >= 0.85]
"""


def main() -> None:
    """Prints all of it as tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trend", description=__doc__)
    parser.add_argument("--simulations", type=int, default=100, help="of each kind")
    parser.add_argument("--times", type=int, default=5, help="how often each command is timed")
    arguments = parser.parse_args()
    _timings(arguments.times)
    _power(arguments.simulations)
    _slices(arguments.simulations)


def _timings(times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY, "utf-8")
        _store(folder / ".demur" / "runs")
        print(f"{WEEKS} weekly runs, {SLICES} slices, whole processes, median of {times}\n")
        print("| command | wall time | processor time |\n|---|---|---|")
        for words in (
            ("trend", "policy.yaml"),
            ("trend", "policy.yaml", "--format", "html=trend.html"),
            ("trend", "policy.yaml", "--format", "text", "--format", "html=trend.html"),
            ("lint", "policy.yaml"),
        ):
            timed = [_timed(words, folder) for _ in range(times)]
            wall, cpu = (statistics.median(one) for one in zip(*timed, strict=True))
            print(f"| `demur {' '.join(words)}` | {wall:.2f} s | {cpu:.2f} s |", flush=True)
        print()


def _timed(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Seconds on the clock, and seconds of a processor, that the command took."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PATH": ""}
    code = (
        "import sys, time; from demur.cli import main\n"
        "try: main()\nfinally: print(time.process_time(), file=sys.stderr)"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    wall = time.perf_counter() - start
    assert done.returncode in (0, 1), done.stderr
    return wall, float(done.stderr.split()[-1])


def _store(folder: Path) -> None:
    """Two years of runs; two of the slices got worse after the seventieth week."""
    random = np.random.default_rng(0)
    start = datetime(2024, 12, 5, 12, tzinfo=UTC)
    for week in range(WEEKS):
        moment = start + timedelta(weeks=week)
        shares = [BASE - DROP * (at < 2 and week >= 70) for at in range(SLICES)]
        right = random.binomial(CASES, shares)
        rows = [_row(int(right.sum()), CASES * SLICES, Slice())]
        rows += [
            _row(int(count), CASES, Slice((("request.tenant", f"tenant {at:02}"),)))
            for at, count in enumerate(right)
        ]
        keep(
            folder,
            RunFacts(
                id=new_id(moment),
                time=written(moment),
                policy="assistant",
                version="1.0.0",
                digest="sha256:" + "0" * 64,
                gate="ship",
                suites=("golden",),
                verdict="pass",
                results=("results.jsonl",),
                records=CASES * SLICES,
                commit=Commit(f"{week:040x}", "main", False),
                fingerprint={"prompt": f"sha256:{int(week >= 70):064x}"},
            ),
            rows,
        )


def _row(right: int, count: int, slice: Slice) -> Measurement:
    share = right / count
    reach = 1.645 * (share * (1 - share) / count) ** 0.5
    measured = Measured(share, share, count, 0, Interval(share - reach, share + reach))
    return Measurement(
        "accuracy >= 0.85", "accuracy", "higher", "fail", None, slice, measured, "pass", 0.85
    )


def _power(simulations: int) -> None:
    """One series: how often a drop is found, by how many cases a run has and how long ago it was."""
    print(f"One series of {WEEKS} weeks, {simulations} simulations of each kind\n")
    print("| cases a run | drop in any week | 26 weeks ago | 8 weeks ago | 4 weeks ago | no drop |")
    print("|---|---|---|---|---|---|")
    random = np.random.default_rng(1)
    for count in (100, 200, 500, 1_000):
        found: list[float] = []
        for ago in (None, 26, 8, 4):
            hits = 0
            for _ in range(simulations):
                at = int(random.integers(8, WEEKS - 8)) if ago is None else WEEKS - ago
                (splits,) = changes([_series(random, count, at)])
                hits += any(abs(one.at - at) <= NEAR for one in splits)
            found.append(hits / simulations)
        marked = sum(any(changes([_series(random, count, None)])) for _ in range(simulations))
        cells = " | ".join(f"{one:.0%}" for one in found)
        print(f"| {count:,} | {cells} | {marked / simulations:.1%} marked |", flush=True)
    print()


def _slices(simulations: int) -> None:
    """Fifty series, of which one dropped or none: the chance of a false mark is that of all together."""
    print(f"{SLICES} slices, of which one dropped in any week, {simulations} simulations\n")
    print(
        "| cases a slice and run | its drop is found | any other is marked | no drop: any is marked |"
    )
    print("|---|---|---|---|")
    random = np.random.default_rng(2)
    for count in (100, 200, 500):
        hits = others = false = 0
        for _ in range(simulations):
            at = int(random.integers(8, WEEKS - 8))
            still = [_series(random, count, None) for _ in range(SLICES - 1)]
            found = changes([_series(random, count, at), *still])
            hits += any(abs(one.at - at) <= NEAR for one in found[0])
            others += any(found[1:])
            false += any(changes([*still, _series(random, count, None)]))
        cells = " | ".join(f"{one / simulations:.0%}" for one in (hits, others, false))
        print(f"| {count:,} | {cells} |", flush=True)


def _series(random: np.random.Generator, count: int, at: int | None) -> Observed:
    """Two years of shares of so many cases, worse from the week `at` on."""
    shares = np.full(WEEKS, BASE)
    if at is not None:
        shares[at:] -= DROP
    return (random.binomial(count, shares) / count).tolist(), [float(count)] * WEEKS


if __name__ == "__main__":
    main()
