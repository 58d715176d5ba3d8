"""What is wrong with a derived signal is said where it stands, by a code."""

from __future__ import annotations

import pytest

from demur.language.compile import check_source
from demur.language.source import parse_source
from tests.conftest import ROOT

HEADER = "demur: 1\npolicy: derived\nabout: An example.\nowner: team@example.com\n"


def problems(stages: str) -> list[tuple[str, str, int]]:
    source = parse_source(f"{HEADER}{stages}".encode(), "policy.yaml")
    _, _, found = check_source(source, ROOT)
    return [(one.code, one.message, one.span.start.line - 4) for one in found if one.span]


@pytest.mark.parametrize(
    ("stages", "code", "message", "line"),
    [
        (
            "stages:\n  first:\n    a: {type: int, derive: second.b}\n  second:\n    b: int\n",
            "DM417",
            "`first.a` reads `second.b`, which is known only at stage `second`.",
            3,
        ),
        (
            "stages:\n  first:\n    a: {type: int, derive: later}\n  second:\n    b: int\n"
            "define:\n  later: second.b + 1\n",
            "DM417",
            "`first.a` reads `second.b`, which is known only at stage `second`.",
            3,
        ),
        (
            "stages:\n  first:\n    a: {type: bool, derive: outcome.right}\noutcome:\n  right: bool\n",
            "DM402",
            "`outcome` is known only afterwards.",
            3,
        ),
        (
            "stages:\n  first:\n    a: {type: bool, derive: decision.answered}\n",
            "DM403",
            "The decision is not made yet.",
            3,
        ),
        (
            "stages:\n  first:\n    a: {type: int, derive: first.b}\n    b: {type: int, derive: c}\n"
            "define:\n  c: first.a\n",
            "DM404",
            "`first.a` needs `first.b`, and so itself.",
            3,
        ),
        (
            "stages:\n  first:\n    a: {type: int, derive: first.a + 1}\n",
            "DM404",
            "`first.a` needs `first.a`, and so itself.",
            3,
        ),
        (
            "stages:\n  first:\n    t: string\n    a: {type: double, derive: size(first.t)}\n",
            "DM309",
            "This is int, and must be double.",
            4,
        ),
        (
            "stages:\n  first:\n    t: {type: string, optional: true}\n"
            "    a: {type: int, derive: size(first.t)}\n",
            "DM310",
            "`first.t` is optional and is read without asking whether it is there.",
            4,
        ),
        (
            "stages:\n  first:\n    t: string\noutcome:\n  a: {type: int, derive: size(first.t)}\n",
            "DM418",
            "The outcome is not derived.",
            5,
        ),
    ],
)
def test_a_derived_signal_that_cannot_be(stages: str, code: str, message: str, line: int) -> None:
    assert (code, message, line) in problems(stages)


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (
            "{type: int, optional: true, derive: '1'}",
            "A signal with `derive` is always computed, so it is not `optional`.",
        ),
        (
            "{type: list, of: {type: int, derive: '1'}}",
            "`derive` is for a whole signal, not for a part of one",
        ),
        (
            "{type: object, fields: {b: {type: int, derive: '1'}}}",
            "`derive` is for a whole signal, not for a part of one",
        ),
    ],
)
def test_what_no_signal_can_derive(signal: str, message: str) -> None:
    (found,) = problems(f"stages:\n  first:\n    a: {signal}\n")
    assert found[0] == "DM209"
    assert message.casefold() in found[1].casefold()


def test_a_bare_object_may_have_a_field_of_that_name() -> None:
    assert not problems("stages:\n  first:\n    a: {derive: string, other: int}\n")
