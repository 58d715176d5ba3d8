"""What is not known: it never passes, and its error says why."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from demur.measure.demands import Row
from demur.measure.evidence import Evidence
from demur.measure.evidence.means import Mean
from demur.measure.evidence.rates import Rate
from tests.measure.rows import OPERATORS, one, rate, row


def test_a_problem_is_an_error_with_its_code_and_sentence() -> None:
    found = one(replace(rate(0, 500, 0.02), problem=("DM815", "It is gone.")))
    assert (found.verdict, found.code, found.reason) == ("error", "DM815", "It is gone.")


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("confidence", [None, 0.95])
@pytest.mark.parametrize(
    "only",
    [
        row(None, 0.5),
        row(nan, 0.5),
        row(0.5, None),
        row(0.5, nan),
        row(0.5, 0.5, samples=0),
        row(inf, 0.5),
        row(-inf, 0.5),
    ],
)
def test_what_is_no_number_is_an_error(only: Row, operator: str, confidence: float | None) -> None:
    found = one(only, operator, confidence, 0)
    assert found.verdict == "error"
    assert found.code in ("DM810", "DM817")


def test_unknown_records_that_nothing_bounds_are_an_error_that_says_what_to_do() -> None:
    found = one(row(inf, 2000.0, Mean.of([1.0, inf]), samples=200, unknown=3))
    assert (found.verdict, found.code) == ("error", "DM816")
    assert found.reason.startswith("3 of 200 cases are unknown, and nothing bounds the unknown")
    assert "`min` and `max`" in found.reason


def test_an_infinite_value_passes_only_a_limit_that_allows_it() -> None:
    assert one(row(inf, inf), "<=", None).verdict == "pass"
    assert one(row(inf, inf), "<", None).verdict == "error"


limits = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
numbers = st.one_of(st.none(), st.sampled_from([nan, inf, -inf]))
evidences = st.one_of(
    st.none(),
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20).map(Mean.of),
    st.builds(lambda size: Rate(size // 3, size), st.integers(0, 500)),
)


@given(numbers, limits, evidences, st.sampled_from(OPERATORS), st.sampled_from([None, 0.9, 0.99]))
def test_what_is_not_known_never_passes(
    value: float | None,
    limit: float | None,
    evidence: Evidence | None,
    operator: str,
    confidence: float | None,
) -> None:
    assume(value is None or value != limit)
    assert one(row(value, limit, evidence), operator, confidence, 0).verdict != "pass"


@given(
    st.floats(allow_nan=True),
    limits,
    evidences,
    st.sampled_from(OPERATORS),
    st.sampled_from([None, 0.9]),
    st.integers(0, 3),
)
def test_no_samples_never_pass(
    value: float,
    limit: float | None,
    evidence: Evidence | None,
    operator: str,
    confidence: float | None,
    min_samples: int,
) -> None:
    only = row(value, limit, evidence, samples=0)
    assert one(only, operator, confidence, min_samples).verdict == "error"
