"""A requirement that compares by equality is told on which side to bound it."""

from __future__ import annotations

import pytest

from demur.language.check import check
from demur.language.loading import load_document
from demur.language.nodes import MappingNode
from demur.language.source import parse_source
from tests.language.documents import HEADER

POLICY = """
stages:
  answer: {score: {type: double, min: 0, max: 5}, tokens: int, ok: bool}
metrics:
  wrong: {value: rate(answer.ok == false), better: lower}
  right: {value: rate(answer.ok), better: higher}
  share: rate(answer.ok)
  points: mean(answer.score)
  tokens: mean(answer.tokens)
  calls: count(answer.ok)
"""


def advice(section: str) -> str:
    source = parse_source(f"{HEADER}{POLICY}{section}", "p.yaml")
    document, problems = load_document(source)
    assert document is not None, problems
    assert isinstance(source.root, MappingNode)
    _, found = check(source, source.root, document)
    (told,) = (one for one in found if one.code == "DM407")
    return str(told.help)


def of_gate(requirement: str) -> str:
    return advice(
        f'suites: {{s: {{cases: c.jsonl}}}}\ngates:\n  g: {{suites: [s], require: ["{requirement}"]}}\n'
    )


def of_alert(condition: str) -> str:
    return advice(f'runbook: r.md\nalerts:\n  a: {{when: "{condition}", window: 1h}}\n')


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("wrong == 0", "wrong <= 0"),
        ("wrong = 0", "wrong <= 0"),
        ("0 == wrong", "wrong <= 0"),
        ("wrong == 0.02", "wrong <= 0.02"),
        ("right == 1", "right >= 1"),
        ("right == 0.9", "right >= 0.9"),
        ("right != 0", "right > 0"),
        ("share == 1", "share >= 1"),
        ("share == 1.0", "share >= 1.0"),
        ("share == 0", "share <= 0"),
        ("share != 0", "share > 0"),
        ("share != 1", "share < 1"),
        ("points == 5", "points >= 5"),
        ("calls == 0", "calls <= 0"),
        ("wrong", "wrong <= 0.1"),
        ("right", "right >= 0.9"),
    ],
)
def test_the_side_is_the_one_that_is_good_or_within_reach(written: str, instead: str) -> None:
    assert of_gate(written) == f"Write `{instead}`."


@pytest.mark.parametrize("written", ["share == 0.9", "tokens == 0", "points == 1", "tokens = 100"])
def test_both_sides_are_told_where_neither_is_known_to_be_good(written: str) -> None:
    name, _, bound = written.split()
    assert of_gate(written) == (
        f"Write `{name} <= {bound}` or `{name} >= {bound}`, whichever is meant."
    )


def test_an_alert_holds_where_it_is_bad() -> None:
    assert of_alert("wrong == 0.1") == "Write `wrong >= 0.1`."
    assert of_alert("right == 0.9") == "Write `right <= 0.9`."
