"""An hour of a production LLM service: alerts fire where a fault begins, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.alerts import FAULTS, MINUTE, WINDOW, Request, judged, requests


@pytest.fixture(scope="module")
def trace(shared_data: Path) -> list[Request]:
    found = requests(shared_data / "azure_llm" / "conv.csv")
    # As the data's README counts them.
    assert len(found) == 19_366
    assert sum(one.context for one in found) == 22_361_870
    assert sum(one.generated for one in found) == 4_088_665
    return found


@pytest.mark.parametrize(("alert", "minute"), zip(FAULTS, (17.3, 31.8, 44.1), strict=True))
def test_a_fault_is_found_within_one_window_and_by_its_own_alert_alone(
    alert: str, minute: float, trace: list[Request]
) -> None:
    found = judged(trace, alert, minute * MINUTE, seed=1)
    assert found.delay is not None
    assert found.delay <= WINDOW
    assert found.false_alarms == 0
    assert found.evaluations == 3 * 54


def test_without_a_fault_nothing_fires_in_the_hour(trace: list[Request]) -> None:
    found = judged(trace, "slow", 1e9, seed=2)
    assert (found.delay, found.false_alarms) == (None, 0)
