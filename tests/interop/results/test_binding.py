"""A field finds its signal by mapping, attribute or name, and never by a guess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import Imported, ResultsError
from demur.interop.results.documents import at
from demur.interop.results.importer import snake
from tests.interop.results.policies import imported


def rows(folder: Path, *given: dict[str, Any]) -> Path:
    file = folder / "rows.jsonl"
    lines = ({"user_input": f"Q{at}", "response": "A", **one} for at, one in enumerate(given))
    file.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return file


def fed(found: Imported) -> dict[str, tuple[str, str]]:
    return {one.signal: (one.field, one.how) for one in found.binding.bound}


STAGES = "stages:\n  request: {{text: string}}\n  answer:\n    {}\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Answer Relevancy", "answer_relevancy"),
        ("answerRelevancy", "answer_relevancy"),
        ("LLMJudge-v2", "llm_judge_v2"),
        ("factual_correctness(mode=f1)", "factual_correctness_mode_f1"),
        ("Größe", "größe"),
    ],
)
def test_names_in_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_a_mapping_goes_before_an_attribute_and_that_before_a_name() -> None:
    signals = STAGES.format(
        "{mapped: {type: int, otel: gen_ai.usage.input_tokens}, "
        "by_attribute: {type: int, otel: gen_ai.usage.prompt_tokens}, input_tokens: int}"
    ).replace("  answer:\n    {", "  answer: {")
    found = imported("otel", "otlp-previous.json", {"answer.mapped": "duration"}, signals=signals)
    assert fed(found)["answer.mapped"] == ("duration", "map")
    assert fed(found)["answer.by_attribute"] == ("gen_ai.usage.input_tokens", "otel")
    assert "answer.input_tokens" not in fed(found)


def test_a_field_that_two_signals_are_meant_by_feeds_neither(tmp_path: Path) -> None:
    signals = "stages:\n  request: {grounded: double}\n  answer: {grounded: double}\n"
    found = imported("ragas", rows(tmp_path, {"Grounded": 0.5}), signals=signals)
    assert fed(found) == {}
    (unclear,) = [one for one in found.unmapped if one.field == "Grounded"]
    assert unclear.reason == "could be request.grounded or answer.grounded"


def test_a_signal_that_two_fields_could_be_is_fed_by_neither(tmp_path: Path) -> None:
    file = rows(tmp_path, {"Grounded": 0.5, "grounded": 0.9})
    found = imported("ragas", file, signals="stages:\n  answer: {grounded: double}\n")
    assert fed(found) == {}
    assert {one.field for one in found.unmapped if one.reason} == {"Grounded", "grounded"}
    assert found.unfed == ("answer.grounded",)


def test_what_was_put_in_is_never_taken_for_what_the_system_answered() -> None:
    signals = "stages:\n  request: {text: string}\n  answer: {topic: string}\n"
    found = imported("deepeval", "deepeval-snake.json", signals=signals)
    assert "answer.topic" not in fed(found)
    assert "metadata.topic" in {one.field for one in found.unmapped}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("latency_ms: double", 1500.0),
        ("latency_s: double", 1.5),
        ("latency: {type: double, unit: s}", 1.5),
        ("latency_ms: int", 1500),
        ("latency: double", None),
    ],
)
def test_a_time_is_in_the_unit_that_the_signal_says_and_else_not_taken(
    declared: str, expected: float | None
) -> None:
    signals = f"stages:\n  answer:\n    {declared}\n"
    found = imported("otel", "otlp-previous.json", signals=signals)
    values = [one.get("answer", {}).get(declared.partition(":")[0]) for one in found.records()]
    assert values[0] == expected


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("double", "0.5", "0.5"),
        ("double", "high", "high"),
        ("double", 1e400, None),
        ("bool", "True", "True"),
        ("bool", "yes", "yes"),
        ("bool", 1, 1),
        ("int", 3.0, 3),
        ("int", 3.5, 3.5),
        ("double", True, True),
        ("string", "1", "1"),
        ("{type: list, of: string}", "['a', 'b']", ["a", "b"]),
        ("{type: list, of: string}", "[oops", "[oops"),
        ("{type: list, of: string}", [{"text": "a"}], ["a"]),
        ("{type: double, optional: true}", None, {"demur_unavailable": "failed"}),
    ],
)
def test_values_keep_their_meaning_or_stay_as_they_are(
    tmp_path: Path, declared: str, given: object, expected: object
) -> None:
    signals = f"stages:\n  answer:\n    it: {declared}\n"
    (record,) = imported("ragas", rows(tmp_path, {"it": given}), signals=signals).records()
    assert record["answer"]["it"] == expected
    assert type(record["answer"]["it"]) is type(expected)


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ("double", "0.5", 0.5),
        ("double", "nan", None),
        ("double", "Infinity", None),
        ("double", "high", "high"),
        ("double", "", None),
        ("bool", "True", True),
        ("bool", "yes", "yes"),
        ("bool", "1", 1),
        ("string", "1", "1"),
    ],
)
def test_in_a_table_a_number_and_a_bool_are_text_and_nowhere_else(
    tmp_path: Path, declared: str, given: str, expected: object
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"user_input,response,it\nQ,A,{given}\n", encoding="utf-8")
    signals = f"stages:\n  answer:\n    it: {declared}\n"
    (record,) = imported("ragas", file, signals=signals).records()
    assert record["answer"]["it"] == expected
    assert type(record["answer"]["it"]) is type(expected) or isinstance(expected, str)


def test_paths_go_into_lists_and_through_keys_with_dots() -> None:
    whole = {"attributes": {"a.b": [{"c": 1}]}, "x": {"y": 2}}
    assert at(whole, "attributes.a.b.0.c") == 1
    assert at(whole, "x.y") == 2
    assert at(whole, "attributes.a.b.7.c", "nothing") == "nothing"
    assert at(whole, "x.y.z", "nothing") == "nothing"


def test_an_id_can_be_mapped_and_duplicates_are_told(tmp_path: Path) -> None:
    file = rows(tmp_path, {"name": "a", "user_input": "Q"}, {"name": "b", "user_input": "Q"})
    (twice,) = imported("ragas", file).duplicates.items()
    assert twice[1] == 2
    named = imported("ragas", file, {"id": "name"})
    assert named.duplicates == {}
    assert [one["id"] for one in named.records()] == ["a", "b"]


@pytest.mark.parametrize(
    ("mapping", "code", "said"),
    [
        ({"answer.relevanc": "response"}, "DM735", "Did you mean `answer.relevance`?"),
        ({"answer.cost": "respons"}, "DM736", "Did you mean `response`?"),
    ],
)
def test_a_mapping_that_names_nothing_is_refused(
    tmp_path: Path, mapping: dict[str, str], code: str, said: str
) -> None:
    with pytest.raises(ResultsError) as refused:
        imported("ragas", rows(tmp_path, {}), mapping)
    assert (refused.value.code, refused.value.help) == (code, said)


def test_a_derived_signal_is_not_fed(tmp_path: Path) -> None:
    signals = (
        "stages:\n  answer:\n    text: string\n    length: {type: int, derive: size(answer.text)}\n"
    )
    found = imported("ragas", rows(tmp_path, {"length": 3}), signals=signals)
    assert set(fed(found)) == {"answer.text"}
    with pytest.raises(ResultsError, match="is derived"):
        imported("ragas", rows(tmp_path, {"length": 3}), {"answer.length": "length"}, signals)


def test_fields_that_are_ignored_feed_nothing_and_are_not_reported(tmp_path: Path) -> None:
    file = rows(tmp_path, {"faithfulness": 0.5, "extra_a": 1, "extra_b": 2})
    found = imported("ragas", file, ignored=("extra_*", "faithfulness"))
    assert found.unmapped == ()
    assert "answer.faithfulness" not in fed(found)
