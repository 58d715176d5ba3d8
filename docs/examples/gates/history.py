"""Makes two years of weekly runs of the gate `ship`, so that there is a trend to look at.

`demur gate` keeps such a run each time; here their numbers are drawn at random. In the seventieth week
the prompt changes, and from then on more questions about shipping are refused.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scipy.stats import binomtest

from demur.measure.results import Interval, Measured, Slice
from demur.runs.facts import Commit, Measurement, RunFacts
from demur.runs.store import keep, written

STORE = Path(__file__).with_name(".demur") / "runs"
START = datetime(2024, 12, 4, 6, tzinfo=UTC)
CASES, CHANGED = 80, 70
draw = random.Random(4)


def main() -> None:
    """Fills the store."""
    for week in range(104):
        moment = START + timedelta(weeks=week)
        rows = list(measurements(week))
        facts = RunFacts(
            id=f"{moment:%Y%m%dT%H%M%SZ}-{week:06x}",
            time=written(moment),
            policy="answers",
            version="1.0.0",
            digest="sha256:4f0c",
            gate="ship",
            suites=("golden",),
            verdict="pass" if all(one.verdict == "pass" for one in rows) else "inconclusive",
            results=("current.jsonl",),
            records=240,
            commit=Commit(f"{0xA10000 + 7919 * week:x}", "main", False),
            fingerprint={"prompt": "sha256:9d2e" if week < CHANGED else "sha256:e07b"},
        )
        keep(STORE, facts, rows)


def measurements(week: int) -> Iterator[Measurement]:
    """Over-refusal on the week's run, of all answerable questions and by topic."""
    topics = {"billing": 0.08, "shipping": 0.09 if week < CHANGED else 0.2}
    refused = {
        topic: sum(draw.random() < share for _ in range(CASES)) for topic, share in topics.items()
    }
    yield measurement(sum(refused.values()), 2 * CASES, Slice())
    for topic, count in refused.items():
        yield measurement(count, CASES, Slice((("request.topic", topic),)))


def measurement(count: int, cases: int, slice: Slice) -> Measurement:
    """The share with its interval, as `demur gate` finds them."""
    share = count / cases
    ends = binomtest(count, cases).proportion_ci(0.90, "exact")
    measured = Measured(share, share, cases, 0, Interval(ends.low, ends.high))
    verdict = "pass" if ends.high <= 0.2 else "inconclusive"
    return Measurement(
        "over_refusal <= 0.2", "over_refusal", "lower", "fail", None, slice, measured, verdict, 0.2
    )


if __name__ == "__main__":
    main()
