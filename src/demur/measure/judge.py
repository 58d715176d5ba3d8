"""From values, limits and evidence to verdicts, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isclose, isinf, isnan
from operator import ge, gt, le, lt

from demur.measure.corrections import CORRECTIONS
from demur.measure.evidence import Evidence
from demur.measure.results import Interval, Judgement, Measured, Slice

MOST_NEEDED = 10_000_000
"""Further cases beyond which a verdict counts as never settled."""

_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ALLOWED = {
    "<": "less than {} is allowed",
    "<=": "at most {} is allowed",
    ">": "more than {} is required",
    ">=": "at least {} is required",
}


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


def judge(
    rows: Sequence[Row],
    operator: str,
    confidence: float | None,
    min_samples: int,
    correction: str = "holm",
) -> tuple[Judgement, ...]:
    """The judgement of each row; the first is the whole, the others are its slices.

    Without a confidence c the values decide. With it a row passes where its one-sided bound at c
    clears the limit. That needs no correction: a requirement is met only where every slice passes,
    so that a false pass needs a false pass of the worst one (R. L. Berger, Multiparameter hypothesis
    testing and acceptance sampling, Technometrics 24, 1982). A row fails where the other one-sided
    test rejects after the `correction` over all rows; with Holm's some row fails by chance alone in
    at most 1 - c of all runs. What is neither is inconclusive.
    """
    demand = _Demand(operator, confidence, min_samples, correction)
    errors = [demand.error(row) for row in rows]
    tests = {
        at: test
        for at, row in enumerate(rows)
        if errors[at] is None and (test := demand.test(row)) is not None
    }
    p_values = {at: demand.against(test.evidence, test.limit) for at, test in tests.items()}
    adjusted = demand.adjusted(p_values)
    found: list[Judgement] = []
    for at, row in enumerate(rows):
        error = errors[at]
        if error is not None:
            found.append(_error(row, *error))
        elif row.certain < min_samples:
            found.append(_too_few(row, min_samples))
        elif at in tests:
            found.append(_tested(row, demand, tests[at], p_values, adjusted[at], at))
        else:
            found.append(_by_value(row, demand))
    return tuple(
        _doubted(row, demand, one) if one.verdict == "pass" else one
        for row, one in zip(rows, found, strict=True)
    )


def _doubted(row: Row, demand: _Demand, passed: Judgement) -> Judgement:
    """The judgement of a slice that passes, unless it would not with the records that may be its."""
    for doubt in row.doubts:
        if demand.is_passed(doubt()):
            continue
        start = passed.reason.partition(";")[0].removesuffix(".")
        which = f"of {row.strays:,} records the slice is not known, and with them it might not pass"
        return replace(passed, verdict="inconclusive", reason=f"{start}; {which}.")
    return passed


@dataclass(frozen=True, slots=True)
class _Test:
    """Evidence, what it is held against, and whether the value itself meets the requirement."""

    evidence: Evidence
    limit: float
    is_met: bool


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a requirement demands of each of its rows."""

    operator: str
    confidence: float | None
    min_samples: int
    correction: str

    @property
    def is_upper(self) -> bool:
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
            f"{measured.unknown:,} of {_cases(measured)} are unknown, and nothing bounds the unknown "
            "value: declare `min` and `max` of the signal, or leave them out with `has()`."
        )

    def test(self, row: Row) -> _Test | None:
        """What is to be tested of a row without an error, if anything is."""
        measured, limit = row.measured, row.limit
        if self.confidence is None or row.evidence is None or row.certain < self.min_samples:
            return None
        assert measured.value is not None
        assert limit is not None
        against = limit if row.evidence_limit is None else row.evidence_limit
        return _Test(row.evidence, against, self.is_met(measured.value, limit))

    def against(self, evidence: Evidence, limit: float) -> float:
        """How likely such evidence against the requirement would be if it were just met."""
        found = evidence.above(limit) if self.is_upper else evidence.below(limit)
        return 1.0 if isnan(found) else found

    def passes(self, test: _Test, times: float = 1.0) -> bool:
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


def _error(row: Row, code: str, reason: str) -> Judgement:
    return Judgement(
        row.slice,
        "error",
        reason,
        row.measured,
        row.limit,
        row.baseline,
        code=code,
        cases=row.cases,
    )


def _too_few(row: Row, min_samples: int) -> Judgement:
    count = _cases(row.measured)
    if row.doubtful:
        count += f", {row.doubtful:,} of which may not count,"
    elif row.certain < row.measured.samples:
        count = f"{row.certain:,} in the baseline"
    return Judgement(
        row.slice,
        "inconclusive",
        f"Of {count} nothing is concluded: at least {min_samples:,} are required.",
        row.measured,
        row.limit,
        row.baseline,
        needed=min_samples - row.certain,
        cases=row.cases,
    )


def _by_value(row: Row, demand: _Demand) -> Judgement:
    """The judgement by the value alone."""
    value, limit = row.measured.value, row.limit
    assert value is not None
    assert limit is not None
    said, allowed = _texts(value, limit)
    return Judgement(
        row.slice,
        "pass" if demand.is_met(value, limit) else "fail",
        f"{_head(row, demand, said, allowed)}.",
        replace(row.measured, interval=Interval(value, value)),
        limit,
        row.baseline,
        method="" if demand.confidence is None else "exact count",
        cases=row.cases,
    )


def _tested(
    row: Row,
    demand: _Demand,
    test: _Test,
    p_values: Mapping[int, float],
    adjusted: float,
    at: int,
) -> Judgement:
    """The judgement by evidence at a confidence."""
    assert demand.confidence is not None
    p_value = p_values[at]
    verdict = "fail" if demand.fails(adjusted) else "inconclusive"
    if verdict != "fail" and demand.passes(test):
        verdict = "pass"
    interval = test.evidence.interval(demand.confidence)
    measured, difference = row.measured, None
    if row.baseline is None or row.baseline.value is None:
        measured = replace(measured, interval=interval)
    else:
        difference = _shifted(interval, row, test.limit)
    return Judgement(
        row.slice,
        verdict,
        _reason(row, demand, verdict, difference or interval, demand.fails(p_value)),
        measured,
        row.limit,
        row.baseline,
        difference,
        _method(row, test.evidence),
        p_value,
        adjusted,
        _needed(demand, row, test, p_values, at) if verdict == "inconclusive" else None,
        cases=row.cases,
    )


def _method(row: Row, evidence: Evidence) -> str:
    if row.sampled is None:
        return evidence.method
    return f"{evidence.method}, of a sample of {row.sampled:,} records"


def _shifted(interval: Interval, row: Row, against: float) -> Interval:
    """The interval of the difference from the baseline.

    The evidence may be on another difference, such as that from 1.1 times the baseline. Its bounds
    are moved so that they stand to the limit's difference as the evidence stands to its own limit.
    """
    margin = _margin(row)
    move = 0.0 if margin is None else margin - against
    # Rounding alone is no reason to move them.
    if abs(move) < 1e-12 or isinf(move) or isnan(move):
        return interval
    return Interval(interval.low + move, interval.high + move)


def _margin(row: Row) -> float | None:
    """How far from the baseline's value the limit lies."""
    if row.baseline is None or row.baseline.value is None or row.limit is None:
        return None
    return row.limit - row.baseline.value


def _needed(
    demand: _Demand, row: Row, test: _Test, p_values: Mapping[int, float], at: int
) -> int | None:
    """The fewest further cases with which the verdict would be settled if they were like these.

    None where no number would: further cases do not make a sample of them larger.
    """
    count = test.evidence.samples

    def is_settled(more: int) -> bool:
        times = (count + more) / count
        p_value = demand.against(test.evidence.repeated(times), test.limit)
        # No correction makes a p-value smaller, so that most need none.
        if demand.fails(p_value):
            return demand.fails(demand.adjusted({**p_values, at: p_value})[at])
        return demand.passes(test, times)

    if count <= 0 or row.sampled is not None:
        return None
    enough = 1
    while not is_settled(enough):
        if enough >= MOST_NEEDED:
            return None
        enough = min(2 * enough, MOST_NEEDED)
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if is_settled(middle):
            enough = middle
        else:
            too_few = middle
    return enough


def _reason(row: Row, demand: _Demand, verdict: str, interval: Interval, is_beyond: bool) -> str:
    """Why the evidence gives this verdict, as a sentence with its numbers."""
    value, limit = row.measured.value, row.limit
    assert value is not None
    assert limit is not None
    bounds = interval.low, interval.high
    margin = _margin(row)
    if margin is None:
        said, allowed, low, high = _texts(value, limit, *bounds)
        bound, against = "bound {}", "it"
    else:
        said, allowed = _texts(value, limit)
        against, low, high = _texts(margin, *bounds)
        bound = "bound of the difference, {},"
    start = _head(row, demand, said, allowed)
    if demand.is_upper:
        best, worst = f"lower {bound.format(low)}", f"upper {bound.format(high)}"
        misses, meets = f"is beyond {against}", f"keeps to {against}"
    else:
        best, worst = f"upper {bound.format(high)}", f"lower {bound.format(low)}"
        misses, meets = f"falls short of {against}", f"reaches {against}"
    if verdict == "fail":
        return f"{start}; even the {best} {misses}."
    if verdict == "pass":
        return f"{start}; even the {worst} {meets}."
    if is_beyond:
        return f"{start}; the {best} {misses}, but among so many slices one may do so by chance."
    what = "the true value" if margin is None else "the true difference"
    if isinf(interval.low) and isinf(interval.high):
        return f"{start}; these cases say nothing of how far {what} may be from that."
    return f"{start}; {what} may be anything from {low} to {high}."


def _head(row: Row, demand: _Demand, value: str, limit: str) -> str:
    allowed = _ALLOWED[demand.operator].format(limit)
    before = ""
    if row.baseline is not None and row.baseline.value is not None:
        (text,) = _texts(row.baseline.value)
        before = f" ({text} in the baseline)"
    return f"{value} over {_cases(row.measured)}{before}, where {allowed}"


def _cases(measured: Measured) -> str:
    return f"{measured.samples:,} case{'' if measured.samples == 1 else 's'}"


def _texts(*values: float) -> list[str]:
    """The numbers, with as many digits as it takes to tell different ones apart."""
    texts: list[str] = []
    for digits in (3, 4, 6, 9, 12):
        texts = [_text(value, digits) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _text(value: float, digits: int) -> str:
    if abs(value) == inf:
        return "infinity" if value > 0 else "minus infinity"
    if 1 <= abs(value) < 1e15:
        places = max(0, digits - len(str(int(abs(value)))))
        text = f"{value:,.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"
