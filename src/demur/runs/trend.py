"""A trend: each metric and slice of a policy's gates over the kept runs, with the changes marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from demur.measure.results import Change, Interval, Slice
from demur.runs.changes import FEWEST, changes, searched
from demur.runs.facts import KeptRun, Measurement, RunFacts, changed
from demur.runs.store import Broken, BrokenRun, newest_first, read

SINGLE = 120
"""Runs up to which each is shown by itself; of more, a week's are taken together."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metric over a slice in one run, or in the `runs` of a week.

    A week's value is the mean of its runs', weighted by their records: of a rate that is the pooled
    one. Its interval is their mean likewise, and so as wide as one run's, since runs often repeat the
    same cases. `time`, `run`, `verdict` and `limit` are the last run's. Unknown records count as the
    worst; `value` is None where the metric has none in the last run.
    """

    time: str
    run: str
    runs: int
    value: float | None
    interval: Interval | None
    samples: int
    unknown: int
    verdict: str
    limit: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A change point: from `time` on the level is `after`, where it was `before`.

    `first` is the number of the first point of the new level, from 0. `worse` is whether the metric
    is meant to go the other way. `causes` are what changed in the system between the last run of the
    old level and the first of the new one.
    """

    first: int
    time: str
    run: str
    before: float
    after: float
    worse: bool
    p_value: float
    causes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of a gate over a slice; `better` is `lower` or `higher`. `searched` is whether it was
    looked through for changes, which takes enough runs."""

    gate: str
    metric: str
    slice: Slice
    better: str
    unit: str | None
    points: tuple[Point, ...]
    turns: tuple[Turn, ...]
    searched: bool

    @property
    def known(self) -> tuple[Point, ...]:
        """The points that have a value."""
        return tuple(one for one in self.points if one.value is not None)

    @property
    def first(self) -> float | None:
        """The first value that there is."""
        return self.known[0].value if self.known else None

    @property
    def last(self) -> float | None:
        """The value of the newest point: None where it has none, whatever came before."""
        return self.points[-1].value

    @property
    def change(self) -> float | None:
        """The last value less the first."""
        first, last = self.first, self.last
        return None if first is None or last is None else last - first

    @property
    def samples(self) -> int:
        """The records of all points."""
        return sum(one.samples for one in self.points)


@dataclass(frozen=True, slots=True)
class Mark:
    """What changed from one run of a gate to its next, at the time of the later one."""

    time: str
    run: str
    gate: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of a policy over time. The series are in order of damage, the worst first.

    `every` is `run` or `week`, what a point stands for. `first` and `last` are the runs' times, None
    where there are no runs. `problems` are files of the store that are no runs.
    """

    policy: str
    gates: tuple[str, ...]
    every: str
    runs: int
    first: str | None
    last: str | None
    series: tuple[Series, ...]
    marks: tuple[Mark, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which runs and series a trend shows; None and nothing choose all of them.

    `by` are dimensions as gates write them: `request.topic`, `request.topic * request.tenant`. `since`
    is a time.
    """

    policy: str
    gate: str | None = None
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    branch: str | None = None
    since: datetime | None = None


def load(folder: Path, chosen: Chosen) -> tuple[list[KeptRun], list[Broken]]:
    """The chosen runs of the store, the oldest first, and what of it is no run."""
    found: list[KeptRun] = []
    broken: list[Broken] = []
    since = "" if chosen.since is None else f"{chosen.since:%Y%m%dT%H%M%SZ}"
    for path in reversed(newest_first(folder)):
        if path.name < since:
            continue
        try:
            run = read(path)
        except BrokenRun as failure:
            broken.append(Broken(path, str(failure)))
            continue
        facts = run.facts
        is_chosen = facts.policy == chosen.policy and chosen.gate in (None, facts.gate)
        if is_chosen and chosen.branch in (None, facts.commit.branch):
            found.append(run)
    return found, broken


def trend(
    runs: Sequence[KeptRun],
    chosen: Chosen,
    broken: Iterable[Broken] = (),
    every: str | None = None,
) -> Trend:
    """The trend of the runs, which are in order of time; `every` as by default, or as it is said."""
    by_gate: dict[str, list[KeptRun]] = {}
    for one in runs:
        its = by_gate.setdefault(one.facts.gate, [])
        if its and _is_again(its[-1].facts, one.facts):
            its.pop()
        its.append(one)
    longest = max(map(len, by_gate.values()), default=0)
    every = every or ("week" if longest > SINGLE else "run")
    facts = {one.facts.id: one.facts for one in runs}
    found = [
        series for gate, its in by_gate.items() for series in _all_series(gate, its, chosen, every)
    ]
    turns = _turns(found, facts)
    found = [replace(one, turns=its) for one, its in zip(found, turns, strict=True)]
    return Trend(
        chosen.policy,
        tuple(by_gate),
        every,
        sum(map(len, by_gate.values())),
        runs[0].facts.time if runs else None,
        runs[-1].facts.time if runs else None,
        tuple(sorted(found, key=_damage)),
        tuple(_marks(by_gate)),
        tuple(map(str, broken)),
    )


def _is_again(before: RunFacts, now: RunFacts) -> bool:
    """Whether the same policy judged the very same results again, which tells nothing new."""
    return bool(now.finished) and (before.finished, before.digest) == (now.finished, now.digest)


_Key = tuple[str, str, str | None, Slice]
"""What makes measurements of several runs one series: metric, better, unit, slice."""


def _all_series(gate: str, runs: Sequence[KeptRun], chosen: Chosen, every: str) -> Iterator[Series]:
    found: dict[_Key, dict[str, list[tuple[RunFacts, Measurement]]]] = {}
    for run in runs:
        period = _week(run.facts.time) if every == "week" else run.facts.id
        seen: set[_Key] = set()
        for one in run.measurements:
            key = (one.metric, one.better, one.unit, one.slice)
            # Slices pooled for their size are others each time; a metric may be required twice.
            if key not in seen and not one.slice.remainder and _is_chosen(one, chosen):
                seen.add(key)
                found.setdefault(key, {}).setdefault(period, []).append((run.facts, one))
    for (metric, better, unit, slice), periods in found.items():
        points = tuple(map(_point, periods.values()))
        series = Series(gate, metric, slice, better, unit, points, (), searched=False)
        yield replace(series, searched=searched(_observed(series)))


def _is_chosen(one: Measurement, chosen: Chosen) -> bool:
    of = " * ".join(name for name, _ in one.slice.of)
    return (not chosen.metrics or one.metric in chosen.metrics) and (
        not chosen.by or not of or of in chosen.by
    )


def _week(time: str) -> str:
    year, week, _ = datetime.fromisoformat(time).isocalendar()
    return f"{year}-W{week:02}"


def _point(found: Sequence[tuple[RunFacts, Measurement]]) -> Point:
    """One point of the runs of a period, which are in order of time."""
    facts, last = found[-1]
    measured = [one.measured for _, one in found]
    valued = [one for one in measured if _is_number(one.value)]
    value = _mean((one.value, one.samples) for one in valued)
    bounded = [one for one in valued if one.interval is not None]
    interval = None
    if bounded and len(bounded) == len(valued):
        low = _mean((one.interval and one.interval.low, one.samples) for one in bounded)
        high = _mean((one.interval and one.interval.high, one.samples) for one in bounded)
        if low is not None and high is not None:
            interval = Interval(low, high)
    if not _is_number(last.measured.value):
        value, interval = None, None
    return Point(
        facts.time,
        facts.id,
        len(found),
        value,
        interval,
        sum(one.samples for one in measured),
        sum(one.unknown for one in measured),
        last.verdict,
        last.limit,
    )


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _mean(weighted: Iterable[tuple[float | None, int]]) -> float | None:
    pairs = [(value, weight) for value, weight in weighted if value is not None]
    total = sum(weight for _, weight in pairs)
    if len(pairs) == 1:
        return pairs[0][0]
    return sum(value * weight for value, weight in pairs) / total if total else None


def _observed(series: Series) -> tuple[list[float], list[float]]:
    points = [one for one in series.known if one.samples]
    return [one.value or 0.0 for one in points], [float(one.samples) for one in points]


def _turns(found: Sequence[Series], facts: Mapping[str, RunFacts]) -> Iterator[tuple[Turn, ...]]:
    """The changes of each series, all searched together, since they share the chance of error."""
    all_splits = changes([_observed(one) for one in found])
    for series, splits in zip(found, all_splits, strict=True):
        points = [one for one in series.known if one.samples]
        places = {one.run: at for at, one in enumerate(series.points)}
        ends = [0, *(one.at for one in splits), len(points)]
        levels = [_level(points[start:end]) for start, end in pairwise(ends)]
        turns: list[Turn] = []
        for split, (before, after) in zip(splits, pairwise(levels), strict=True):
            point, earlier = points[split.at], points[split.at - 1]
            causes = changed(facts[earlier.run], facts[point.run])
            worse = (after > before) == (series.better == "lower")
            turns.append(
                Turn(
                    places[point.run],
                    point.time,
                    point.run,
                    before,
                    after,
                    worse,
                    split.p_value,
                    causes,
                )
            )
        yield tuple(turns)


def _level(points: Sequence[Point]) -> float:
    """The value over all of the points together."""
    total = sum(one.samples for one in points)
    return sum((one.value or 0.0) * one.samples for one in points) / total


def _damage(series: Series) -> tuple[int, int, float]:
    """First what stands worse than before its last change, then newest verdicts, then how much."""
    verdicts = ("error", "fail", "inconclusive", "pass")
    turned = series.turns[-1] if series.turns else None
    rank = 1 if turned is None else 0 if turned.worse else 2
    scale = max((abs(one.value or 0.0) for one in series.known), default=0.0) or 1.0
    move = 0.0 if turned is None else abs(turned.after - turned.before) / scale
    return rank, verdicts.index(series.points[-1].verdict), -move


def _marks(by_gate: Mapping[str, Sequence[KeptRun]]) -> Iterator[Mark]:
    """What changed from each run to the next of its gate."""
    for gate, runs in by_gate.items():
        for before, now in pairwise(runs):
            found = changed(before.facts, now.facts)
            if found:
                yield Mark(now.facts.time, now.facts.id, gate, found)


UNSEARCHED = f"Changes are looked for where a series has {FEWEST} points at least."
"""What to say of series that are too short."""
