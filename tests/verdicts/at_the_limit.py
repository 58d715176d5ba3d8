"""How often a gate passes though the truth lies at its limit, where at most 1 - c of runs may.

python -m tests.verdicts.at_the_limit [RUNS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.verdicts.judging import verdict
from tests.verdicts.policy import METRICS, compiled

Random = np.random.Generator
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Setting:
    """A requirement whose limit is the truth, how its cases are drawn, and the agreed confidence."""

    requirement: str
    cases: int
    draw: Callable[[int, Random], tuple[Rows, Rows | None]]
    confidence: float = 0.95


def _rows(columns: Mapping[str, Any], size: int) -> Rows:
    named = {name: np.asarray(values).tolist() for name, values in columns.items()}
    return [
        {"id": f"c{at}", "answer": {name: values[at] for name, values in named.items()}}
        for at in range(size)
    ]


def _two_conditions(size: int, random: Random) -> tuple[Rows, None]:
    return _rows({"bad": random.random(size) < 0.02, "ok": random.random(size) < 0.02}, size), None


def _a_factor(size: int, random: Random) -> tuple[Rows, Rows]:
    now, before = random.random(size) < 0.055, random.random(size) < 0.05
    return _rows({"bad": now}, size), _rows({"bad": before}, size)


def _complement(size: int, random: Random) -> tuple[Rows, Rows]:
    now, before = random.random(size) >= 0.02, random.random(size) >= 0.02
    return _rows({"ok": now}, size), _rows({"ok": before}, size)


def _a_cent(size: int, random: Random) -> tuple[Rows, Rows]:
    before = np.full(size, 1.0)
    moved = np.where(random.random(size) < 0.05, random.choice([-0.01, 0.01], size), 0.0)
    return _rows({"cost": before + moved}, size), _rows({"cost": before}, size)


def _rare_zeros(size: int, random: Random) -> tuple[Rows, None]:
    return _rows({"score": np.where(random.random(size) < 0.03, 0.0, 0.9)}, size), None


SETTINGS = (
    Setting("difference <= 0", 20, _two_conditions),
    Setting("difference <= 0", 50, _two_conditions),
    Setting("rate <= baseline * 1.1", 50, _a_factor),
    Setting("rate <= baseline * 1.1", 200, _a_factor),
    Setting("complement <= baseline", 50, _complement),
    Setting("mean_cost <= baseline", 8, _a_cent, 0.99),
    Setting("mean_cost <= baseline", 50, _a_cent),
    Setting("mean >= 0.873", 20, _rare_zeros),
    Setting("mean >= 0.873", 50, _rare_zeros),
)


def passed(setting: Setting, runs: int, seed: int = 0) -> float:
    """The share of runs that pass."""
    evaluator, (threshold,) = compiled([setting.requirement], METRICS)
    threshold = replace(threshold, confidence=setting.confidence)
    random = np.random.default_rng(seed)
    found = [
        verdict(evaluator, threshold, *setting.draw(setting.cases, random)) for _ in range(runs)
    ]
    return found.count("pass") / runs


def main() -> None:
    """Prints the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| requirement | cases | nominal | wrongly passed |\n|---|---:|---:|---:|")
    for one in SETTINGS:
        share = passed(one, runs)
        print(
            f"| `{one.requirement}` | {one.cases} | {1 - one.confidence:.0%} | {share:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
