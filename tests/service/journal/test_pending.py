"""Lines that are made beside the request path are those that it would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demur.service.journal import Journal, Masking
from demur.service.journal.line import Layout
from tests.service.journal.checks import check, compiled, record, values


def test_a_line_holds_the_record_as_it_was_however_it_changes_afterwards(tmp_path: Path) -> None:
    given = record()
    with Journal(tmp_path) as journal:
        journal.observe(check(compiled(), given))
        given["request"]["tags"].append("later")
        given["retrieval"]["documents"][0]["score"] = 0.1
        given["answer"]["confidence"] = 0.1
    (line,) = values(tmp_path)
    assert line["request"]["tags"] == ["new"]
    assert line["retrieval"]["documents"][0]["score"] == 0.9
    assert line["answer"]["confidence"] == 0.9


class Text(str):
    """A text that is no plain `str`, of which no plain copy can be had."""


@pytest.mark.parametrize(
    "given",
    [
        record(),
        record(confidence=0.2),
        record(confidence="high"),
        record(confidence=float("nan")),
        {**record(), "answer": {"confidence": Text("high")}},
        {"request": {**record()["request"], "text": "half \ud800 a pair", "more": 1}},
        {"request": None},
        {},
    ],
)
@pytest.mark.parametrize("more", [{}, {"bypass": "incident 12"}, {"is_incomplete": True}])
def test_a_line_that_is_made_later_is_the_line_that_is_made_at_once(
    given: dict[str, Any], more: dict[str, Any]
) -> None:
    policy = compiled()
    layout = Layout(policy, Masking())
    one = check(policy, given, shadow=policy.decide(given), **more)
    pending = layout.pending(one)
    at_once = layout.decision_line(one)
    json.loads(at_once)
    if any(isinstance(value, Text) for value in (given.get("answer") or {}).values()):
        assert pending is None
    else:
        assert pending is not None
        assert pending.line({}) == at_once
        assert pending.size > len(at_once) / 2


def test_stages_that_lines_share_are_made_once_and_not_mixed_up() -> None:
    policy = compiled()
    layout, other = Layout(policy, Masking()), Layout(policy, Masking("partial", keep=4))
    known: dict[Any, Any] = {}
    for one in (check(policy), check(policy, record(confidence=0.8)), check(policy)):
        for each in (layout, other):
            pending = each.pending(one)
            assert pending is not None
            assert pending.line(known) == each.decision_line(one)
    assert len(known) == 2 * 4
