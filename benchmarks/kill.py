"""Kills a durable journal's writer at random moments: `python -m benchmarks.kill [RUNS]`.

Each run starts a process that writes and says on standard output which lines were acknowledged, kills
it, and looks for what was acknowledged in the journal.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.journal import policy
from demur.runtime.bundle import encode
from demur.service.journal import Journal
from demur.service.journal.reading import Damage, Line, read_journal

ROOT = Path(__file__).resolve().parent.parent
THREADS = 4
WRITER = """
import sys, threading
import demur
from demur.service.journal import Journal
from benchmarks.journal import check
folder, bundle, size, form, padding = sys.argv[1:]
policy = demur.load(bundle)
journal = Journal(folder, durable=True, maximum_bytes=int(size), form=form)
journal.write(check(policy, "first"))
print("first", flush=True)
def work(number):
    at = 0
    while True:
        name = f"{number}-{at}"
        journal.write(check(policy, name, "x" * int(padding)))
        sys.stdout.write(name + "\\n")
        sys.stdout.flush()
        at += 1
for number in range(%d):
    threading.Thread(target=work, args=(number,)).start()
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """What a kill left: lines acknowledged, those of them that are missing, and what was unreadable.

    `cut` counts segments that ended within a line, `cut_after` the same when a journal was opened again;
    `damaged` whatever else could not be read, before or after; `doubled` lines that stand twice.
    """

    acknowledged: int
    missing: int
    cut: int
    cut_after: int
    damaged: int
    doubled: int


def killed_once(
    folder: Path,
    after: float,
    maximum_bytes: int = 20_000,
    form: str = "jsonl",
    padding: int = 0,
) -> Killed:
    """One run: a writer, of lines with so much more text, killed so many seconds after its start."""
    folder.parent.mkdir(exist_ok=True)
    bundle = folder.with_suffix(".demur")
    bundle.write_bytes(encode(policy().policy))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    writer = subprocess.Popen(
        [
            *(sys.executable, "-c", WRITER % THREADS, folder, bundle),
            *(str(maximum_bytes), form, str(padding)),
        ],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert writer.stdout is not None
    first = writer.stdout.readline()
    time.sleep(after)
    writer.kill()
    output = writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    acknowledged = [*first.split(), *output[: output.rfind("\n") + 1].split()]
    before = _read(folder)
    with Journal(folder):
        pass
    after_healing = _read(folder)
    names = [one.trace_id for one in after_healing if isinstance(one, Line)]
    damage = [one for one in (*before, *after_healing) if isinstance(one, Damage)]
    cut_after = sum(isinstance(one, Damage) and one.is_cut for one in after_healing)
    return Killed(
        len(acknowledged),
        len(set(acknowledged) - set(names)),
        sum(one.is_cut for one in damage) - cut_after,
        cut_after,
        sum(not one.is_cut for one in damage),
        len(names) - len(set(names)),
    )


def _read(folder: Path) -> list[Line | Damage]:
    """The journal; a writer that was killed before its first line has left none."""
    if not folder.is_dir() or not list(folder.glob("*-*")):
        return []
    return list(read_journal(folder))


def report(runs: int) -> bool:
    """Kills so many writers and prints what was found; whether nothing acknowledged was lost."""
    pick = random.Random(4)
    found: list[Killed] = []
    with tempfile.TemporaryDirectory() as folder:
        for at in range(runs):
            form = ("jsonl", "jsonl", "gzip", "parquet")[at % 4]
            size = pick.choice([5_000, 50_000, 5_000_000])
            padding = pick.choice([0, 0, 400_000])
            moment = pick.uniform(0.0, 0.4)
            found.append(killed_once(Path(folder) / str(at), moment, size, form, padding))
    total = {name: sum(getattr(one, name) for one in found) for name in Killed.__slots__}
    worst = max(one.cut for one in found)
    print(f"{runs} kills: {total}; most segments cut in one run: {worst}")
    return not (total["missing"] or total["damaged"] or total["cut_after"] or worst > 1)


def main() -> int:
    """200 kills, or as many as are asked for; 1 if anything acknowledged was lost."""
    return 0 if report(int(sys.argv[1]) if len(sys.argv) > 1 else 200) else 1


if __name__ == "__main__":
    sys.exit(main())
