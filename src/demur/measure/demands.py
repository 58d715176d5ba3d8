"""One requirement over one slice: what is known of it, and what the requirement demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isclose, isinf, isnan
from operator import ge, gt, le, lt

from demur.measure.corrections import CORRECTIONS
from demur.measure.evidence import Evidence
from demur.measure.results import Measured, Slice

_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one requirement over one slice.

    `evidence` is held against `evidence_limit`: the limit itself, or for a difference against the
    baseline the margin. `problem` is a diagnostic's code and a sentence where the row cannot be
    judged. `cases` are ids of records that speak against the requirement. Of the measured records it
    is not known of `doubtful` ones whether they count. The evidence is of a sample of `sampled`
    records, or else of all. Of `strays` records it is not known whether they belong to the slice; each
    of `doubts` is a row of what the slice could be with them, made when it is asked for.
    """

    slice: Slice
    measured: Measured
    limit: float | None
    baseline: Measured | None = None
    evidence: Evidence | None = None
    evidence_limit: float | None = None
    problem: tuple[str, str] | None = None
    cases: tuple[str, ...] = ()
    doubtful: int = 0
    sampled: int | None = None
    strays: int = 0
    doubts: tuple[Callable[[], Row], ...] = ()

    @property
    def certain(self) -> int:
        """The records that are known to count, in this run or the baseline, where they are fewer."""
        mine = self.measured.samples - self.doubtful
        return mine if self.baseline is None else min(mine, self.baseline.samples)


@dataclass(frozen=True, slots=True)
class Test:
    """Evidence, what it is held against, and whether the value itself meets the requirement."""

    evidence: Evidence
    limit: float
    is_met: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """What a requirement demands of each of its rows."""

    operator: str
    confidence: float | None
    min_samples: int
    correction: str

    @property
    def is_upper(self) -> bool:
        """Whether it asks for at most, or less than, the limit."""
        return self.operator in ("<", "<=")

    def is_met(self, value: float, limit: float) -> bool:
        """Whether the value keeps to the limit, where what only rounding tells apart is equal."""
        if isclose(value, limit, rel_tol=1e-12):
            return self.operator.endswith("=")
        return _COMPARE[self.operator](value, limit)

    def error(self, row: Row) -> tuple[str, str] | None:
        """Why a row cannot be judged: a diagnostic's code and a sentence."""
        if row.problem is not None:
            return row.problem
        measured, limit = row.measured, row.limit
        if measured.samples <= 0:
            return "DM810", "No record counts for this metric."
        if measured.value is None or isnan(measured.value):
            return "DM817", "The metric has no value over these records."
        if limit is None or isnan(limit):
            return "DM817", "The limit has no value."
        is_allowed = measured.value == limit and self.is_met(measured.value, limit)
        if not isinf(measured.value) or is_allowed:
            return None
        if not measured.unknown:
            return "DM817", "The metric is infinite over these records."
        return "DM816", (
            f"{measured.unknown:,} of {cases_in_words(measured)} are unknown, and nothing bounds the unknown "
            "value: declare `min` and `max` of the signal, or leave them out with `has()`."
        )

    def test(self, row: Row) -> Test | None:
        """What is to be tested of a row without an error, if anything is."""
        measured, limit = row.measured, row.limit
        if self.confidence is None or row.evidence is None or row.certain < self.min_samples:
            return None
        assert measured.value is not None
        assert limit is not None
        against = limit if row.evidence_limit is None else row.evidence_limit
        return Test(row.evidence, against, self.is_met(measured.value, limit))

    def against(self, evidence: Evidence, limit: float) -> float:
        """How likely such evidence against the requirement would be if it were just met."""
        found = evidence.above(limit) if self.is_upper else evidence.below(limit)
        return 1.0 if isnan(found) else found

    def passes(self, test: Test, times: float = 1.0) -> bool:
        """Whether the bound clears the limit.

        Where equality is allowed an exact bound may lie on it. Of all others the test decides alone,
        whether equality is allowed or not: the null hypothesis begins at the limit for either.
        """
        assert self.confidence is not None
        if not test.is_met:
            return False
        evidence = test.evidence if times == 1.0 else test.evidence.repeated(times)
        p_value = (evidence.below if self.is_upper else evidence.above)(test.limit)
        if p_value < 1 - self.confidence:
            return True
        interval = evidence.interval(self.confidence)
        bound = interval.high if self.is_upper else interval.low
        on_limit = isclose(bound, test.limit, rel_tol=1e-12)
        return evidence.is_closed and self.operator.endswith("=") and on_limit

    def is_passed(self, row: Row) -> bool:
        """Whether a row alone passes."""
        if self.error(row) is not None or row.certain < self.min_samples:
            return False
        test = self.test(row)
        if test is not None:
            return self.passes(test)
        assert row.measured.value is not None
        assert row.limit is not None
        return self.is_met(row.measured.value, row.limit)

    def adjusted(self, p_values: Mapping[int, float]) -> dict[int, float]:
        """The p-values corrected over all rows, each by its row."""
        corrected = CORRECTIONS[self.correction](list(p_values.values()))
        return dict(zip(p_values, corrected, strict=True))

    def fails(self, adjusted: float) -> bool:
        """Whether the test against the requirement rejects."""
        assert self.confidence is not None
        return adjusted < 1 - self.confidence


def margin_of(row: Row) -> float | None:
    """How far from the baseline's value the limit lies."""
    if row.baseline is None or row.baseline.value is None or row.limit is None:
        return None
    return row.limit - row.baseline.value


def cases_in_words(measured: Measured) -> str:
    """How many cases there are: `1 case`."""
    return f"{measured.samples:,} case{'' if measured.samples == 1 else 's'}"
