"""A stage cannot have the name of something that a record has beside its stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.language.compile import check_source
from demur.language.source import parse_source
from demur.policy import RECORD_KEYS

TEXT = """\
demur: 1
policy: p
about: a
owner: t@example.com
stages:
  NAME:
    x: int
rules:
  r: {when: NAME.x > 1, then: refuse}
"""


def codes(name: str) -> list[str]:
    _, _, found = check_source(parse_source(TEXT.replace("NAME", name), "policy.yaml"), Path())
    return [one.code for one in found]


@pytest.mark.parametrize("name", sorted(set(RECORD_KEYS) - {"decision", "outcome"}))
def test_a_record_key_is_no_stage(name: str) -> None:
    _, _, found = check_source(parse_source(TEXT.replace("NAME", name), "policy.yaml"), Path())
    (one,) = [one for one in found if one.code == "DM416"]
    assert f"`{name}`" in one.message
    assert one.span is not None
    assert one.span.start.line == 6
    assert f"`{name}_stage`" in (one.help or "")


def test_the_structure_refuses_the_others_before() -> None:
    assert codes("outcome")
    assert codes("decision")
    assert codes("answer") == []
