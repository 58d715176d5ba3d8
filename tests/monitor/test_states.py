"""Pending, firing, resolved: as in Prometheus, with what is not known told apart."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from demur.monitor.states import CLEAR, ERROR, HOLDS, NO_DATA, State, advanced


def walk(
    found: Sequence[str],
    hold_for: float = 0,
    keep: float = 0,
    no_data: str = "keep",
    step: float = 60,
) -> list[str]:
    state, states = State(), []
    for at, one in enumerate(found):
        state = advanced(state, one, at * step, hold_for, keep, no_data)
        states.append(state.state)
    return states


def test_without_for_it_fires_at_once_and_ends_at_once() -> None:
    assert walk([CLEAR, HOLDS, HOLDS, CLEAR]) == ["inactive", "firing", "firing", "inactive"]


def test_it_is_pending_until_it_has_held_for_the_time_asked() -> None:
    held = walk([HOLDS] * 4, hold_for=120)
    assert held == ["pending", "pending", "firing", "firing"]
    assert walk([HOLDS, HOLDS, CLEAR, HOLDS], hold_for=120)[2:] == ["inactive", "pending"]


def test_it_keeps_firing_until_it_has_been_clear_for_the_time_asked() -> None:
    found = [HOLDS, CLEAR, CLEAR, CLEAR, CLEAR]
    assert walk(found, keep=120) == ["firing", "firing", "firing", "inactive", "inactive"]
    again = [HOLDS, CLEAR, HOLDS, CLEAR, CLEAR, CLEAR]
    assert walk(again, keep=120)[-1] == "inactive"
    assert walk(again, keep=120)[:-1] == ["firing"] * 5


def test_silence_means_what_the_alert_says() -> None:
    assert walk([NO_DATA], no_data="fire") == ["firing"]
    assert walk([HOLDS, NO_DATA], no_data="ok") == ["firing", "inactive"]
    assert walk([HOLDS, NO_DATA, NO_DATA], no_data="keep") == ["firing"] * 3
    assert walk([CLEAR, NO_DATA], no_data="keep") == ["inactive"] * 2


def test_an_error_neither_starts_nor_ends_an_alert() -> None:
    assert walk([HOLDS, ERROR, CLEAR]) == ["firing", "firing", "inactive"]
    assert walk([CLEAR, ERROR]) == ["inactive", "inactive"]


def test_what_nobody_looked_at_is_not_known_to_have_held() -> None:
    pending = advanced(State(), HOLDS, 0, 120, 0, "keep")
    after_a_gap = advanced(pending, HOLDS, 300, 120, 0, "keep")
    assert after_a_gap.state == "pending"
    assert after_a_gap.since == 300
    assert advanced(pending, HOLDS, 120, 120, 0, "keep").state == "firing"


@given(
    st.lists(st.sampled_from([HOLDS, CLEAR]), max_size=40),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_states_are_those_of_prometheus_own_rules(found: list[str], hold: int, keep: int) -> None:
    """Against Prometheus' algorithm (rules/alerting.go, Eval), written as it is told there."""
    active: float | None = None
    fires = False
    keep_since: float | None = None
    expected: list[str] = []
    for at, one in enumerate(found):
        if one == HOLDS:
            keep_since = None
            active = at if active is None else active
            fires = fires or at - active >= hold
        elif active is not None:
            keeps = False
            if fires and keep > 0:
                keep_since = at if keep_since is None else keep_since
                keeps = at - keep_since < keep
            if not keeps:
                active, fires, keep_since = None, False, None
        expected.append("firing" if fires else "inactive" if active is None else "pending")
    assert walk(found, hold_for=hold, keep=keep, step=1) == expected
