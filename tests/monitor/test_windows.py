"""Lengths of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.monitor.windows import seconds, text


@pytest.mark.parametrize(
    ("window", "length"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("30d", 2_592_000),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("1w", 604_800),
    ],
)
def test_a_window_is_its_length_in_seconds(window: str, length: float) -> None:
    assert seconds(window) == length


@pytest.mark.parametrize("window", ["", "1", "h", "1x", "1h-", " 1h", "1 h", "-1h"])
def test_what_is_no_length_is_refused(window: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        seconds(window)


@given(st.integers(1, 10**10))
def test_a_length_written_is_read_as_the_same(milliseconds: int) -> None:
    assert round(seconds(text(milliseconds / 1000)) * 1000) == milliseconds
