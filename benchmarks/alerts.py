"""When alerts fire on a real hour of traffic into which a fault is put, and whether others fire too.

    python -m benchmarks.alerts [--faults 200] [--data ../shared/data/azure_llm/conv.csv]

The traffic is an hour of a production LLM service (Azure's trace of 2023): when each request came, and
its tokens. The trace has no latency and no failures: latency is made 500 ms and 40 ms a token that is
generated, and one answer in a hundred fails. A fault begins at a random time and stays: latencies
double, contexts grow to two and a half times, or 15 % of answers fail. Each request is decided and
recorded in a journal, which `demur monitor` then evaluates each minute.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import demur
from demur.measure.records.connecting import connect
from demur.monitor.alerts import alerts
from demur.monitor.run import Evaluation, evaluate_all, history_for
from demur.service.check import Check
from demur.service.journal import Journal

POLICY = Path(__file__).with_name("traffic_policy.yaml")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "azure_llm" / "conv.csv"
MINUTE = 60.0
FAULTS = {
    "slow": "latencies double",
    "lengthy": "contexts grow to 2.5 times",
    "failing": "15 % fail",
}
"""The fault for which each alert is there."""
WINDOW = 5 * MINUTE


@dataclass(frozen=True)
class Request:
    """A request of the trace: seconds since the trace began, and its tokens."""

    at: float
    context: int
    generated: int


@dataclass(frozen=True)
class Found:
    """What came of a fault: seconds until its alert fired, None where it did not, and false alarms.

    A false alarm is an evaluation in which an alert fires before its fault, or without one.
    """

    alert: str
    delay: float | None
    false_alarms: int
    evaluations: int


def requests(path: Path) -> list[Request]:
    """The trace's requests, in the order of time."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            (datetime.fromisoformat(time[:26]).timestamp(), int(context), int(generated))
            for time, context, generated in islice(csv.reader(file), 1, None)
        ]
    rows.sort()
    return [Request(time - rows[0][0], context, generated) for time, context, generated in rows]


def record(request: Request, alert: str, starts: float, chance: random.Random) -> Mapping[str, Any]:
    """The request as the service records it; from `starts` on with the alert's fault."""
    fault = alert if request.at >= starts else ""
    failing = chance.random() < (0.15 if fault == "failing" else 0.01)
    context = request.context * (2.5 if fault == "lengthy" else 1)
    latency = (500 + 40 * request.generated) * (2 if fault == "slow" else 1)
    return {
        "request": {"context_tokens": min(round(context), 20_000)},
        "answer": {
            "generated_tokens": request.generated,
            "latency_ms": float(latency),
            "supported": not failing,
        },
    }


@cache
def _engine() -> Any:
    return connect(None)


def watched(trace: Sequence[Request], alert: str, starts: float, seed: int) -> Iterator[Evaluation]:
    """The evaluations of each minute over the hour with one fault, from a journal of its decisions."""
    policy = demur.load(POLICY)
    chance = random.Random(seed)
    beginning = 1_700_000_000.0
    with TemporaryDirectory() as folder:
        with Journal(folder, maximum_lines=len(trace) + 1) as journal:
            for number, one in enumerate(trace):
                given = record(one, alert, starts, chance)
                at = beginning + one.at
                decision = policy.decide(given)
                journal.observe(
                    Check(
                        at, f"{number:032x}", None, "answer", given, decision, policy, 0, 0,
                        is_final=True,
                    )
                )  # fmt: skip
        found = alerts(policy)
        history = history_for(_engine(), [folder], policy, found)
        states: Any = {}
        for minute in range(5, int(trace[-1].at // MINUTE) + 1):
            evaluation = evaluate_all(found, history, beginning + minute * MINUTE, states)
            states = evaluation.states
            yield evaluation


def judged(trace: Sequence[Request], alert: str, starts: float, seed: int) -> Found:
    """What came of one fault."""
    delay, false_alarms, evaluations = None, 0, 0
    for evaluation in watched(trace, alert, starts, seed):
        at = evaluation.at - 1_700_000_000.0
        for status in evaluation.statuses:
            evaluations += 1
            if not status.is_firing:
                continue
            if status.alert.name != alert or at < starts:
                false_alarms += 1
            elif delay is None:
                delay = at - starts
    return Found(alert, delay, false_alarms, evaluations)


def faults(trace: Sequence[Request], count: int, seed: int = 0) -> Iterator[Found]:
    """So many faults of the three kinds, each at a random time from minute 10 to 50."""
    source = random.Random(seed)
    for at in range(count):
        alert = list(FAULTS)[at % len(FAULTS)]
        yield judged(trace, alert, source.uniform(10, 50) * MINUTE, at)


def report(trace: Sequence[Request], count: int) -> None:
    """Prints a line for each kind of fault."""
    found = list(faults(trace, count))
    print("| fault | faults | found within one window | median delay | longest | false alarms |")
    print("|---|---:|---:|---:|---:|---:|")
    for alert, fault in FAULTS.items():
        mine = [one for one in found if one.alert == alert]
        delays = [one.delay for one in mine if one.delay is not None]
        in_time = sum(one <= WINDOW for one in delays)
        alarms, of = (
            sum(getattr(one, name) for one in mine) for name in ("false_alarms", "evaluations")
        )
        median, longest = (
            f"{f(delays):.0f} s" if delays else "–" for f in (statistics.median, max)
        )
        print(f"| {fault} | {len(mine)} | {in_time} | {median} | {longest} | {alarms} of {of:,} |")


def main() -> None:
    """Prints a line for each kind of fault."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alerts", description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    report(requests(arguments.data), arguments.faults)


if __name__ == "__main__":
    main()
