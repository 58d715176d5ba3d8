"""A double that is a whole number is the int that it is, wherever an int is declared, or unknown."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import demur

POLICY = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
stages:
  a:
    n: int
    u: {{type: uint, optional: true}}
    e: {{type: int, enum: [1, 12], optional: true}}
    l: {{type: list, of: int, optional: true}}
    o: {{type: object, fields: {{n: int}}, optional: true}}
    ls: {{type: list, of: {{n: int}}, optional: true}}
rules:
  found: {{when: '{condition}', then: refuse}}
on_unknown: {{then: abstain}}
"""
NUMBERS: list[Any] = [
    12.0, 12.5, -0.0, 0.0, -12.0, 12, 1e300, float("nan"), float("inf"), float("-inf"), 2.0**53, 2**53,
    2.0**53 - 1, -(2.0**53), 1 - 2.0**53, 9007199254740993, 9007199254740993.0, 2.0**63, 2**63 - 1,
    -(2.0**63), 5e-324, 1e15 + 0.5, True, "12", 4503599627370496.5,
]  # fmt: skip


def whole(value: Any) -> int | None:
    """The int that surely is meant, by exact fractions; None for none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        return None
    exact = Fraction(value)
    if exact.denominator != 1 or (isinstance(value, float) and abs(exact) >= 2**53):
        return None
    return int(exact) if -(2**63) <= exact < 2**63 else None


def action(made: demur.Evaluator, record: Any) -> str:
    return made.decide(record).action


def test_every_place_of_an_int_takes_a_whole_double(tmp_path: Path) -> None:
    places = {
        "a.n == 12": lambda x: {"n": x},
        "has(a.u) && a.u == 12u": lambda x: {"u": x},
        "has(a.e) && a.e == 12": lambda x: {"e": x},
        "has(a.l) && a.l.exists(x, x == 12)": lambda x: {"l": [x]},
        "has(a.o) && a.o.n == 12": lambda x: {"o": {"n": x}},
        "has(a.ls) && a.ls.exists(x, x.n == 12)": lambda x: {"ls": [{"n": x}]},
    }
    for condition, place in places.items():
        path = tmp_path / "policy.yaml"
        path.write_text(POLICY.format(condition=condition), "utf-8")
        made = demur.load(path)
        for value in NUMBERS:
            number = whole(value)
            if number is not None and (
                ("a.u" in condition and number < 0)
                or ("a.e" in condition and number not in (1, 12))
            ):
                number = None
            expected = "abstain" if number is None else "refuse" if number == 12 else "answer"
            assert action(made, {"a": place(value)}) == expected, (condition, value)


def test_a_whole_double_decides_as_its_int_does(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(condition="a.n > 100 || a.n == -3"), "utf-8")
    made = demur.load(path)
    pick = random.Random(1)
    for _ in range(500):
        number = pick.choice([-3, 100, 101, pick.randint(-(2**53) + 1, 2**53 - 1)])
        assert action(made, {"a": {"n": float(number)}}) == action(made, {"a": {"n": number}})


@pytest.mark.parametrize("value", [7.0, 7])
def test_a_parameter_is_set_by_a_whole_double_too(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "policy.yaml"
    text = POLICY.format(condition="a.n > params.most")
    path.write_text(f"{text}params: {{most: {{type: int, default: 5.0}}}}\n", "utf-8")
    made = demur.load(path).with_parameters({"most": value})
    assert action(made, {"a": {"n": 7}}) == "answer"
    assert action(made, {"a": {"n": 8}}) == "refuse"
