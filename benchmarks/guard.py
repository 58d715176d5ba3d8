"""A guard with journal and metrics against the bare policy, on the same three stages of a request.

The ratio is of medians (p50) and of 99th percentiles of single requests, taken in turn, and of the
processor time of the whole process, with all that is written meanwhile. Requests come one upon another,
which is more than any service bears; `a request each ms` leaves the time in between. With threads the
journal's writer and the other threads compete for the interpreter, on both sides.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import demur
from benchmarks.decisions import POLICY, record
from benchmarks.measuring import Measurement

METRICS = """
outcome:
  correct: {type: bool, optional: true}
metrics:
  answer_rate: rate(decision.answered)
  confidence: mean(answer.confidence)
  latency_p95: quantile(answer.latency_ms, 0.95)
  wrong_rate: rate(outcome.correct == false, decision.answered)
suites:
  golden: {cases: golden.jsonl}
gates:
  ship:
    suites: [golden]
    by: [request.tenant]
    require: [answer_rate >= 0.5, confidence >= 0.5, latency_p95 <= 2000, wrong_rate <= 0.1]
"""
"""What is added to the policy, so that there are metrics of its own to count."""
STAGES = ("request", "retrieval", "answer")
REQUESTS = 4_000
"""Requests in each round."""
ROUNDS = 7
THREADS = 4
TASKS = 1_000
PERCENTILES = (("p50", 0.5), ("p99", 0.99))
DIFFERENT = 500
"""Requests that differ, so that nothing is saved by their being the same."""
PAUSE = 0.001
"""Seconds between requests that come one at a time."""


def bare(policy: demur.Evaluator, given: dict[str, Any]) -> bool:
    """A request decided stage by stage by the policy alone."""
    known: dict[str, Any] = {}
    for stage in STAGES:
        known = {**known, stage: given[stage]}
        if policy.decide(known, stage).stops:
            return False
    return True


def guarded(guard: demur.Guard, given: dict[str, Any]) -> bool:
    """The same request under a guard."""
    with guard.trace() as trace:
        return not any(trace.check(**{stage: given[stage]}).stops for stage in STAGES)


def given() -> Iterator[dict[str, Any]]:
    """Good requests without end, no two of which in a row are the same."""
    many: list[dict[str, Any]] = []
    for at in range(DIFFERENT):
        one = record(confidence=0.9 + at / 1e5)
        one["request"] |= {"text": f"Why was I charged {at} times?", "tokens": at}
        one["retrieval"]["documents"][0]["id"] = f"d{at}"
        many.append(one)
    return cycle(many)


def measure(rounds: int = ROUNDS) -> Iterator[Measurement]:
    """The ratios, from the guard alone to one with journal and metrics, alone and among others."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(POLICY.read_text("utf-8") + METRICS, encoding="utf-8")
        policy = demur.load(file)
        for name, guard in guards(policy, Path(folder)):
            with guard:
                found = f"guard{name}"
                yield from _ratios(f"{found}, 3 checks", policy, guard, _single, rounds)
                if name.endswith("and metrics"):
                    yield from _ratios("  a request each ms", policy, guard, _paced, rounds)
                    yield from _ratios(f"  {THREADS} threads", policy, guard, _threads, rounds)
                    yield from _ratios(f"  {TASKS:,} asyncio tasks", policy, guard, _tasks, rounds)


def guards(policy: demur.Evaluator, folder: Path) -> Iterator[tuple[str, demur.Guard]]:
    """The guard with more and more of what it may have."""
    from prometheus_client import CollectorRegistry

    from demur.service.telemetry.prometheus import PrometheusMetrics

    yield "", demur.Guard(policy)
    yield (
        " with metrics only",
        demur.Guard(policy, telemetry=PrometheusMetrics(CollectorRegistry())),
    )
    yield " with journal only", demur.Guard(policy, journal=folder / "journal")
    yield (
        " with journal and metrics",
        demur.Guard(
            policy, journal=folder / "both", telemetry=PrometheusMetrics(CollectorRegistry())
        ),
    )


Times = list[float]
Run = Callable[[Callable[[], object]], Times]


def _ratios(
    name: str, policy: demur.Evaluator, guard: demur.Guard, run: Run, rounds: int
) -> Iterator[Measurement]:
    records = given()
    pairs: list[tuple[Times, Times]] = []
    processor: list[tuple[float, float]] = []
    for _ in range(rounds):
        before = time.process_time()
        own = run(lambda: guarded(guard, next(records)))
        if guard.journal is not None:
            guard.journal.flush(30)
        between = time.process_time()
        other = run(lambda: bare(policy, next(records)))
        processor.append((between - before, time.process_time() - between))
        pairs.append((own, other))
    for label, share in PERCENTILES:
        own = [_at(times, share) for times, _ in pairs]
        other = [_at(times, share) for _, times in pairs]
        ratios = tuple(a / b for a, b in zip(own, other, strict=True))
        yield Measurement(f"{name}, {label}", ratios, _at(own, 0.5), _at(other, 0.5))
    if run is _single:
        ratios = tuple(a / b for a, b in processor)
        own, other = ([each[at] / REQUESTS for each in processor] for at in (0, 1))
        yield Measurement(f"{name}, processor", ratios, _at(own, 0.5), _at(other, 0.5))
    status = guard.status()
    assert not status.journal_lost, status.journal_lost


def _at(values: Times, share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _single(call: Callable[[], object]) -> Times:
    return [_timed(call) for _ in range(REQUESTS)]


def _paced(call: Callable[[], object]) -> Times:
    found: Times = []
    for _ in range(REQUESTS // 10):
        time.sleep(PAUSE)
        found.append(_timed(call))
    return found


def _threads(call: Callable[[], object]) -> Times:
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(
            lambda _: [_timed(call) for _ in range(REQUESTS // THREADS)], range(THREADS)
        )
        return [one for part in parts for one in part]


def _tasks(call: Callable[[], object]) -> Times:
    async def one() -> Times:
        found: Times = []
        for _ in range(REQUESTS // TASKS):
            await asyncio.sleep(0)
            found.append(_timed(call))
        return found

    async def all_of_them() -> Times:
        parts = await asyncio.gather(*(one() for _ in range(TASKS)))
        return [one for part in parts for one in part]

    return asyncio.run(all_of_them())


if __name__ == "__main__":
    for measurement in measure():
        print(measurement.line(), flush=True)
