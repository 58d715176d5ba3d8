"""What is personal, by the policy and by where it comes from, and what stands for it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from demur.backends.python.dispatch import accepts
from demur.functions import families
from demur.functions.values import EvaluationError
from demur.policy import Shape
from demur.runtime.personal import MASK, shown
from demur.types import parse_signature
from tests.service.journal.checks import compiled

HEAD = """\
demur: 1
policy: p
about: a
owner: t@example.com
stages:
  request:
    text: {type: string, pii: true}
    birth: {type: timestamp, pii: true}
    age: {type: int, pii: true}
    sick: {type: bool, pii: true}
    plain: string
    user: {id: string, mail: {type: string, pii: true}}
    people: {type: list, of: {id: string, name: {type: string, pii: true}}}
"""
DERIVED = {
    "{type: string, derive: request.text.lowerAscii()}": True,
    "{type: string, derive: request.user.mail}": True,
    "{type: string, derive: request.user.id}": False,
    "{type: list, of: string, derive: 'request.people.map(p, p.name)'}": True,
    "{type: list, of: string, derive: 'request.people.map(p, p.id)'}": False,
    "{type: int, derive: size(request.text)}": False,
    "{type: int, derive: int(request.text)}": True,
    "{type: int, derive: request.age * 2 + 1}": True,
    "{type: int, derive: request.birth.getFullYear()}": True,
    "{type: bool, derive: request.age > 3}": False,
    "{type: bool, derive: '!request.sick'}": True,
    "{type: string, derive: language(request.text)}": False,
    "{type: string, derive: 'request.age > 3 ? request.plain : request.text'}": True,
    "{type: string, pii: false, derive: 'request.text.split(\"@\")[1]'}": False,
    "{type: string, pii: true, derive: request.plain}": True,
}


@pytest.mark.parametrize(("text", "is_personal"), DERIVED.items())
def test_what_repeats_something_personal_is_personal_unless_it_is_said_not_to_be(
    text: str, is_personal: bool
) -> None:
    policy = compiled(f"{HEAD}    derived: {text}\n    again: {text}\n").policy
    assert policy.stages["request"]["derived"].has_personal is is_personal


def test_what_is_derived_from_what_is_derived_is_personal_too() -> None:
    lines = (
        "    one: {type: string, derive: request.text.trim()}\n"
        "    two: {type: string, derive: request.one.trim()}\n"
        "    three: {type: string, pii: false, derive: request.two.trim()}\n"
        "    four: {type: string, derive: request.three.trim()}\n"
    )
    shapes = compiled(HEAD + lines).policy.stages["request"]
    found = [shapes[name].pii for name in ("one", "two", "three", "four")]
    assert found == [True, True, False, False]


def test_all_within_something_personal_and_a_map_of_something_personal_are_personal() -> None:
    inner = Shape("map", of=Shape("string"))
    outer = Shape("list", of=Shape("object", fields={"a": inner}), pii=True)
    assert outer.of is not None
    assert outer.of.fields is not None
    assert outer.of.fields["a"].pii
    assert not inner.pii
    assert Shape("map", of=Shape("object", fields={"a": Shape("string", pii=True)})).pii
    assert not Shape("object", fields={"a": Shape("string", pii=True)}).pii


USER = Shape(
    "object",
    fields={
        "id": Shape("string"),
        "score": Shape("double"),
        "mail": Shape("string", pii=True),
        "tags": Shape("list", of=Shape("string")),
    },
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"id": "u", "mail": "m", "score": 1}, {"id": "u", "mail": MASK, "score": 1}),
        ({"id": "u", "more": "m"}, {"id": "u"}),
        ({"id": 7, "score": "m", "tags": ["m", 1]}, {"id": MASK, "score": MASK, "tags": MASK}),
        ({"tags": ["a"], "mail": None}, {"tags": ["a"], "mail": None}),
        (["m"], MASK),
        ("m", MASK),
        (7, MASK),
        (None, None),
    ],
)
def test_what_is_shown_of_an_object_with_a_personal_field(given: Any, expected: Any) -> None:
    assert shown(given, USER) == expected
    assert shown([given], Shape("list", of=USER)) == [expected]
    assert shown({"k": given}, Shape("map", of=USER)) == MASK


def test_what_is_undeclared_is_shown_of_no_object() -> None:
    plain = Shape("object", fields={"id": Shape("string")})
    assert shown({"id": "u", "more": "m"}, plain) == {"id": "u"}
    assert shown({"k": {"more": "m"}}, Shape("map", of=plain)) == {"k": {}}
    assert shown("not as declared", Shape("int")) == "not as declared"


MARK = "zq73164"
ARGUMENTS: tuple[Any, ...] = (
    MARK, f"({MARK}", f"[{MARK}", f"\\{MARK}", f"{MARK}/33", 73164, -73164, 73164.25,
    MARK.encode(), [MARK], [73164], {MARK: MARK}, True, None,
)  # fmt: skip


HEAVY = ("texts", "grounding", "words", "personal_data")
"""Families that take long over each text; they are given few."""


def test_no_function_quotes_what_it_was_given_when_it_fails() -> None:
    """Every overload with many arguments of its types: what it says is about the operation alone."""
    failed: dict[str, list[str]] = {}
    for family, table in families().items():
        choices = ARGUMENTS[:1] if family in HEAVY else ARGUMENTS
        for one in (one for function in table for one in function.overloads):
            # What `@fail` says is written in the policy.
            if one.python is None or one.identifier == "logic.fail":
                continue
            tests = list(map(accepts, parse_signature(one.signature).parameters))
            fitting = [[value for value in choices if test(value)][:6] for test in tests]
            for arguments in product(*fitting):
                try:
                    one.python(*arguments)
                except EvaluationError as unknown:
                    failed.setdefault(one.identifier, []).append(str(unknown))
                except Exception:  # the types of elements, which only the checker knows
                    continue
    assert len(failed) > 20
    assert not [said for said in failed.items() if "73164" in str(said)]
