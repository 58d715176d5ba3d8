"""Corrected p-values against hand-computed and published examples, and against scipy."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from demur.measure.corrections import CORRECTIONS

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)

# The 15 p-values of Benjamini and Hochberg (1995), section 3.2: a trial on heart attacks.
HEART = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)


@pytest.mark.parametrize(
    ("name", "adjusted"),
    [
        ("none", (0.01, 0.04, 0.03, 0.005)),
        ("bonferroni", (0.04, 0.16, 0.12, 0.02)),
        # 4 × 0.005, 3 × 0.01, 2 × 0.03, and 1 × 0.04 raised to the one before.
        ("holm", (0.03, 0.06, 0.06, 0.02)),
        # 4/1 × 0.005 and 4/2 × 0.01, both 0.02; 4/3 × 0.03 and 4/4 × 0.04, both 0.04.
        ("benjamini-hochberg", (0.02, 0.04, 0.04, 0.02)),
    ],
)
def test_four_p_values_are_corrected_as_by_hand(name: str, adjusted: Sequence[float]) -> None:
    assert CORRECTIONS[name]((0.01, 0.04, 0.03, 0.005)) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("name", "rejected"), [("bonferroni", 3), ("holm", 3), ("benjamini-hochberg", 4)]
)
def test_the_published_trial_gives_the_published_rejections(name: str, rejected: int) -> None:
    assert sum(one <= 0.05 for one in CORRECTIONS[name](HEART)) == rejected


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    ours = CORRECTIONS["benjamini-hochberg"](p_values)
    assert ours == pytest.approx(false_discovery_control(p_values, method="bh"))


@given(P_VALUES)
def test_holm_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    adjusted = (CORRECTIONS[name](p_values) for name in ("none", "holm", "bonferroni"))
    for plain, holm, bonferroni in zip(*adjusted, strict=True):
        assert plain <= holm <= bonferroni <= 1


@pytest.mark.parametrize("name", CORRECTIONS)
@given(p_values=P_VALUES)
def test_the_order_of_the_p_values_is_kept(name: str, p_values: list[float]) -> None:
    adjusted = CORRECTIONS[name](p_values)
    in_order = [adjusted[at] for at in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert in_order == sorted(in_order)


@pytest.mark.parametrize("name", CORRECTIONS)
def test_one_p_value_needs_no_correction_and_none_at_all_give_none(name: str) -> None:
    assert CORRECTIONS[name]((0.03,)) == (0.03,)
    assert CORRECTIONS[name](()) == ()
