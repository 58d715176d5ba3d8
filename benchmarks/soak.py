"""A service in miniature for ten minutes, whose memory must stay flat: `python -m benchmarks.soak`.

Four threads and fifty asyncio tasks send requests through a guard with journal, metrics, providers
(of which some hang or raise), outcomes, bypasses, and a policy that is replaced each second. Every
twentieth of the time the resident memory is noted. It fails where the last quarter uses over 5% and
over 8 MB more than the second one, or where any request ends otherwise than it must.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

import demur
from benchmarks.decisions import POLICY, record
from benchmarks.guard import METRICS
from demur.service.check import Check
from demur.service.journal import Journal
from demur.service.journal.finishing import Retention
from demur.service.telemetry.prometheus import PrometheusMetrics

THREADS = 4
TASKS = 50
SAMPLES = 20
_BUDGET = 0.02
"""The budget of providers, in seconds."""
_HANGS = 0.5
"""How long one takes that hangs: longer than a busy machine makes a thread wait."""


def resident() -> int:
    """The process's memory in bytes: what it holds now on Linux, the most it held elsewhere."""
    status = Path("/proc/self/statm")
    if status.exists():
        import resource

        return int(status.read_text().split()[1]) * resource.getpagesize()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Soak:
    """The service, what is sent to it, and what went wrong."""

    def __init__(self, folder: Path, until: float) -> None:
        self.policy = folder / "policy.yaml"
        self.text = POLICY.read_text("utf-8") + METRICS
        self.put(0)
        self.registry = CollectorRegistry()
        self.finals = itertools.count()
        journal = Journal(
            folder / "journal", maximum_bytes=4_000_000, retention=Retention(segments=3)
        )
        self.guard = demur.Guard(
            demur.watch(self.policy, interval=0.5),
            journal=journal,
            telemetry=PrometheusMetrics(self.registry, remembered=1000),
            observers=[self._count],
            threads=8,
        )
        self.until = until
        self.requests = itertools.count()
        self.wrong: list[str] = []

    def _count(self, check: Check) -> None:
        if check.is_final:
            next(self.finals)

    def put(self, at: int) -> None:
        """Replaces the policy by another version of itself."""
        beside = self.policy.with_suffix(".new")
        text = self.text.replace("about:", f"about: 'Number {at}.' #", 1)
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.policy)

    def request(self, draw: random.Random) -> None:
        """One request of some kind; `wrong` gets what should not be."""
        at, given = next(self.requests), record()
        given["request"]["tenant"] = f"tenant-{draw.randrange(10_000)}"
        kind = draw.randrange(100)
        if kind == 0:
            given["answer"]["confidence"] = None
        with self.guard.trace(bypass="soak" if kind == 1 else None) as trace:
            trace.check(request=given["request"], retrieval=given["retrieval"])
            if kind == 2:
                return
            if kind == 3:
                given["answer"] |= trace.provide(
                    "answer", budget=_BUDGET, confidence=lambda: time.sleep(_HANGS) or 0.9
                )
            check = trace.check(answer=given["answer"])
        expected = kind in (0, 3)
        if kind != 1 and check.stops != expected:
            self.wrong.append(f"{kind}: {check.decision!r} {check.decision.unknown}")
        if at % 3 == 0:
            for name in self.guard.deployment.active.policy.outcome:
                self.guard.outcome(check.trace_id, **{name: True})

    def thread(self, seed: int) -> None:
        """Sends requests until the end."""
        draw = random.Random(seed)
        while time.monotonic() < self.until and len(self.wrong) < 10:
            self.request(draw)

    async def tasks(self) -> None:
        """The same from asyncio tasks, with providers that are awaited."""

        async def one(seed: int) -> None:
            draw = random.Random(seed)
            while time.monotonic() < self.until and len(self.wrong) < 10:
                await asyncio.sleep(draw.random() / 10)
                given = record()

                async def confidence(given: dict[str, Any] = given) -> float:
                    await asyncio.sleep(draw.random() / 1000)
                    return given["answer"]["confidence"]

                async with self.guard.trace() as trace:
                    signals = await trace.provide_async("answer", budget=5, confidence=confidence)
                    trace.check(**{**given, "answer": given["answer"] | signals})
                next(self.requests)

        await asyncio.gather(*(one(1000 + at) for at in range(TASKS)))


def soak(seconds: float) -> bool:
    """Runs for so long and prints what was seen; whether all was well."""
    with tempfile.TemporaryDirectory() as name:
        one = Soak(Path(name), time.monotonic() + seconds)
        workers = [threading.Thread(target=one.thread, args=(at,)) for at in range(THREADS)]
        workers.append(threading.Thread(target=lambda: asyncio.run(one.tasks())))
        for worker in workers:
            worker.start()
        memory: list[int] = []
        ends = [one.until - seconds + seconds * at / SAMPLES for at in range(1, SAMPLES + 1)]
        for change in itertools.count(1):
            time.sleep(max(0.0, min(1.0, ends[len(memory)] - time.monotonic())))
            one.put(change)
            if time.monotonic() >= ends[len(memory)]:
                gc.collect()
                generate_latest(one.registry)
                memory.append(resident())
                print(f"{memory[-1] / 1e6:8.1f} MB  {next(one.requests):,} requests", flush=True)
            if len(memory) == SAMPLES:
                break
        for worker in workers:
            worker.join()
        one.guard.close()
        status = one.guard.status()
    quarter = SAMPLES // 4
    before = statistics.median(memory[quarter : 2 * quarter])
    after = statistics.median(memory[-quarter:])
    grown = after - before
    print(
        f"grown by {grown / 1e6:.1f} MB ({grown / before:.1%}) from the second quarter to the last"
    )
    print(status)
    for problem in one.wrong:
        print(problem)
    if status.observer_errors:
        one.wrong.append("an observer raised")
    return not one.wrong and (grown <= 0.05 * before or grown <= 8e6)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    return 0 if soak(parser.parse_args().seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
