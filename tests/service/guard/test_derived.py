"""A trace derives a signal once, and again only where a stage comes late."""

from __future__ import annotations

from typing import Any

import pytest

import demur
from demur.runtime import derivation
from tests.runtime.test_derivation import DOCUMENTS, MADE, POLICY
from tests.runtime.test_forms_agree import evaluator


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was computed of derived signals, in order."""
    found: list[Any] = []
    plain = derivation.settled

    def counting(*arguments: Any) -> Any:
        found.append(plain(*arguments)[0])
        return found[-1:]

    monkeypatch.setattr(derivation, "settled", counting)
    return found


def test_what_an_earlier_stage_came_to_is_not_computed_again(derived: list[Any]) -> None:
    with demur.Guard(MADE) as guard, guard.trace() as trace:
        first = trace.check(retrieval={"documents": DOCUMENTS})
        assert derived == [1]
        check = trace.check(answer={"text": "red tent"})
        assert len(derived) == 4
    assert first.record["retrieval"] == check.record["retrieval"]
    assert check.record == MADE.complete(
        {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "red tent"}}
    )


def test_a_stage_that_comes_late_has_all_derived_anew() -> None:
    three = evaluator(POLICY.replace("define:", "  review:\n    fine: bool\ndefine:", 1))
    with demur.Guard(three) as guard, guard.trace(bypass="a test") as trace:
        early = trace.check(answer={"text": "red tent"})
        assert early.record["answer"]["support"].kind == "not_derived"
        late = trace.check(retrieval={"documents": DOCUMENTS})
        assert late.stage == "answer"
        assert (late.record["answer"]["support"], late.record["retrieval"]["found"]) == (1.0, 1)


def test_a_check_without_another_stage_decides_what_is_there() -> None:
    with demur.Guard(MADE) as guard, guard.trace() as trace:
        trace.check(retrieval={"documents": DOCUMENTS})
        assert trace.check().record["retrieval"]["found"] == 1
