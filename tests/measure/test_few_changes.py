"""A few changed cases prove no more of a difference than chance allows."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from demur.measure.evidence.few_changes import FEW, FewChanges
from demur.measure.results import Interval

RATES = Interval(-1.0, 1.0)
"""What a case can say of a difference of rates."""
CHANGES = st.builds(
    FewChanges,
    st.integers(0, 5),
    st.integers(0, 4),
    st.integers(20, 500),
    st.just(0.0),
    st.just(RATES),
)
CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(CHANGES, st.floats(0.001, 0.9))
def test_a_fall_beyond_a_margin_is_ruled_out_only_as_far_as_so_few_lost_cases_do(
    changes: FewChanges, margin: float
) -> None:
    seen = binom.cdf(changes.lowered, changes.cases, margin)
    either_way = binom.sf(changes.raised - 1, changes.raised + changes.lowered, 0.5)
    assert changes.above(-margin) == pytest.approx(min(seen, either_way), abs=1e-9)


@given(CHANGES)
def test_that_there_is_any_difference_is_shown_as_by_mcnemars_test(changes: FewChanges) -> None:
    both = changes.raised + changes.lowered
    assert changes.above(0) == pytest.approx(binom.sf(changes.raised - 1, both, 0.5))
    assert changes.below(0) == pytest.approx(binom.sf(changes.lowered - 1, both, 0.5))


@given(CHANGES, CONFIDENCES)
def test_the_bounds_are_where_the_p_values_reach_the_level(
    changes: FewChanges, confidence: float
) -> None:
    low = changes.interval(confidence).low
    if low == inf:
        assert changes.above(0) < 1 - confidence
    elif low > -1:
        assert changes.above(low - 1e-6) < 1 - confidence + 1e-3
        assert changes.above(min(0.0, low + 1e-3)) >= 1 - confidence - 1e-9


def test_the_other_way_around_they_mirror() -> None:
    changes, mirrored = FewChanges(3, 1, 100, 0.02, RATES), FewChanges(1, 3, 100, -0.02, RATES)
    assert changes.above(0.01) == mirrored.below(-0.01)
    assert changes.interval(0.9).low == -mirrored.interval(0.9).high


def test_ten_times_as_many_are_no_longer_few() -> None:
    assert FewChanges(1, 1, 100).repeated(FEW) is None
    assert FewChanges(1, 1, 100).repeated(2) == FewChanges(2, 2, 200)
