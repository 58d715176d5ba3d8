"""A suite against a slow system, killed on the way: `python -m benchmarks.runs [CASES]`.

The system hangs on 5 % of the cases and refuses 5 %, each time that it is asked. The run is killed three
times (SIGKILL) and begun again. The ideal is the time of all attempts that the cases need, over how many
run at a time; starting Python four times is in what is compared with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.slow_system import kind, seconds

ROOT = Path(__file__).resolve().parent.parent
CONCURRENCY, TIMEOUT, RETRIES = 32, 2.0, 2
KILLS = (0.25, 0.5, 0.75)
"""The shares of the cases after which the run is killed."""
POLICY = """\
demur: 1
policy: slow
about: A slow system under test.
owner: benchmarks@example.com
stages:
  request: {number: int}
  answer: {score: {type: double, min: 0, max: 1}}
metrics:
  bad_rate: rate(answer.score < 0.5)
suites:
  golden:
    cases: cases.jsonl
    target: URL
    concurrency: CONCURRENCY
    timeout: TIMEOUTs
    retries: RETRIES
gates:
  ship:
    suites: [golden]
    require: [bad_rate <= 0.12]
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of it; times in seconds. `asked_again` counts attempts beyond those that cases need.

    `ideal` is by what the system was set to take, `loaded` by what it took in fact, where other work on
    the machine kept it waiting.
    """

    cases: int
    lines: int
    once: int
    errors: dict[str, int]
    unknown: int
    asked_again: int
    wall: float
    ideal: float
    loaded: float
    kills: int

    @property
    def ratio(self) -> float:
        """The wall time over the ideal."""
        return self.wall / self.ideal

    @property
    def is_right(self) -> bool:
        """Whether each case is there once, its errors as expected, and unknown to the gate."""
        expected = Counter(one for one in map(kind, range(self.cases)) if one != "answer")
        return (
            self.lines == self.once == self.cases
            and self.errors == dict(expected)
            and self.unknown == sum(expected.values())
        )


def ideal(cases: int, slowdown: float = 1.0) -> float:
    """Seconds that all attempts take, over how many run at a time; answers so much slower than set."""
    total = 0.0
    for number in range(cases):
        attempts = 1 if kind(number) == "answer" else 1 + RETRIES
        total += attempts * (TIMEOUT if kind(number) == "timeout" else slowdown * seconds(number))
    return total / CONCURRENCY


def measured(cases: int, folder: Path) -> Finished:
    """The suite run with so many cases, in a folder of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
        for number in range(cases):
            case = {"id": f"c{number:06}", "number": number, "request": {"number": number}}
            file.write(json.dumps(case) + "\n")
    system = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.slow_system"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        assert system.stdout is not None
        url = f"http://127.0.0.1:{int(system.stdout.readline())}"
        policy = folder / "policy.yaml"
        text = POLICY.replace("URL", f"{url}/answer").replace("CONCURRENCY", str(CONCURRENCY))
        text = text.replace("TIMEOUT", f"{TIMEOUT:g}").replace("RETRIES", str(RETRIES))
        policy.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "demur", "run", str(policy)]
        part = folder / ".demur" / "results" / "golden.jsonl.part"
        started = time.monotonic()
        for share in KILLS:
            run = subprocess.Popen(command, env=environment)
            while _lines(part) - 1 < share * cases:
                if run.poll() is not None:
                    raise RuntimeError(f"the run ended by itself, with status {run.returncode}")
                time.sleep(0.05)
            run.kill()
            run.wait()
        subprocess.run(command, env=environment, check=True)
        wall = time.monotonic() - started
        with urllib.request.urlopen(f"{url}/asked", timeout=10) as answer:
            system_said = json.load(answer)
    finally:
        system.communicate()
    return _finished(folder, cases, system_said, wall)


def _lines(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def _finished(folder: Path, cases: int, said: dict[str, Any], wall: float) -> Finished:
    import demur
    from demur.gate.run import Sources, run_gate
    from demur.measure.records.connecting import connect
    from demur.measure.thresholds import gates

    results = folder / ".demur" / "results" / "golden.jsonl"
    records = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    errors = Counter(one["error"]["kind"] for one in records if "error" in one)
    policy = demur.load(folder / "policy.yaml")
    judged = run_gate(policy, gates(policy)["ship"], Sources((str(results),)), connect(None))
    needed = sum(1 if kind(number) == "answer" else 1 + RETRIES for number in range(cases))
    return Finished(
        cases,
        len(records),
        len({one["id"] for one in records}),
        dict(errors),
        judged.requirements[0].overall.measured.unknown,
        sum(said["asked"].values()) - needed,
        wall,
        ideal(cases),
        ideal(cases, said["slowdown"]),
        len(KILLS),
    )


def main() -> int:
    """Runs and prints what was found; 1 if a case was lost, doubled or taken for good."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="demur-") as folder:
        found = measured(cases, Path(folder))
    print(f"{found.cases:,} cases, {CONCURRENCY} at a time, killed {found.kills} times")
    print(f"lines {found.lines:,}, different cases {found.once:,}, errors {found.errors}")
    print(f"unknown to the gate {found.unknown:,}, attempts lost to kills {found.asked_again:,}")
    print(f"wall {found.wall:.1f} s, ideal {found.ideal:.1f} s, ratio {found.ratio:.2f}")
    loaded = found.wall / found.loaded
    print(f"ideal by the time that the system took {found.loaded:.1f} s, ratio {loaded:.2f}")
    return 0 if found.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
