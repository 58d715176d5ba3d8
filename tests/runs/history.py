"""Kept runs made up: two years of weekly runs of a gate, as numbers alone or with a change in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from demur.measure.results import Interval, Measured, Slice
from demur.runs.facts import Commit, KeptRun, Measurement, RunFacts
from demur.runs.store import keep

START = datetime(2024, 12, 5, 12, tzinfo=UTC)
"""A Thursday."""
WEEK = timedelta(weeks=1)


def facts(at: int, time: datetime | None = None, **given: Any) -> RunFacts:
    """The facts of the run number `at`, a week after the one before."""
    moment = time or START + at * WEEK
    return RunFacts(
        **{
            "id": f"{moment:%Y%m%dT%H%M%SZ}-{at:09x}",
            "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "policy": "assistant",
            "version": "1.0.0",
            "digest": "sha256:" + "a" * 64,
            "gate": "ship",
            "suites": ("golden",),
            "verdict": "pass",
            "results": ("results.jsonl",),
            "records": 500,
            "commit": Commit(f"{at:04x}" * 10, "main", False),
            "fingerprint": {"prompt": "sha256:" + "1" * 64},
            **given,
        }
    )


def measured(
    share: float | None, count: int = 500, slice: Slice | None = None, **given: Any
) -> Measurement:
    """The metric `wrong` of so many records, with about its interval."""
    reach = 0.0 if share is None else 1.645 * (share * (1 - share) / count) ** 0.5
    interval = None if share is None else Interval(max(share - reach, 0), share + reach)
    return Measurement(
        **{
            "requirement": "wrong <= 0.2",
            "metric": "wrong",
            "better": "lower",
            "level": "fail",
            "unit": None,
            "slice": slice or Slice(),
            "measured": Measured(share, share, count, 0, interval),
            "verdict": "pass"
            if share is not None and share <= 0.2
            else "error"
            if share is None
            else "fail",
            "limit": 0.2,
            **given,
        }
    )


def rates(
    count: int,
    weeks: int = 104,
    share: float = 0.1,
    worse: float = 0.0,
    since: int = 52,
    seed: int = 0,
) -> list[float]:
    """Shares of binomial samples, from the week `since` on worse by so much."""
    random = np.random.default_rng(seed)
    return [
        float(random.binomial(count, share + (worse if at >= since else 0.0))) / count
        for at in range(weeks)
    ]


def runs(
    series: Mapping[Slice, Sequence[float | None]], count: int = 500, **given: Any
) -> list[KeptRun]:
    """A run a week with these values of `wrong` over each slice."""
    weeks = len(next(iter(series.values())))
    return [
        KeptRun(
            facts(at, **given),
            tuple(measured(values[at], count, slice) for slice, values in series.items()),
        )
        for at in range(weeks)
    ]


def store(folder: Path, kept: Iterable[KeptRun]) -> Path:
    """The runs in a store."""
    for one in kept:
        keep(folder, one.facts, one.measurements)
    return folder
