"""The targets of `python -m tests.fuzz` in short, by changes alone, which any Python can make."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.changes import changed
from tests.fuzz.targets import REFUSED, TAKEN, TARGETS

INPUTS = {"policy": 40, "lint": 30, "tests": 40}
"""Of the targets that compile a policy for each input; the others get `OTHERS`."""
OTHERS = 300


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_meant_to_be_read_is_taken(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    assert {target.read(data, tmp_path) for data in target.seeds()} == {TAKEN}


@pytest.mark.parametrize("name", TARGETS)
def test_changed_bytes_are_taken_or_refused_and_never_raise(name: str, tmp_path: Path) -> None:
    target, pick = TARGETS[name], Random(name)
    seeds = target.seeds()
    outcomes = Counter(
        target.read(changed(pick.choice(seeds), pick), tmp_path)
        for _ in range(INPUTS.get(name, OTHERS))
    )
    assert set(outcomes) <= {TAKEN, REFUSED}
    assert outcomes[REFUSED] > 0
