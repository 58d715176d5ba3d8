"""What one is told about an expression that is wrong: `errors.txt` shows each case as a user sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.cel import ExpressionError, compile
from demur.cel.problems import EXPRESSION_CODES

VARIABLES = {
    "a": "int",
    "b": "int",
    "d": "double",
    "flag": "bool",
    "s": "string",
    "xs": "list(int)",
    "m": "map(string, int)",
    "answer.confidence": "double",
    "request.tags": "list(string)",
}


def _cases() -> dict[str, str]:
    """The expected text by expression; a case begins at `--- `, and a comment at `#`."""
    text = Path(__file__).with_name("errors.txt").read_text("utf-8")
    chunks = text.partition("\n--- ")[2].split("\n--- ")
    cases: dict[str, str] = {}
    for chunk in chunks:
        expression, _, expected = chunk.partition("\n")
        lines = [line for line in expected.splitlines() if not line.startswith("#")]
        cases[expression] = "\n".join(lines).strip()
    assert len(cases) == len(chunks), "errors.txt has a case twice"
    return cases


CASES = _cases()


def _told(expression: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        compile(expression, VARIABLES)
    return "\n".join(line.rstrip() for line in str(caught.value).splitlines())


@pytest.mark.parametrize("expression", CASES)
def test_the_diagnostic_is_as_shown(expression: str) -> None:
    assert _told(expression) == CASES[expression]


def test_every_code_that_an_expression_alone_can_have_is_shown() -> None:
    shown = {line[:5] for text in CASES.values() for line in text.splitlines()}
    elsewhere = {"DM303", "DM307", "DM309", "DM310", "DM312", "DM313"}
    assert set(EXPRESSION_CODES) - shown == elsewhere


def test_an_expression_of_many_lines_shows_the_line_of_its_problem() -> None:
    told = _told("a > 0 &&\n  b = 1 &&\n  flag")
    assert told == "\n".join(
        [
            "DM301: `=` cannot stand here.",
            "    b = 1 &&",
            "      ^",
            "  help: CEL compares with `==`.",
        ]
    )


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("!(" * 80 + "flag" + ")" * 80, "The expression is nested more than 80 deep."),
        ("a" + " + a" * 80, "The expression is nested more than 80 deep."),
        ("a" * 100_001, "The expression has more than 100,000 characters."),
    ],
)
def test_what_is_too_large_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile(expression, VARIABLES)
    assert [problem.code for problem in caught.value.problems] == ["DM303"]
    assert caught.value.problems[0].message == message


def test_nesting_up_to_the_limit_is_accepted() -> None:
    assert compile("!(" * 78 + "flag" + ")" * 78, VARIABLES)({"flag": True}) is True


def test_every_problem_is_told_at_once_in_the_order_of_the_text() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile("foo > 1 && size(a) > 0 && s + 1 == bar", VARIABLES)
    problems = caught.value.problems
    assert [problem.code for problem in problems] == ["DM304", "DM306", "DM306", "DM304"]
    assert [problem.start for problem in problems] == sorted(p.start for p in problems)
