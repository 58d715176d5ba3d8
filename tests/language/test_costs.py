"""What an expression costs at the most is no less than what it takes, and at the least no more."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from demur.language.costs import cost
from demur.language.sizes import Sizes
from demur.policy import Shape
from demur.report.inspection import draw, inspect
from demur.tree import Expression
from tests.runtime.test_limits import evaluator

FEW = Shape("list", of=Shape("string", maximum_size=200), maximum_size=10)
SIZES = Sizes({"request": {"few": FEW, "text": Shape("string", maximum_size=1000)}})


def tree(when: str, folder: Path) -> Expression:
    return evaluator(folder, when).policy.rules[0].condition


@pytest.mark.parametrize(
    ("when", "low", "high"),
    [
        # An operation is its operator and what it reads.
        ("size(request.text) > 3", 4, 4),
        # The macro and what it goes over, and for each of ten elements a step and three of the body.
        ('request.few.exists(f, f == "x")', 2, 2 + 10 * 4),
        # Ten times ten.
        ('request.few.exists(f, request.few.exists(g, f == g))', 2, 2 + 10 * (1 + 2 + 10 * 4)),
        # A thousand characters are ten steps, the pattern of two none.
        ('request.text.matches("ab")', 3, 13.02),
        # Either side may decide: the cheaper one at the least, both at the most.
        ('request.few.exists(f, f == "x") || size(request.text) > 3', 3, 1 + 42 + 4),
    ],
)  # fmt: skip
def test_costs_are_counted_by_hand(when: str, low: float, high: float, tmp_path: Path) -> None:
    found = cost(tree(when, tmp_path), SIZES)
    assert (found.low, found.high) == (low, pytest.approx(high))


def test_what_declares_no_size_has_no_highest_cost(tmp_path: Path) -> None:
    found = cost(tree('request.words.exists(w, w == "x")', tmp_path), Sizes({}))
    assert found.high == math.inf


def test_inspect_shows_the_cost_of_each_rule_with_its_definitions(tmp_path: Path) -> None:
    define = {"some": 'request.few.exists(f, f == "x")', "others": "some || some"}
    made = inspect(evaluator(tmp_path, "others || !some", define))
    (rule,) = made["rules"]
    # The condition takes 4, `others` 3, `some` 42 once.
    assert rule["cost"] == {"lowest": 2, "highest": 49}
    assert "2 to 49 steps" in draw(made)
    (rule,) = inspect(evaluator(tmp_path, 'request.words.exists(w, w == "x")'))["rules"]
    assert rule["cost"]["highest"] is None
    assert "is not declared" in draw(inspect(evaluator(tmp_path, "request.words.exists(w, true)")))
