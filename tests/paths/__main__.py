"""Generated policies through every form of records, each held against `decide` and the reference.

    python -m tests.paths 2000 [--from SEED] [--only duckdb|postgres|spark] [--without spark]
                               [--processes 2]

Each policy goes through one form, the forms in turn, decided anew or as recorded; of the engines that
start for themselves every tenth and every fiftieth policy has one. The last line is the number of
disagreements, and the exit status is 1 where there are any.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.paths.agreement import disagreements
from tests.paths.engines import Engines, is_installed
from tests.paths.forms import FORMS, OTHER_ENGINES, Form

EVERY = {"duckdb": 1, "postgres": 10, "spark": 50}
"""Of how many policies one goes through the engine."""


def chosen(seed: int, engines: tuple[str, ...]) -> Iterator[tuple[Form, bool]]:
    """The forms of one policy, and whether its decisions are recorded."""
    for engine in engines:
        turn, rest = divmod(seed, EVERY[engine])
        forms = [one for one in (*FORMS.values(), *OTHER_ENGINES.values()) if one.engine == engine]
        if rest == 0:
            form = forms[turn % len(forms)]
            recorded = turn // len(forms) % 3 == 2
            yield form, recorded and not form.name.startswith("a table of Postgres")


def main(arguments: list[str]) -> int:
    """Runs them; 1 where something disagrees."""
    parser = argparse.ArgumentParser(prog="python -m tests.paths", description=__doc__)
    parser.add_argument("policies", type=int, nargs="?", default=2000)
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--only", choices=list(EVERY), help="this engine alone, for every policy")
    parser.add_argument("--without", choices=list(EVERY), action="append", default=[])
    parser.add_argument("--processes", type=int, default=1, help="share the policies among so many")
    given = parser.parse_args(arguments)
    if given.processes > 1:
        return _shared(given.policies, given.first, given.processes, given.without)
    warnings.simplefilter("ignore")
    engines = tuple(one for one in EVERY if is_installed(one) and one not in given.without)
    if given.only:
        engines = (given.only,)
        EVERY[given.only] = 1
    found = checked = 0
    with TemporaryDirectory() as folder, ExitStack() as stack:
        started = Engines(stack)
        for seed in range(given.first, given.first + given.policies):
            for form, recorded in chosen(seed, engines):
                for line in _checked(seed, form, started, Path(folder), recorded):
                    print(line, flush=True)
                    found += 1
                checked += 1
            for path in Path(folder).iterdir():
                path.unlink()
            if sys.stderr.isatty():
                done = f"{seed + 1 - given.first:,} policies, {found:,} disagreements"
                print(f"\r{done}", end="", file=sys.stderr)
    print(f"{given.policies:,} policies over {', '.join(engines)}: {checked:,} runs", flush=True)
    print(found)
    return 1 if found else 0


def _shared(policies: int, first: int, processes: int, without: list[str]) -> int:
    """The same in several processes, each with a stretch of the seeds."""
    ends = [first + policies * at // processes for at in range(processes + 1)]
    left_out = [word for one in without for word in ("--without", one)]
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.paths",
                str(end - start),
                "--from",
                str(start),
                *left_out,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for start, end in pairwise(ends)
    ]
    found = 0
    for one in running:
        said, _ = one.communicate()
        *lines, last = said.splitlines() or ["a process that said nothing"]
        print("\n".join(lines), flush=True)
        # One that ended otherwise has not checked what it should.
        found += int(last) if one.returncode in (0, 1) and last.isdigit() else 1
    print(found)
    return 1 if found else 0


def _checked(seed: int, form: Form, started: Engines, folder: Path, recorded: bool) -> list[str]:
    try:
        return disagreements(seed, form, started.connection(form.engine), folder, recorded=recorded)
    except Exception:
        return [f"seed {seed}, {form.name}: {traceback.format_exc(limit=-3)}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
