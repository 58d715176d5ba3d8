"""A journal holds derived signals as they were decided on, so that it replays without what is personal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import demur
from demur.runtime.evaluator import Evaluator
from demur.service.deployment import Deployment
from demur.service.journal import Journal
from demur.service.journal.reading import Damage, Line, read_journal
from demur.service.journal.replay import Replay
from tests.runtime.test_derivation import DOCUMENTS, MADE, POLICY
from tests.runtime.test_forms_agree import evaluator

REQUESTS: list[dict[str, Any]] = [
    {"text": "red tent"},
    {"text": "blue stove"},
    {"text": "so it is"},
    {"text": "red tent " * 9},
    {},
]


class Both:
    """An active policy, and a candidate in the shadow."""

    def __init__(self, active: Evaluator, candidate: Evaluator | None = None) -> None:
        self.deployment = Deployment(active, candidate)

    def close(self) -> None:
        """Nothing to close."""


def journalled(folder: Path) -> list[Line]:
    with demur.Guard(Both(MADE), journal=Journal(folder)) as guard:
        for answer in REQUESTS:
            with guard.trace() as trace:
                trace.check(retrieval={"documents": DOCUMENTS})
                trace.check(answer=answer)
    found = list(read_journal(folder))
    assert not [one for one in found if isinstance(one, Damage)]
    return [one for one in found if isinstance(one, Line) and one.kind == "decision"]


def test_what_was_derived_is_in_the_journal_and_what_is_personal_is_not(tmp_path: Path) -> None:
    lines = journalled(tmp_path)
    whole = [one.value for one in lines if "answer" in one.value]
    assert [one["answer"].get("support") for one in whole[:2]] == [1.0, 0.0]
    assert {one["retrieval"]["found"] for one in whole} == {1}
    assert not [one for one in whole if "text" in one["answer"]]
    assert "stove" not in json.dumps([one.value for one in lines])


def test_a_journal_replays_as_it_was_decided_what_was_unknown_too(tmp_path: Path) -> None:
    lines = journalled(tmp_path)
    again = Replay(MADE)
    assert {again.decide(one).verdict for one in lines} == {"same"}
    actions = [one.value["decision"]["action"] for one in lines if one.value["demur"]["final"]]
    assert actions == ["answer", "refuse", "escalate", "escalate", "escalate"]


def test_a_candidate_in_the_shadow_derives_its_signals_itself() -> None:
    other = evaluator(POLICY.replace("supported_words(answer.text, texts)", "0.0 + 0.1"))
    with demur.Guard(Both(MADE, other)) as guard, guard.trace() as trace:
        guard.shadow.budget = 60.0
        trace.check(retrieval={"documents": DOCUMENTS})
        check = trace.check(answer={"text": "red tent"})
    assert check.decision.action == "answer"
    assert check.shadow is not None
    assert check.shadow.rule == "unsupported"
