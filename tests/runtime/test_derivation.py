"""Derived signals: computed at their stage where a record does not bring them, unknown where not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click import unstyle
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import Unavailable
from demur.report.explanation import explain
from demur.runtime.bundle import BundleError, decode, encode, sha256
from demur.runtime.evaluator import Evaluator
from tests.runtime.test_forms_agree import evaluator

POLICY = """\
demur: 1
policy: derived
version: 1.0.0
about: A policy with derived signals.
owner: team@example.com
stages:
  retrieval:
    documents: {type: list, of: {id: string, text: string}}
    found: {type: int, min: 0, derive: size(retrieval.documents)}
  answer:
    text: {type: string, pii: true}
    is_long: {type: bool, derive: answer.length > 10}
    length: {type: int, min: 0, max: 20, derive: size(answer.text)}
    support: {type: double, min: 0, max: 1, derive: "supported_words(answer.text, texts)"}
define:
  texts: retrieval.documents.map(d, d.text)
failures:
  unsupported: {severity: warning}
  empty: {severity: warning}
rules:
  empty: {when: retrieval.found == 0, then: abstain, failure: empty, say: Nothing was found.}
  unsupported:
    when: answer.support < 0.5 || answer.is_long
    then: refuse
    failure: unsupported
    say: I can't show that.
    why: "length {{answer.length}}, support {{answer.support}}"
on_unknown: {then: escalate, say: Something is missing.}
metrics:
  mean_length: mean(answer.length)
  support: mean(answer.support)
  stopped: rate(decision.declined)
"""
MADE = evaluator(POLICY)
DOCUMENTS = [{"id": "a", "text": "A red tent."}]
RECORD: dict[str, Any] = {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "red tent"}}


def test_a_record_gets_what_it_does_not_bring_and_stays_as_it_is() -> None:
    assert MADE.complete(RECORD) == {
        "retrieval": {"documents": DOCUMENTS, "found": 1},
        "answer": {"text": "red tent", "length": 8, "is_long": False, "support": 1.0},
    }
    assert RECORD == {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "red tent"}}
    assert MADE.decide(RECORD).action == "answer"


def test_a_derived_signal_is_computed_at_its_stage_and_not_before() -> None:
    record = {"retrieval": {"documents": []}}
    assert MADE.complete(record, "retrieval") == {"retrieval": {"documents": [], "found": 0}}
    assert MADE.decide(record, "retrieval").rule == "empty"


def test_what_a_record_brings_is_taken_and_what_is_derived_of_it_follows() -> None:
    record = {"retrieval": {"documents": DOCUMENTS}, "answer": {"length": 15, "support": 0.9}}
    decision = MADE.decide(record)
    assert decision.rule == "unsupported"
    assert decision.why == "length 15, support 0.9"
    assert decision.firings[0].values == {"answer.support": 0.9, "answer.is_long": True}


@pytest.mark.parametrize(
    ("brought", "kind"),
    [
        ("true", "wrong_type"),
        (1, "wrong_type"),
        ({"demur_unavailable": "not_derived"}, "wrong_type"),
        (Unavailable("failed", "could not be had"), "failed"),
    ],
)
def test_a_malformed_value_is_unknown_and_not_computed_again(brought: object, kind: str) -> None:
    record = {**RECORD, "answer": {"text": "red tent", "is_long": brought}}
    decision = MADE.decide(record)
    assert decision.action == "escalate"
    assert [(one.signal, one.kind) for one in decision.unknown] == [("answer.is_long", kind)]


def test_what_is_derived_of_a_malformed_value_is_unknown() -> None:
    record = {**RECORD, "answer": {"text": "red tent", "length": 99}}
    (unknown,) = MADE.decide(record).unknown
    assert (unknown.signal, unknown.kind) == ("answer.is_long", "not_derived")
    assert unknown.detail == "could not be derived: answer.length is above 20"


@pytest.mark.parametrize("absent", [None, "left out"])
def test_null_is_as_absent_and_computed(absent: object) -> None:
    given = {"text": "red tent"} | ({"length": None} if absent is None else {})
    assert MADE.complete({**RECORD, "answer": given})["answer"]["length"] == 8


@pytest.mark.parametrize(
    ("record", "reasons"),
    [
        (
            {"retrieval": {"documents": DOCUMENTS}},
            {
                "answer.support could not be derived: answer.text is absent",
                "answer.is_long could not be derived: answer.length could not be derived: "
                "answer.text is absent",
            },
        ),
        (
            {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "red tent " * 9}},
            {
                "answer.is_long could not be derived: answer.length could not be derived: it is "
                "above 20"
            },
        ),
        (
            {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "so it is"}},
            {"answer.support could not be derived: the text has no word that says something"},
        ),
    ],
)
def test_what_cannot_be_computed_is_unknown_and_says_why(
    record: dict[str, Any], reasons: set[str]
) -> None:
    decision = MADE.decide(record)
    assert decision.action == "escalate"
    assert {f"{one.signal} {one.detail}" for one in decision.unknown} == reasons
    assert {one.kind for one in decision.unknown} == {"not_derived"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["retrieval", "answer", "documents", "text", "id", "length", "found"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_record_makes_deriving_fail_and_a_completed_one_is_decided_alike(record: Any) -> None:
    decision = MADE.decide(record)
    completed = MADE.complete(record)
    assert MADE.decide(completed) == decision
    assert MADE.complete(completed) == completed
    assert decision.action != "answer"


def test_a_bundle_carries_what_is_derived() -> None:
    loaded = Evaluator(*decode(encode(MADE.policy)))
    assert loaded.digest == MADE.digest
    assert loaded.complete(RECORD) == MADE.complete(RECORD)


def test_a_bundle_without_derived_signals_says_nothing_of_them() -> None:
    text = POLICY[: POLICY.index("stages:")] + "stages: {answer: {flag: bool}}\n"
    policy = evaluator(text).policy
    assert b'"derive"' not in encode(policy)
    assert b'"requires"' not in encode(policy)


def test_a_bundle_that_derives_at_no_stage_of_its_own_is_refused_as_malformed() -> None:
    body = json.loads(encode(MADE.policy))["policy"]
    body["derive"][0][0] = "elsewhere"
    written = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    whole = (
        f'{{"demur_bundle":1,"digest":"sha256:{sha256(written.encode())}","policy":{written}}}\n'
    )
    with pytest.raises(BundleError, match="DM706"):
        Evaluator(*decode(whole.encode()))


def test_an_explanation_shows_what_was_derived_and_why_something_was_not() -> None:
    shown = unstyle(explain(MADE, MADE.decide(RECORD), RECORD))
    assert "Unavailable" not in shown
    record = {"retrieval": {"documents": DOCUMENTS}, "answer": {"text": "blue", "length": 3}}
    assert "answer.support = 0\n" in unstyle(explain(MADE, MADE.decide(record), record))
    nothing = {"retrieval": {"documents": DOCUMENTS}}
    shown = unstyle(explain(MADE, MADE.decide(nothing), nothing))
    assert "          answer.support could not be derived: answer.text is absent\n" in shown
    assert "Unavailable" not in shown
