"""Series in promtool's notation."""

from __future__ import annotations

import pytest

from demur.testing.series import MAXIMUM_STEPS, read_series


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5", [5]),
        ("5x2", [5, 5, 5]),
        ("0+2x3", [0, 2, 4, 6]),
        ("6-2x3", [6, 4, 2, 0]),
        ("_", [None]),
        ("1 _x3 2", [1, None, None, None, 2]),
        ("1x0", [1]),
        ("1.5", [1.5]),
    ],
)
def test_a_series_is_a_number_for_each_step(text: str, numbers: list[float | None]) -> None:
    """As Prometheus' documentation of unit tests for rules has it."""
    assert read_series(text) == numbers


@pytest.mark.parametrize(
    "text", ["", "x3", "1x", "1+x3", "a", "1+2", "_+1x3", "1y3", f"1x{MAXIMUM_STEPS}"]
)
def test_what_is_no_series_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"series|steps|rises"):
        read_series(text)
