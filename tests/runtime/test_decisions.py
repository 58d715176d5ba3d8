"""What docs/semantics.md says, line by line."""

from __future__ import annotations

import datetime
import json
import math
import threading
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import demur
from demur.functions.values import EvaluationError

ROOT = Path(__file__).resolve().parents[2]

POLICY = """\
demur: 1
policy: example
version: 1.0.0
about: An example.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [billing, other]}
    email: {type: string, pii: true, max_size: 20}
    age: {type: int, optional: true, min: 0}
    at: timestamp
    wait: duration
    blob: bytes
  answer:
    score: {type: double, min: 0, max: 1}
    parts: {type: list, of: {value: double, name: string}}
    ids: {type: list, of: string}
params:
  limit: {type: double, default: 0.5, min: 0, max: 1}
failures:
  wrong: {severity: warning}
  missing: {severity: warning}
rules:
"""
UNKNOWN = "on_unknown: {then: abstain, failure: missing, say: Something is missing.}\n"


def policy(folder: Path, rules: str, rest: str = UNKNOWN) -> demur.Evaluator:
    file = folder / "policy.yaml"
    file.write_text(POLICY + rules + rest, encoding="utf-8")
    return demur.load(file)


def rule(condition: str, then: str = "refuse", name: str = "rule", **more: str) -> str:
    extra = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in more.items())
    return f"  {name}:\n    when: {json.dumps(condition)}\n    then: {then}\n{extra}"


@pytest.mark.parametrize(
    ("signal", "value", "kind"),
    [
        ("answer.score", ..., "absent"),
        ("answer.score", None, "null"),
        ("answer.score", math.nan, "nan"),
        ("answer.score", math.inf, "infinite"),
        ("answer.score", -math.inf, "infinite"),
        ("answer.score", "0.9", "wrong_type"),
        ("answer.score", True, "wrong_type"),
        ("answer.score", 1.01, "out_of_bounds"),
        ("answer.score", -0.01, "out_of_bounds"),
        ("answer.score", 10**400, "out_of_bounds"),
        ("request.intent", "shipping", "not_in_enum"),
        ("request.intent", 5, "wrong_type"),
        ("request.email", "x" * 21, "too_large"),
        ("request.age", -1, "out_of_bounds"),
        ("request.age", 2**63, "out_of_bounds"),
        ("request.age", 0.5, "wrong_type"),
        ("request.age", math.nan, "wrong_type"),
        ("request.age", math.inf, "wrong_type"),
        ("request.age", 2.0**53, "wrong_type"),
        ("request.age", 1e300, "wrong_type"),
        ("request.age", -1.0, "out_of_bounds"),
        ("request.at", "yesterday", "wrong_type"),
        ("request.at", datetime.datetime(2026, 1, 1), "no_zone"),  # noqa: DTZ001 - no time zone
        ("request.at", "2026-01-01T00:00:00", "no_zone"),
        ("request.at", "2026-01-01 00:00:00.5", "no_zone"),
        ("request.at", "2026-13-01T00:00:00", "wrong_type"),
        ("request.wait", 5, "wrong_type"),
        ("request.blob", "not base64!", "wrong_type"),
        ("answer.ids", ["a", 1], "wrong_type"),
        ("answer.ids", "a", "wrong_type"),
    ],
)
def test_a_signal_that_is_not_as_declared_is_unknown_for_its_reason(
    signal: str, value: Any, kind: str, tmp_path: Path
) -> None:
    conditions = {
        "answer.score": "answer.score > 2.0",
        "request.intent": "request.intent == 'none'",
        "request.email": "request.email == 'none'",
        "request.age": "has(request.age) && request.age > 1000",
        "request.at": "request.at > timestamp('2999-01-01T00:00:00Z')",
        "request.wait": "request.wait > duration('1000h')",
        "request.blob": "request.blob == b'none'",
        "answer.ids": "'none' in answer.ids",
    }
    made = policy(tmp_path, rule(conditions[signal]))
    stage, _, name = signal.partition(".")
    record = {stage: {} if value is ... else {name: value}}
    decision = made.decide(record)
    assert decision.action == "abstain"
    assert decision.message == "Something is missing."
    (unknown,) = decision.unknown
    assert (unknown.kind, unknown.rules) == (kind, ("rule",))
    assert unknown.signal.startswith(signal)
    with pytest.raises(EvaluationError):
        made.decide(record, strict=True)


@pytest.mark.parametrize(
    ("condition", "record"),
    [
        ("answer.score == 1.0", {"answer": {"score": 1}}),
        ("request.at == timestamp(0)", {"request": {"at": "1970-01-01T00:00:00Z"}}),
        (
            "request.at == timestamp(0)",
            {"request": {"at": datetime.datetime.fromtimestamp(0, datetime.UTC)}},
        ),
        ("request.wait == duration('90m')", {"request": {"wait": "1h30m"}}),
        (
            "request.wait == duration('90m')",
            {"request": {"wait": datetime.timedelta(minutes=90)}},
        ),
        ("request.blob == b'hi'", {"request": {"blob": b"hi"}}),
        ("request.blob == b'hi'", {"request": {"blob": "aGk="}}),
    ],
)
def test_values_that_stand_for_what_is_declared_are_known(
    condition: str, record: dict[str, Any], tmp_path: Path
) -> None:
    assert policy(tmp_path, rule(condition)).decide(record).action == "refuse"


def test_a_bad_field_of_one_object_leaves_other_fields_known(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        rule("answer.parts.exists(p, p.name == 'bad')", name="names")
        + rule("answer.parts.map(p, p.value).max() > 5.0", "flag", name="values"),
    )
    parts = [{"name": "good", "value": 1.0}, {"name": "bad", "value": math.nan}]
    decision = made.decide({"answer": {"parts": parts}})
    assert decision.action == "refuse"
    assert [one.signal for one in decision.unknown] == ["answer.parts[].value"]
    assert decision.unknown[0].rules == ("values",)


def test_absence_of_an_optional_signal_is_false_and_of_another_is_unknown(tmp_path: Path) -> None:
    optional = policy(tmp_path, rule("has(request.age) && request.age < 18"))
    for record in ({"request": {}}, {"request": {"age": None}}):
        assert optional.decide(record).action == "answer"
    assert optional.decide({"request": {"age": 17}}).action == "refuse"
    assert optional.decide({"request": {"age": "17"}}).action == "abstain"
    required = policy(tmp_path, rule("has(answer.score) && answer.score > 0.5"))
    assert required.decide({"answer": {}}).action == "abstain"


@pytest.mark.parametrize("value", ["17", -1, 1.5, True, [], {"demur_unavailable": "timed_out"}])
def test_whether_something_malformed_is_there_is_unknown(tmp_path: Path, value: object) -> None:
    made = policy(tmp_path, rule("!has(request.age)"))
    assert made.decide({"request": {"age": 17}}).action == "answer"
    assert made.decide({"request": {"age": value}}).action == "abstain"


def test_what_no_rule_reads_is_not_checked(tmp_path: Path) -> None:
    made = policy(tmp_path, rule("answer.score > 0.5"))
    record = {"answer": {"score": 0.1, "parts": 5, "ids": None}, "request": "nothing"}
    assert made.decide(record).action == "answer"


@pytest.mark.parametrize(
    ("condition", "action"),
    [
        ("answer.score > 0.5 && false", "answer"),
        ("false && answer.score > 0.5", "answer"),
        ("answer.score > 0.5 || true", "refuse"),
        ("answer.score > 0.5 || false", "abstain"),
        ("answer.score > 0.5 && true", "abstain"),
        ("!(answer.score > 0.5)", "abstain"),
        ("answer.score > 0.5 ? true : true", "abstain"),
        ("[1, 2].exists(x, x == 2 || answer.score > 0.5)", "refuse"),
        ("[1, 2].all(x, x == 2 && answer.score > 0.5)", "answer"),
        ("0.0 / 0.0 < 0.5", "abstain"),
        ("1 / 0 > 0", "abstain"),
        ("answer.ids.map(i, 1.0).max() > 0.0 || true", "refuse"),
    ],
)
def test_unknown_travels_by_cels_rules(condition: str, action: str, tmp_path: Path) -> None:
    assert policy(tmp_path, rule(condition)).decide({}).action == action


def test_the_strictest_action_wins_and_the_first_of_it_speaks(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        rule("true", "flag", "first", say="flagged")
        + rule("true", "abstain", "second", say="second", failure="wrong", why="because")
        + rule("true", "abstain", "third", say="third")
        + rule("true", "escalate", "fourth", say="fourth", failure="missing"),
    )
    decision = made.decide({})
    assert (decision.action, decision.rule) == ("abstain", "second")
    assert (decision.message, decision.failure, decision.why) == ("second", "wrong", "because")
    assert decision.failures == ("wrong", "missing")
    assert [one.name for one in decision.firings] == ["first", "second", "third", "fourth"]
    assert decision.stops
    assert not decision.answered


def test_a_rules_own_on_unknown_goes_before_the_policys(tmp_path: Path) -> None:
    made = policy(tmp_path, rule("answer.score > 0.5", on_unknown="escalate"))
    assert made.decide({}).action == "escalate"
    assert made.decide({}).message == "Something is missing."
    ignored = policy(tmp_path, rule("answer.score > 0.5", "flag", on_unknown="ignore"))
    assert ignored.decide({}).action == "answer"
    assert [one.signal for one in ignored.decide({}).unknown] == ["answer.score"]


def test_without_on_unknown_the_policy_abstains(tmp_path: Path) -> None:
    decision = policy(tmp_path, rule("answer.score > 0.5"), "").decide({})
    assert (decision.action, decision.message) == ("abstain", None)


def test_scope_refuses_what_is_not_in_it_and_speaks_in_file_order(tmp_path: Path) -> None:
    scope = (
        "scope:\n  known: request.intent == 'billing'\n"
        "  otherwise: {then: refuse, failure: wrong, say: Not that.}\n"
    )
    made = policy(tmp_path, rule("true", "refuse", "rule", say="rule"), UNKNOWN + scope)
    decision = made.decide({"request": {"intent": "other"}})
    assert (decision.rule, decision.message) == ("rule", "rule")
    assert [one.rule.section for one in decision.firings] == ["rules", "scope"]
    assert made.decide({"request": {"intent": "billing"}}).failures == ()


def test_a_rule_runs_at_the_stage_of_its_last_signal(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        rule("request.intent == 'other'", "flag", "early")
        + rule("answer.score < 0.5 && request.intent == 'other'", "refuse", "late"),
    )
    record = {"request": {"intent": "other"}}
    assert made.decide(record, stage="request").action == "flag"
    assert made.decide(record).action == "abstain"
    assert made.decide({**record, "answer": {"score": 0.1}}).action == "refuse"
    with pytest.raises(ValueError, match=r"no stage .retrieval.; its stages are: request, answer"):
        made.decide(record, stage="retrieval")


def test_messages_have_values_put_in_and_personal_ones_masked_for_engineers(
    tmp_path: Path,
) -> None:
    made = policy(
        tmp_path,
        rule(
            "answer.score < params.limit",
            say="Only {{ answer.score }} of {{params.limit}}.",
            why="{{request.email}} had {{answer.score}}, ids {{answer.ids}}",
        ),
    )
    record = {"answer": {"score": 0.25, "ids": ["a"]}, "request": {"email": "a@b.example"}}
    decision = made.decide(record)
    assert decision.message == "Only 0.25 of 0.5."
    assert decision.why == "<pii> had 0.25, ids [a]"
    assert made.decide({"answer": {"score": 0.25}}).why == "<pii> had 0.25, ids unknown"


def test_no_personal_value_reaches_the_logged_form(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        rule("request.email == 'a@b.example'", say="To {{request.email}}", why="{{request.email}}"),
    )
    decision = made.decide({"request": {"email": "a@b.example"}})
    assert decision.message == "To a@b.example"
    assert "a@b.example" not in json.dumps(decision.to_dict())
    assert decision.firings[0].values == {"request.email": "<pii>"}


def test_no_key_of_a_personal_map_reaches_the_logged_form(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "demur: 1\npolicy: p\nabout: a\nowner: o\n"
        "stages:\n  request:\n    ages: {type: map, pii: true, of: int}\n"
        "rules:\n  r:\n    when: size(request.ages) > 0\n    then: flag\n",
        "utf-8",
    )
    evaluator = demur.load(path)
    decision = evaluator.decide({"request": {"ages": {"ada@example.com": "x"}}})
    assert decision.unknown[0].signal == "request.ages.*"
    assert "ada" not in str(decision.to_dict())


def test_parameters_are_replaced_within_their_bounds_and_change_the_digest(
    tmp_path: Path,
) -> None:
    made = policy(tmp_path, rule("answer.score < params.limit"))
    stricter = demur.load(tmp_path / "policy.yaml", parameters={"limit": 0.9})
    record = {"answer": {"score": 0.7}}
    assert (made.decide(record).action, stricter.decide(record).action) == ("answer", "refuse")
    assert made.digest != stricter.digest
    assert stricter.decide(record).digest == stricter.digest
    assert made.with_parameters({"limit": 0.5}).digest == made.digest
    for bad in ({"limit": 2}, {"limit": "high"}, {"limit": math.nan}, {"limt": 0.5}):
        with pytest.raises(ValueError, match=r"limi?t"):
            made.with_parameters(bad)


def test_a_decision_as_data_is_as_its_schema_says(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "decision.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    made = policy(tmp_path, rule("answer.score < params.limit", failure="wrong", say="No."))
    for record in ({}, {"answer": {"score": 0.1}}, {"answer": {"score": 0.9}}):
        validator.validate(made.decide(record).to_dict())


def test_one_evaluator_serves_many_threads(tmp_path: Path) -> None:
    made = policy(tmp_path, rule("answer.score < params.limit", why="{{answer.score}}"))
    wrong: list[Any] = []

    def work(number: int) -> None:
        for at in range(300):
            score = (at % 10) / 10
            record = {"answer": {"score": score if (at + number) % 7 else None}}
            expected = (
                "abstain"
                if record["answer"]["score"] is None
                else ("refuse" if score < 0.5 else "answer")
            )
            decision = made.decide(record, "answer" if at % 2 else None)
            if decision.action != expected:
                wrong.append((record, decision))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_number_of_any_type_has_no_size_to_be_too_large(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "demur: 1\npolicy: example\nabout: An example.\nowner: team@example.com\n"
        "stages:\n  request: {value: {type: dyn, max_size: 1}}\n"
        "rules:\n  low: {when: request.value == 12, then: refuse}\n",
        "utf-8",
    )
    policy = demur.load(path)
    found = [policy.decide({"request": {"value": one}}).action for one in (12, True, "x", "xy")]
    assert found == ["refuse", "answer", "answer", "abstain"]


class Topic(str, Enum):  # noqa: UP042 - a StrEnum shows its text, this one its name
    HARM = "self_harm"


@pytest.mark.parametrize(
    "condition",
    [
        'request.topic == "self_harm"',
        'request.topic in ["self_harm", "other"]',
        'request.topic.contains("harm")',
        'request.topics.exists(t, t == "self_harm")',
        'request.any.contains("harm")',
    ],
)
def test_a_member_of_an_enumeration_of_texts_is_its_text(condition: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "demur: 1\npolicy: p\nabout: x\nowner: a@b.c\n"
        "stages: {request: {topic: string, topics: {type: list, of: string}, any: dyn}}\n"
        f"rules: {{harm: {{when: '{condition}', then: refuse}}}}\n",
        "utf-8",
    )
    made = demur.load(path)
    told = {"topic": "self_harm", "topics": ["self_harm"], "any": "self_harm"}
    shown = {"topic": Topic.HARM, "topics": [Topic.HARM], "any": Topic.HARM}
    assert made.decide({"request": told}).action == "refuse"
    assert made.decide({"request": shown}).action == "refuse"
