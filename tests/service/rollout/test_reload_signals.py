"""A policy that reads what the running code does not give is refused, and everything else is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur import watch
from tests.service.rollout.policies import RECORD, put, text

DOCUMENTS = "{type: list, of: {id: string, score: {type: double, min: 0, max: 1}}}"
BEFORE = text("1.0.0").replace(
    "intent: string", f"intent: string\n    documents: {DOCUMENTS}\n    age: int"
)


def after(old: str, new: str) -> str:
    """The next version, with a change."""
    changed = BEFORE.replace("1.0.0", "1.1.0")
    assert old in changed
    return changed.replace(old, new)


REFUSED = {
    "a signal is renamed": (
        after("confidence", "certainty"),
        "`answer.certainty` is new, and its rules read it",
    ),
    "a signal is retyped": (after("age: int", "age: string"), "`request.age` was int and is string"),
    "an element's field is retyped": (
        after("{id: string,", "{id: int,"),
        "`request.documents[].id` was string and is int",
    ),
    "an element's field is new": (
        after("{id: string,", "{id: string, trust: double,"),
        "`request.documents[].trust` is new",
    ),
    "a rule reads a new signal": (
        after("age: int", "age: int\n    tenant: string").replace(
            "params.least\n", 'params.least && request.tenant != "x"\n'
        ),
        "`request.tenant` is new, and its rules read it",
    ),
    "a definition reads a new signal": (
        after("age: int", "age: int\n    tenant: string").replace(
            "params:", "define:\n  ours: request.tenant == 'x'\nparams:"
        ).replace("params.least\n", "params.least && !ours\n"),
        "`request.tenant` is new, and its rules read it",
    ),
    "a derived signal reads a new signal": (
        after(
            "age: int",
            "age: int\n    tenant: string\n    ours: {type: bool, derive: request.tenant == 'x'}",
        ).replace("params.least\n", "params.least && !request.ours\n"),
        "`request.tenant` is new, and its rules read it",
    ),
}  # fmt: skip
TAKEN_UP = {
    "a signal is gone": after("    age: int\n", ""),
    "no rule reads the new signal": after("age: int", "age: int\n    tenant: string"),
    "the new signal is optional": after(
        "age: int", "age: int\n    tenant: {type: string, optional: true}"
    ).replace("params.least\n", 'params.least && !(has(request.tenant) && request.tenant == "x")\n'),
    "the new signal is derived from those before": after(
        "age: int", "age: int\n    old: {type: bool, derive: request.age > 99}"
    ).replace("params.least\n", "params.least && !request.old\n"),
    "a bound is tighter": after("score: {type: double, min: 0, max: 1}", "score: {type: double}"),
    "a signal gets an enum": after("intent: string", "intent: {type: string, enum: [billing]}"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_policy_that_needs_other_signals_is_refused_and_says_which(
    what: str, tmp_path: Path
) -> None:
    changed, reason = REFUSED[what]
    policies = watch(put(tmp_path / "p.yaml", BEFORE), interval=0)
    first = policies.status().digest
    put(tmp_path / "p.yaml", changed)
    status = policies.reload()
    assert status.digest == first
    assert status.refusal is not None
    assert (status.refusal.code, reason in str(status.refusal)) == ("DM929", True)
    policies.close()


@pytest.mark.parametrize("what", REFUSED)
def test_code_that_gives_the_signals_already_says_so_in_so_many_words(
    what: str, tmp_path: Path
) -> None:
    policies = watch(put(tmp_path / "p.yaml", BEFORE), interval=0, allow_new_signals=True)
    put(tmp_path / "p.yaml", REFUSED[what][0])
    status = policies.reload()
    assert (status.version, status.refusal) == ("1.1.0", None)
    policies.close()


@pytest.mark.parametrize("what", TAKEN_UP)
def test_what_the_running_code_gives_enough_for_is_taken_up(what: str, tmp_path: Path) -> None:
    policies = watch(put(tmp_path / "p.yaml", BEFORE), interval=0)
    put(tmp_path / "p.yaml", TAKEN_UP[what])
    status = policies.reload()
    assert (status.version, status.refusal) == ("1.1.0", None)
    policies.close()


def test_what_is_refused_would_have_been_unknown_in_every_decision(tmp_path: Path) -> None:
    record = {**RECORD, "request": {"intent": "billing", "documents": [], "age": 30}}
    before = watch(put(tmp_path / "p.yaml", BEFORE), interval=0)
    assert before.deployment.active.decide(record).unknown == ()
    renamed = watch(put(tmp_path / "q.yaml", REFUSED["a signal is renamed"][0]), interval=0)
    assert renamed.deployment.active.decide(record).unknown


def test_a_candidate_is_held_to_the_same(tmp_path: Path) -> None:
    active = put(tmp_path / "p.yaml", BEFORE)
    candidate = put(tmp_path / "q.yaml", REFUSED["a signal is retyped"][0])
    status = watch(active, candidate=candidate, interval=0).status()
    assert status.candidate_digest is None
    assert status.refusal is not None
    assert status.refusal.code == "DM929"
