"""Regular expressions: RE2's syntax, found anywhere, never an exception of another kind."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.regular_expressions import MAXIMUM_CACHED, compile_pattern
from demur.functions.values import EvaluationError
from tests.functions.calling import assert_fails, call


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("demur", "mu", True),
        ("demur", "^mu", False),
        ("", "", True),
        ("é", "^.$", True),
        ("ÿ", "^\\xff$", True),
        ("a\nb", "^b$", False),
        ("a\nb", "(?m)^b$", True),
        ("DEMUR", "(?i)demur", True),
        ("a\x00b", "a.b", True),
        ("naïve", "\\pL{5}", True),
    ],
)
def test_a_pattern_is_looked_for_anywhere(text: str, pattern: str, expected: bool) -> None:
    assert call("regular_expressions.matches", text, pattern) is expected


@pytest.mark.parametrize("pattern", ["(", "a{1001}", "(?=a)", "\\1", "[z-a]", "\ud800"])
def test_a_pattern_that_re2_has_not_is_an_error(pattern: str) -> None:
    assert_fails("regular_expressions.matches", "a", pattern)


def test_the_error_has_the_words_of_re2() -> None:
    with pytest.raises(EvaluationError, match=r"missing \)"):
        compile_pattern("(")


def test_text_that_is_no_unicode_is_an_error() -> None:
    assert_fails("regular_expressions.matches", "\ud800", "a")


def test_a_pattern_that_would_hang_a_backtracking_engine_does_not() -> None:
    """Such an engine would take 2 to the power of 50,000 steps: that this ends shows all."""
    assert call("regular_expressions.matches", "a" * 50_000 + "b", "^(a+)+$") is False


def test_a_pattern_is_compiled_once_and_never_too_many_are_kept() -> None:
    assert compile_pattern("kept?") is compile_pattern("kept?")
    for number in range(MAXIMUM_CACHED + 1):
        compile_pattern(f"^{number}$")
    assert compile_pattern("^7$").search("7") is not None


@given(st.text(), st.text())
def test_any_text_and_pattern_give_a_bool_or_an_error(text: str, pattern: str) -> None:
    with contextlib.suppress(EvaluationError):
        assert call("regular_expressions.matches", text, pattern) in (True, False)
