"""A threshold on drift: a signal's distribution in a run against the baseline's, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
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

DECILES = np.linspace(0.1, 0.9, 9)
MOST_CATEGORIES = 1_000
"""Different values that are told apart; the rarer ones beyond count as one."""


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
    if isnan(found.estimate):
        problem = (
            "DM817",
            "The sample of the records has none of this slice: it is too rare in them.",
        )
    # Unknown values are one more value. That may hide a drift as well as be one.
    evidence: Evidence | None = None
    distance = found.estimate
    if threshold.confidence is not None:
        evidence = Completed(found, (lambda: known,), threshold.is_upper)
    elif not isnan(known.estimate):
        distance = (max if threshold.is_upper else min)(distance, known.estimate)
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


def evidence_on(kind: str, samples: Samples) -> Divergence | KolmogorovSmirnov:
    """The evidence of this kind of drift; an unknown value is one more value, beyond all numbers."""
    from demur.measure.evidence.divergence import divergence
    from demur.measure.evidence.kolmogorov_smirnov import KolmogorovSmirnov

    if kind == "kolmogorov_smirnov":
        return KolmogorovSmirnov.of(
            *(np.where(np.isnan(one), inf, one) for one in (samples.now, samples.before))
        )
    return divergence(kind, *_counts(samples))


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
