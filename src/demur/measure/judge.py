"""From values, limits and evidence to verdicts, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isinf, isnan

from demur.measure.demands import Demand, Row, Test, cases_in_words, margin_of
from demur.measure.evidence import Evidence
from demur.measure.reasons import head_of, reason_of, texts_of
from demur.measure.results import Interval, Judgement

MOST_NEEDED = 10_000_000
"""Further cases beyond which a verdict counts as never settled."""


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
    demand = Demand(operator, confidence, min_samples, correction)
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


def _doubted(row: Row, demand: Demand, passed: Judgement) -> Judgement:
    """The judgement of a slice that passes, unless it would not with the records that may be its."""
    for doubt in row.doubts:
        if demand.is_passed(doubt()):
            continue
        start = passed.reason.partition(";")[0].removesuffix(".")
        which = f"of {row.strays:,} records the slice is not known, and with them it might not pass"
        return replace(passed, verdict="inconclusive", reason=f"{start}; {which}.")
    return passed


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
    count = cases_in_words(row.measured)
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


def _by_value(row: Row, demand: Demand) -> Judgement:
    """The judgement by the value alone."""
    value, limit = row.measured.value, row.limit
    assert value is not None
    assert limit is not None
    said, allowed = texts_of(value, limit)
    return Judgement(
        row.slice,
        "pass" if demand.is_met(value, limit) else "fail",
        f"{head_of(row, demand, said, allowed)}.",
        replace(row.measured, interval=Interval(value, value)),
        limit,
        row.baseline,
        method="" if demand.confidence is None else "exact count",
        cases=row.cases,
    )


def _tested(
    row: Row,
    demand: Demand,
    test: Test,
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
        reason_of(row, demand, verdict, difference or interval, demand.fails(p_value)),
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
    margin = margin_of(row)
    move = 0.0 if margin is None else margin - against
    # Rounding alone is no reason to move them.
    if abs(move) < 1e-12 or isinf(move) or isnan(move):
        return interval
    return Interval(interval.low + move, interval.high + move)


def _needed(
    demand: Demand, row: Row, test: Test, p_values: Mapping[int, float], at: int
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
