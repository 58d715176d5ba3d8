"""Changed inputs for everything that reads a stranger's bytes, guided by coverage (Linux: atheris).

    python -m tests.fuzz [1000000] [--only TARGET] [--seed 1] [--processes 2]

Each target gets its share of the inputs, in a process of its own, and every process a line at its end. An
input that raises, takes more than 20 s, or 200 MB more than the process had, is a fault: it is kept in
`build/fuzz`, and the exit status is 1. The last line is the number of targets with a fault.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

SHARES = {
    "policy": 1, "lint": 1, "tests": 2, "bundle": 24, "forged bundle": 5, "records": 20, "table": 20,
    "journal": 15, "import promptfoo": 3, "import deepeval": 3, "import ragas": 3, "import otel": 1.5,
    "import openinference": 1.5,
}  # fmt: skip
"""Of a hundred inputs; a policy takes a hundred times as long as a record."""
KEPT = Path("build") / "fuzz"
SECONDS, MEGABYTES = 20, 200


def main() -> int:
    """Runs the targets; 1 where one has a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("inputs", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--only", choices=list(SHARES), help="all inputs for this target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.within:
        _guided(given.only, given.inputs, given.seed)
        return 0
    shares = {given.only: 100} if given.only else SHARES
    KEPT.mkdir(parents=True, exist_ok=True)

    def run(name: str) -> bool:
        inputs = max(100, round(given.inputs * shares[name] / 100))
        began = perf_counter()
        command = [sys.executable, "-m", "tests.fuzz", str(inputs), "--only", name, "--within"]
        command += ["--seed", str(given.seed)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace"
        )
        last = [line for line in done.stdout.splitlines() if line.startswith("outcomes")][-1:]
        print(f"{name}: {inputs:,} inputs, {perf_counter() - began:.0f} s, "
              f"{''.join(last) or 'no outcomes'}", flush=True)  # fmt: skip
        if done.returncode:
            print((done.stdout + done.stderr)[-3000:])
            print(f"{name}: it ended with {done.returncode}", flush=True)
        return done.returncode != 0

    with ThreadPoolExecutor(given.processes) as pool:
        faults = sum(pool.map(run, shares))
    print(faults)
    return int(faults > 0)


def _guided(name: str, inputs: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["demur"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.changes import changed

    target = TARGETS[name]
    outcomes: dict[str, int] = {}
    tried = 0

    def one(data: bytes) -> None:
        nonlocal tried
        outcome = target.read(data, folder)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        tried += 1
        if tried >= inputs:
            print(f"outcomes {outcomes}, at most {_peak() - before:.0f} MB more", flush=True)

    def change(data: bytes, most: int, at: int) -> bytes:
        pick = Random(at)
        return (atheris.Mutate(data, most) if pick.random() < 0.3 else changed(data, pick))[:most]

    with TemporaryDirectory() as place:
        folder, corpus = Path(place) / "files", Path(place) / "corpus"
        folder.mkdir()
        corpus.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / str(number)).write_bytes(data)
            target.read(data, folder)
        before = _peak()
        options = {
            "runs": inputs, "seed": seed, "timeout": SECONDS, "max_len": 100_000,
            "rss_limit_mb": round(before + MEGABYTES), "artifact_prefix": f"{KEPT}/{name.replace(' ', '-')}-",
        }  # fmt: skip
        atheris.Setup(
            [
                sys.argv[0],
                *(f"-{option}={value}" for option, value in options.items()),
                str(corpus),
            ],
            one,
            custom_mutator=change,
        )
        atheris.Fuzz()


def _peak() -> float:
    """The most memory that the process held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
