"""A threshold on drift: a signal's distribution in a run against the baseline's, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from math import comb, inf, isnan, prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demur.measure.demands import Row
from demur.measure.frames import Frame, Numbers
from demur.measure.measuring import Part
from demur.measure.results import Measured, Slice
from demur.measure.summaries import Value
from demur.measure.thresholds import Threshold
from demur.runtime.aggregates import Aggregate

if TYPE_CHECKING:
    from demur.measure.evidence import Evidence
    from demur.measure.evidence.divergence import Divergence
    from demur.measure.evidence.kolmogorov_smirnov import KolmogorovSmirnov

    DriftEvidence = Divergence | KolmogorovSmirnov

DECILES = np.linspace(0.1, 0.9, 9)
MOST_CATEGORIES = 1_000
"""Different values that are told apart; the rarer ones beyond count as one."""
MOST_WAYS, MOST_PLACES = 64, 20
"""Ways to place unknown values that are all tried; else places that all of them take, in turn."""


@dataclass(frozen=True)
class Samples:
    """The values of a signal in the two runs, NaN where unknown; categories are numbers in both."""

    now: Numbers
    before: Numbers
    categories: bool

    def known(self) -> Samples:
        """Of the known values alone."""
        now, before = (one[~np.isnan(one)] for one in (self.now, self.before))
        return Samples(now, before, self.categories)


def drift_row(threshold: Threshold, now: Part, before: Part | None, slice: Slice) -> Row:
    """What is to be judged of one slice: the distance and the evidence on it."""
    from demur.measure.evidence.completed import Completed

    run, value = now.run, now.value
    theirs = None if before is None else before.value
    limit = threshold.limit_by(run.evaluator)(None)
    problem = _problem(value, theirs) if limit is not None else ("DM817", "The limit has no value.")
    measured = Measured(None, None, value.samples, value.unknown)
    told = None if theirs is None else Measured(None, None, theirs.samples, theirs.unknown)
    if problem is not None or before is None:
        return Row(slice, measured, limit, told, problem=problem, doubtful=value.doubtful)
    (at,) = run.metrics.metrics[threshold.metric].aggregates
    aggregate = run.metrics.aggregates[at]
    samples = _samples(now, before, aggregate)
    found = evidence_on(aggregate.kind, samples)
    known = evidence_on(aggregate.kind, samples.known())
    # As one more value, unknown ones may hide a drift as well as be one.
    others = ((lambda: known), *completions(aggregate.kind, samples))
    if isnan(found.estimate):
        problem = (
            "DM817",
            "The sample of the records has none of this slice: it is too rare in them.",
        )
    evidence: Evidence | None = None
    distance = found.estimate
    if threshold.confidence is not None:
        evidence = Completed(found, others, threshold.is_upper)
    elif not isnan(known.estimate):
        extreme = max if threshold.is_upper else min
        distance = extreme(distance, *(one().estimate for one in others))
    return Row(
        slice,
        Measured(distance, known.estimate, value.samples, value.unknown),
        limit,
        told,
        evidence,
        problem=problem,
        doubtful=value.doubtful,
        sampled=now.sampled,
    )


def _problem(now: Value, before: Value | None) -> tuple[str, str] | None:
    """Why there is nothing to compare: a diagnostic's code and a sentence."""
    if before is None:
        return "DM814", "Drift is against a baseline, and there is none: give --baseline."
    if not now.samples and before.samples:
        return "DM815", "The baseline had records here, and this run has none."
    if not now.certain:
        return "DM810", "No record is known to count for this metric."
    if not before.certain:
        return "DM819", "The baseline has no record that counts here."
    if now.unknown == now.samples:
        return "DM817", "Every value is unknown here, so they have no distribution."
    if before.unknown == before.samples:
        return "DM819", "Every value of the baseline is unknown here, so they have no distribution."
    return None


def evidence_on(kind: str, samples: Samples) -> DriftEvidence:
    """The evidence of this kind of drift; an unknown value is one more value, beyond all numbers."""
    from demur.measure.evidence.divergence import divergence

    if kind == "kolmogorov_smirnov":
        return _smirnov(
            *(np.where(np.isnan(one), inf, one) for one in (samples.now, samples.before))
        )
    return divergence(kind, *_counts(samples))


def _smirnov(now: Numbers, before: Numbers) -> KolmogorovSmirnov:
    from demur.measure.evidence.kolmogorov_smirnov import KolmogorovSmirnov

    return KolmogorovSmirnov.of(now, before)


def completions(kind: str, samples: Samples) -> Iterator[Callable[[], DriftEvidence]]:
    """The evidence for other values that the unknown ones could have, where any is unknown.

    They are given to the values, bins or categories that there are in all ways where those are few;
    else all to one of them, in turn, and so that the runs differ least.
    """
    if not any(np.isnan(one).any() for one in (samples.now, samples.before)):
        return
    if kind == "kolmogorov_smirnov":
        for now, before in _with_values(samples):
            yield partial(_smirnov, now, before)
        return
    from demur.measure.evidence.divergence import divergence

    now, before = _counts(samples)
    order = [0, *np.argsort(-(now + before)[1:], kind="stable")[:MOST_PLACES] + 1]
    for first, second in _places((int(now[0]), int(before[0])), len(order)):
        moved = [
            np.bincount([order[at] for at in places], minlength=len(now))
            for places in (first, second)
        ]
        yield partial(divergence, kind, _known(now) + moved[0], _known(before) + moved[1])
    yield partial(divergence, kind, _levelled(now, before), before)
    yield partial(divergence, kind, now, _levelled(before, now))


def _with_values(samples: Samples) -> Iterator[tuple[Numbers, Numbers]]:
    """The numbers of both runs, the unknown ones beyond all others or as some that there are."""
    known = samples.known()
    unknown = (len(samples.now) - len(known.now), len(samples.before) - len(known.before))
    values = np.unique(np.concatenate([known.now, known.before]))
    if len(values) > MOST_PLACES:
        values = np.quantile(values, np.linspace(0, 1, MOST_PLACES), method="nearest")
    values = np.concatenate([[inf, -inf], values])
    for first, second in _places(unknown, len(values)):
        yield (
            np.concatenate([known.now, values[list(first)]]),
            np.concatenate([known.before, values[list(second)]]),
        )
    for at, other in enumerate((known.before, known.now)):
        if len(other) and unknown[at]:
            ranks = (np.arange(unknown[at]) + 0.5) / unknown[at]
            given = np.quantile(other, ranks, method="nearest")
            runs = [np.where(np.isnan(one), inf, one) for one in (samples.now, samples.before)]
            runs[at] = np.concatenate([(known.now, known.before)[at], given])
            yield runs[0], runs[1]


def _places(unknown: tuple[int, int], count: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Which of `count` places the unknown values of both runs take."""
    if prod(comb(one + count - 1, count - 1) for one in unknown) <= MOST_WAYS:
        ways = [list(combinations_with_replacement(range(count), one)) for one in unknown]
        for first in ways[0]:
            for second in ways[1]:
                yield first, second
        return
    for at in range(count):
        yield [at] * unknown[0], [0] * unknown[1]
        yield [0] * unknown[0], [at] * unknown[1]
        yield [at] * unknown[0], [at] * unknown[1]


def _known(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], counts[1:]])


def _levelled(counts: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """The counts with those of the first bin where most is missing of the others' shares."""
    wanted = others[1:] * counts.sum() / max(1, others[1:].sum())
    missing = np.maximum(wanted - counts[1:], 0.0)
    if not missing.sum():
        return counts
    given = np.floor(missing * counts[0] / missing.sum()).astype(np.int64)
    given[np.argmax(missing)] += counts[0] - given.sum()
    return np.concatenate([[0], counts[1:] + given])


def _samples(part: Part, part_before: Part, aggregate: Aggregate) -> Samples:
    assert aggregate.value is not None
    at = aggregate.value
    parts = part, part_before
    labels, earlier = (one.run.frame.labels.get(at, ()) for one in parts)
    now, before = (_values(one.run.frame, aggregate, one.rows) for one in parts)
    numbers = {label: number for number, label in enumerate(labels)}
    renumbered = np.array([numbers.setdefault(one, len(numbers)) for one in earlier], dtype=float)
    if len(renumbered):
        known = ~np.isnan(before)
        before[known] = renumbered[before[known].astype(np.intp)]
    return Samples(now, before, part.run.metrics.columns[at].type in ("string", "bool"))


def _values(frame: Frame, aggregate: Aggregate, rows: NDArray[np.intp]) -> Numbers:
    """The values of the slice's records that count or may; of the latter they are unknown."""
    assert aggregate.value is not None
    values = frame.columns[aggregate.value][rows].copy()
    if aggregate.where is None:
        return values
    where = frame.columns[aggregate.where][rows]
    values[np.isnan(where)] = np.nan
    return values[where != 0.0]


def _counts(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Records by category or bin, unknown values in the first."""
    runs = samples.now, samples.before
    if samples.categories:
        places = [np.where(np.isnan(one), 0, one + 1).astype(np.intp) for one in runs]
    else:
        edges, atoms = _edges(samples.before)
        places = [
            np.where(
                np.isnan(one),
                0,
                1 + 2 * np.searchsorted(edges, one, side="left") + np.isin(one, atoms),
            )
            for one in runs
        ]
    width = 1 + max((int(one.max()) for one in places if len(one)), default=0)
    now, before = (np.bincount(one, minlength=width) for one in places)
    return _most_frequent(now, before)


def _edges(reference: Numbers) -> tuple[Numbers, Numbers]:
    """The deciles of the reference, each once, and the values that are several of them.

    Such a value has a bin of its own: it would hide those below it.
    """
    known = reference[~np.isnan(reference)]
    if not len(known):
        return known, known
    edges, counts = np.unique(np.quantile(known, DECILES), return_counts=True)
    return edges, edges[counts > 1]


def _most_frequent(
    now: NDArray[np.int64], before: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts of the most frequent values in both runs together, and those of all others."""
    if len(now) <= MOST_CATEGORIES:
        return now, before
    order = np.argsort(-(now + before), kind="stable")
    first, others = order[: MOST_CATEGORIES - 1], order[MOST_CATEGORIES - 1 :]
    now, before = (np.append(one[first], one[others].sum()) for one in (now, before))
    return now, before
