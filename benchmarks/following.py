"""What an evaluation of alerts takes, against how long the journal is: read on, and read as a whole.

Each minute has the same number of records, so that the windows hold the same while the journal grows. The
ratio is of the processor time of one evaluation that reads on over one that reads everything.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory

import demur
from benchmarks.alerts import MINUTE, POLICY
from benchmarks.measuring import Measurement
from demur.monitor.alerts import alerts
from demur.monitor.following import Followed, Whole
from demur.monitor.memory import Memory
from demur.monitor.run import evaluate_once, longest, reading_for
from demur.service.check import Check
from demur.service.journal import Journal

EACH_MINUTE = 300
ROUNDS = 3
_BEGINNING = 1_700_000_000.0


def measure(lengths: Sequence[int] = (10_000, 50_000, 250_000)) -> Iterator[Measurement]:
    """An evaluation after each of these numbers of records, a minute later each time."""
    policy = demur.load(POLICY)
    found = alerts(policy)
    reading = reading_for(policy, found)
    with TemporaryDirectory() as folder:
        followed = Followed([folder], reading)
        whole = Whole([folder], reading, None)
        with Journal(
            folder, maximum_bytes=16 * 1024 * 1024, maximum_lines=10 * EACH_MINUTE
        ) as journal:
            minute = 0
            for length in lengths:
                while (minute + ROUNDS + 1) * EACH_MINUTE < length:
                    _serve(policy, journal, minute)
                    minute += 1
                pairs: list[tuple[float, float]] = []
                for at in range(ROUNDS + 1):
                    _serve(policy, journal, minute)
                    minute += 1
                    now = _BEGINNING + minute * MINUTE
                    times: list[float] = []
                    for source in (followed, whole):
                        started = time.process_time()
                        history = source.history(now - longest(found))
                        evaluate_once(found, history, now, Memory())
                        times.append(time.process_time() - started)
                    # The first one reads all that came since the last length.
                    if at:
                        pairs.append((times[0], times[1]))
                own, other = (statistics.median(one[at] for one in pairs) for at in (0, 1))
                ratios = tuple(a / b for a, b in pairs)
                name = f"monitor, an evaluation after {length:,} records"
                yield Measurement(name, ratios, own, other)
        followed.close()


def _serve(policy: demur.Evaluator, journal: Journal, minute: int) -> None:
    for number in range(EACH_MINUTE):
        given = {
            "request": {"context_tokens": 1000 + number},
            "answer": {
                "generated_tokens": 200,
                "latency_ms": 8000.0 + number,
                "supported": number % 100 > 0,
            },
        }
        at = _BEGINNING + (minute + (number + 0.5) / EACH_MINUTE) * MINUTE
        name = f"{minute * EACH_MINUTE + number:032x}"
        decision = policy.decide(given)
        journal.observe(
            Check(at, name, None, "answer", given, decision, policy, 0, 0, is_final=True)
        )
    journal.flush(60)


if __name__ == "__main__":
    for measurement in measure():
        print(measurement.line(), flush=True)
