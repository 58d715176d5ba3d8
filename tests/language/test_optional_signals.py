"""`stage.?signal` is an optional of the signal, as docs/expressions.md says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demur import load

POLICY = """\
demur: 1
policy: optional
about: Answers adults.
owner: team@example.com
stages:
  request:
    age: {type: int, optional: true, min: 0}
    name: string
    profile: {type: object, optional: true, fields: {level: {type: int, optional: true}}}
    any: {type: dyn, optional: true}
rules:
  found:
    when: CONDITION
    then: refuse
"""


@pytest.mark.parametrize(
    ("condition", "given", "refused"),
    [
        ("request.?age.orValue(0) < 18", {}, True),
        ("request.?age.orValue(0) < 18", {"age": 17}, True),
        ("request.?age.orValue(0) < 18", {"age": 18}, False),
        ("request.?age.hasValue()", {}, False),
        ("request.?age.optMap(a, a > 17).orValue(true)", {"age": 3}, False),
        ("request.?profile.?level.orValue(1) == 1", {}, True),
        ("request.?profile.?level.orValue(1) == 1", {"profile": {}}, True),
        ("request.?profile.?level.orValue(1) == 1", {"profile": {"level": 2}}, False),
        ("request.?any.?a.?b.orValue([]).exists(s, s == 1 || s == 'x')", {}, False),
        (
            "request.?any.?a.?b.orValue([]).exists(s, s == 1 || s == 'x')",
            {"any": {"a": {"b": [2, "x"]}}},
            True,
        ),
        ("request.?name.orValue('') == 'x'", {"name": "x"}, True),
    ],
)
def test_an_optional_signal_is_read_with_what_to_take_in_its_place(
    condition: str, given: dict[str, Any], refused: bool, tmp_path: Path
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY.replace("CONDITION", condition), "utf-8")
    decision = load(file).decide({"request": {"name": "n", **given}})
    assert (decision.action == "refuse", decision.unknown) == (refused, ())


def test_a_signal_that_is_there_and_wrong_is_unknown_and_not_taken_for_absent(
    tmp_path: Path,
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICY.replace("CONDITION", "request.?age.orValue(20) < 18"), "utf-8")
    decision = load(file).decide({"request": {"name": "n", "age": -1}})
    assert (decision.action, len(decision.unknown)) == ("abstain", 1)
