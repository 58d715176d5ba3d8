"""How often a gate is wrong is what the documentation says."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest

from benchmarks.gate_errors import SETTINGS, Setting, simulate

RUNS = 150
DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
DEVIATIONS = 4
"""Standard deviations that two shares of the same may be apart; one time in 16,000 they are further."""


def _head(setting: Setting) -> str:
    cells = [f"{setting.change:.0%}", f"`{setting.gate.requirement}`", str(setting.slices)]
    return f"| {' | '.join([*cells, f'{setting.cases:,}'])} |"


def _documented() -> dict[str, tuple[float, ...]]:
    """The shares of blocked, inconclusive and passed runs, by the head of their line."""
    found: dict[str, tuple[float, ...]] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[0].endswith("%"):
            head = f"| {' | '.join(cells[:4])} |"
            found[head] = tuple(float(cell.rstrip("%")) / 100 for cell in cells[4:])
    return found


DOCUMENTED = _documented()


def test_every_setting_is_documented() -> None:
    assert list(DOCUMENTED) == [_head(one) for one in SETTINGS]


def test_with_no_true_change_no_documented_gate_blocks_more_than_one_run_in_twenty() -> None:
    sampling = DEVIATIONS * sqrt(0.05 * 0.95 / 1000)
    assert all(DOCUMENTED[_head(one)][0] <= 0.05 + sampling for one in SETTINGS if not one.change)


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.cases == 500], ids=_head)
def test_simulated_verdicts_come_as_often_as_documented(setting: Setting) -> None:
    found = simulate(setting, RUNS)
    for name, share in zip(
        ("fail", "inconclusive", "pass"), DOCUMENTED[_head(setting)], strict=True
    ):
        held = min(max(share, 1 / RUNS), 1 - 1 / RUNS)
        assert abs(found.get(name, 0) / RUNS - share) <= DEVIATIONS * sqrt(held * (1 - held) / RUNS)
