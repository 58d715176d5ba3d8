"""Evaluations of OpenTelemetry and OpenInference: which case each joins, and what becomes of the rest.

An event of an evaluation is on the span that was evaluated, in the logs with that span's context, or in
the logs with the response's id alone; instrumentations write it as a span of its own too, and
OpenInference as one that links to what was judged.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import Imported, ResultsError, read
from demur.interop.results.doubts import Doubt
from tests.interop.results.policies import policy

SIGNALS = """
stages:
  request: {topic: {type: string, optional: true}}
  answer:
    relevance: double
    label: {type: string, optional: true}
    tokens: {type: int, otel: gen_ai.usage.input_tokens}
    latency_ms: {type: double, unit: ms}
"""
Json = dict[str, Any]


def held(attributes: Json) -> list[Json]:
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return [{"key": key, "value": {kinds[type(one)]: one}} for key, one in attributes.items()]


def span(trace: int, id: str, parent: str = "", **more: Any) -> Json:
    attributes = more.pop(
        "attributes", {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9}
    )
    return {
        "traceId": f"{trace:032x}",
        "spanId": id,
        "parentSpanId": parent,
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "1500000000",
        "attributes": held(
            attributes | {f"gen_ai.{name}": one for name, one in more.pop("gen", {}).items()}
        ),
        **more,
    }


def call(trace: int, response: str, **more: Any) -> Json:
    return span(trace, f"c{trace}", gen={"response.id": response}, **more)


def result(score: Any = 0.9, **attributes: Any) -> Json:
    """The attributes of an evaluation; names of others have `__` for their dots."""
    found: Json = {"gen_ai.evaluation.name": "relevance"}
    found |= {} if score is None else {"gen_ai.evaluation.score.value": score}
    return found | {name.replace("__", "."): one for name, one in attributes.items()}


def event(score: Any = 0.9, trace: int | None = None, id: str = "", **attributes: Any) -> Json:
    context = {} if trace is None else {"traceId": f"{trace:032x}", "spanId": id}
    said = held(result(score, **attributes))
    return {"eventName": "gen_ai.evaluation.result", "attributes": said, **context}


def spans(*found: Json) -> Json:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(found)}]}]}


def logs(*found: Json) -> Json:
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(found)}]}]}


def imported(folder: Path, *documents: Json, format: str = "otel", **mapping: str) -> Imported:
    files: list[Path] = []
    for number, one in enumerate(documents):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(one), encoding="utf-8")
    names = {name.replace("__", "."): field for name, field in mapping.items()}
    return read(format, files, policy(SIGNALS), names)


def relevance(found: Imported) -> dict[str, Any]:
    """Each case's score by its trace's number."""
    return {
        str(int(one["trace_id"], 16)): one.get("answer", {}).get("relevance")
        for one in found.records()
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_event_joins_the_response_that_it_names_whatever_file_comes_first(
    order: Sequence[int], tmp_path: Path
) -> None:
    documents = [
        spans(call(1, "r1"), call(2, "r2")),
        logs(event(0.9, gen_ai__response__id="r1", test__case__name="one")),
        logs(event(0.2, gen_ai__response__id="r2", test__case__name="two")),
    ]
    found = imported(tmp_path, *(documents[place] for place in order), id="test.case.name")
    assert {one["id"]: one["answer"]["relevance"] for one in found.records()} == {
        "one": 0.9,
        "two": 0.2,
    }
    assert (found.stray, found.doubts, found.foreign) == ((), {}, 0)


@pytest.mark.parametrize(
    ("given", "joins"),
    [
        (event(trace=1, id="c1"), True),
        (event(trace=1, id="no span of the file"), True),
        (event(trace=1, id="c1", gen_ai__response__id="of no span"), True),
        (event(trace=1, id="c1", gen_ai__response__id="r1"), True),
        (event(trace=9, id="c1", gen_ai__response__id="r1"), True),
        (event(gen_ai__response__id="r1"), True),
        (event(), False),
        (event(gen_ai__response__id=""), False),
        (event(gen_ai__response__id="of no span"), False),
        (event(trace=9, id="c9"), False),
        (event(trace=9, id="c9", gen_ai__response__id="of no span"), False),
    ],
)
def test_an_event_joins_a_case_or_is_told_and_never_is_one(
    given: Json, joins: bool, tmp_path: Path
) -> None:
    found = imported(tmp_path, spans(call(1, "r1")), logs(given, given))
    assert found.cases == 1
    assert relevance(found) == {"1": 0.9 if joins else None}
    assert found.stray == (() if joins else (f"relevance ({tmp_path}/1.json), 2 times",))


def test_events_alone_are_no_cases(tmp_path: Path) -> None:
    with pytest.raises(ResultsError) as refused:
        imported(tmp_path, logs(event(trace=1, id="a"), event(gen_ai__response__id="r")))
    assert refused.value.code == "DM733"


@pytest.mark.parametrize(
    "given",
    [
        event(0.9, trace=1, id="c1", gen_ai__response__id="r2"),
        event(0.9, gen_ai__response__id="twice"),
    ],
    ids=["the span and the response are of two cases", "two cases have the response"],
)
def test_an_event_that_could_be_of_two_cases_is_unknown_in_both(
    given: Json, tmp_path: Path
) -> None:
    twice = [span(trace, "t", f"c{trace}", gen={"response.id": "twice"}) for trace in (1, 2)]
    calls = spans(call(1, "r1"), call(2, "r2"), *twice, call(3, "r3"))
    clear = [event(0.8, gen_ai__response__id=f"r{number}") for number in (1, 2, 3)]
    found = imported(tmp_path, calls, logs(given, *clear))
    assert relevance(found) == {"1": None, "2": None, "3": 0.8}
    assert found.doubts[Doubt.AMBIGUOUS].cases == 2


def test_a_response_that_several_spans_of_one_case_name_is_that_cases(tmp_path: Path) -> None:
    root = span(1, "r", gen={"response.id": "r1"})
    below = span(1, "b", "r", gen={"response.id": "r1"})
    found = imported(tmp_path, spans(root, below), logs(event(gen_ai__response__id="r1")))
    assert relevance(found) == {"1": 0.9}


def test_two_evaluations_of_one_name_that_disagree_are_unknown(tmp_path: Path) -> None:
    alike = [event(0.9, gen_ai__response__id="r1"), event(0.9, trace=1, id="c1")]
    found = imported(tmp_path, spans(call(1, "r1")), logs(*alike))
    assert relevance(found) == {"1": 0.9}
    found = imported(tmp_path, spans(call(1, "r1")), logs(*alike, event(0.1, trace=1, id="c1")))
    assert relevance(found) == {"1": None}
    assert found.conflicts == {"gen_ai.evaluation.relevance": 1}


def test_one_case_that_is_named_twice_takes_neither_name(tmp_path: Path) -> None:
    named = [event(trace=1, id="c1", test__case__name=name) for name in ("a", "b")]
    found = imported(tmp_path, spans(call(1, "r1")), logs(*named), id="test.case.name")
    assert found.conflicts == {"test.case.name": 1}
    assert {one["id"] for one in found.records()}.isdisjoint({"a", "b"})


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        ({"score": None}, None),
        ({"error__type": "timeout"}, None),
        ({"error__type": "timeout", "gen_ai__evaluation__score__label": "pass"}, None),
        ({"score": "0.9"}, None),
        ({"score": True}, None),
        ({"score": float("nan")}, None),
        ({"score": float("inf")}, None),
        ({"score": 0.0, "gen_ai__evaluation__score__label": "NOT_PARSABLE"}, None),
        ({"gen_ai__evaluation__score__label": True}, None),
        ({"score": None, "gen_ai__evaluation__score__label": "pass"}, "pass"),
    ],
)
def test_an_evaluation_without_a_score_is_unknown(
    attributes: Json, label: str | None, tmp_path: Path
) -> None:
    given = {"score": 0.9, **attributes}
    mapping = {"answer__label": "gen_ai.evaluation.relevance.label"}
    calls = [call(1, "r1"), call(2, "r2")]
    other = event(gen_ai__response__id="r2", gen_ai__evaluation__score__label="pass")
    found = imported(
        tmp_path, spans(*calls), logs(event(trace=1, id="c1", **given), other), **mapping
    )
    first = next(iter(found.records()))["answer"]
    assert first["relevance"] is None
    assert first.get("label") == (label or {"demur_unavailable": "failed"}) or "label" not in first


EVALUATE = {"gen_ai.operation.name": "evaluate", "gen_ai.usage.input_tokens": 700}


def judge(trace: int, parent: str = "", **more: Any) -> Json:
    attributes = EVALUATE | result(more.pop("score", 0.2), **more.pop("said", {}))
    return span(trace, f"j{trace}", parent, attributes=attributes, **more)


def test_an_evaluation_as_a_span_is_read_by_its_name_and_what_it_took_is_not_the_answers(
    tmp_path: Path,
) -> None:
    below = span(1, "judge's call", "j1")
    long = {"startTimeUnixNano": "1000000000", "endTimeUnixNano": "9000000000"}
    found = imported(
        tmp_path,
        spans(call(1, "r1"), judge(1, "c1", said={"test__case__name": "one"}, **long), below),
        id="test.case.name",
    )
    (record,) = found.records()
    assert record["id"] == "one"
    assert record["answer"] == {"relevance": 0.2, "tokens": 9, "latency_ms": 500.0}


@pytest.mark.parametrize(
    "more", [{"status": {"code": 2}}, {"said": {"error__type": "429"}}, {"score": None}]
)
def test_an_evaluation_as_a_span_that_failed_is_unknown(more: Json, tmp_path: Path) -> None:
    found = imported(tmp_path, spans(call(1, "r1"), judge(1, "c1", **more), call(2, "r2")))
    assert "error" not in next(iter(found.records()))
    assert relevance(found) == {"1": None, "2": None}


@pytest.mark.parametrize(
    "failed",
    [
        judge(1, "c1", score=None, status={"code": 2}),
        span(1, "j1", "c1", attributes=EVALUATE, status={"code": 2}),
        span(1, "j1", "c1", attributes=EVALUATE | {"error.type": "429"}),
    ],
)
def test_a_score_in_an_event_of_a_judge_that_failed_is_unknown(
    failed: Json, tmp_path: Path
) -> None:
    scored = {"name": "gen_ai.evaluation.result", "attributes": held(result(0.9))}
    found = imported(tmp_path, spans(call(1, "r1"), {**failed, "events": [scored]}))
    assert relevance(found) == {"1": None}


def test_a_judge_in_a_trace_of_its_own_joins_by_the_response_or_is_told(tmp_path: Path) -> None:
    joins = judge(8, said={"gen_ai__response__id": "r1"})
    found = imported(tmp_path, spans(call(1, "r1"), joins, span(8, "b", "j8")))
    assert (relevance(found), found.stray) == ({"1": 0.2}, ())
    found = imported(tmp_path, spans(call(1, "r1"), judge(8), span(8, "b", "j8")))
    assert (relevance(found), len(found.stray)) == ({"1": None}, 1)


def test_an_evaluation_in_the_attributes_of_the_call_itself_is_read_and_the_call_kept(
    tmp_path: Path,
) -> None:
    inline = call(1, "r1", attributes={"gen_ai.operation.name": "chat", **result(0.4)})
    assert relevance(imported(tmp_path, spans(inline))) == {"1": 0.4}


def row(trace: str, id: str, **more: Any) -> Json:
    found = {
        "context.trace_id": trace,
        "context.span_id": id,
        "parent_id": more.pop("parent", None),
    }
    return {**found, "status_code": "OK", **more}


def phoenix(folder: Path, *rows: Json) -> tuple[dict[str, Any], Imported]:
    file = folder / "spans.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    found = read("openinference", [file], policy(SIGNALS))
    scores = {one["id"]: one.get("answer", {}).get("relevance") for one in found.records()}
    return scores, found


FEEDBACK = {
    "attributes.evaluations.0.evaluation.name": "relevance",
    "attributes.evaluations.0.evaluation.score": 0.7,
}
EVALUATOR = {"attributes.openinference.span.kind": "EVALUATOR", **FEEDBACK}
CHAIN = {"attributes.openinference.span.kind": "CHAIN", "attributes.input.value": "Hi"}


@pytest.mark.parametrize("kind", [EVALUATOR, FEEDBACK], ids=["evaluator", "feedback alone"])
def test_feedback_on_a_span_of_its_own_joins_what_it_links_to(kind: Json, tmp_path: Path) -> None:
    link = [{"context": {"trace_id": "t1", "span_id": "a"}, "attributes": {}}]
    rows = [row("t1", "a", **CHAIN), row("t9", "e", links=link, **kind), row("t2", "b", **CHAIN)]
    scores, found = phoenix(tmp_path, *rows)
    assert (scores, found.stray, found.foreign) == ({"t1": 0.7, "t2": None}, (), 0)
    nowhere = [{"context": {"trace_id": "t8", "span_id": "a"}}]
    scores, found = phoenix(tmp_path, rows[0], row("t9", "e", links=nowhere, **kind))
    assert (scores, len(found.stray)) == ({"t1": None}, 1)


def test_an_evaluator_within_the_trace_judges_it_and_its_own_words_are_not_the_answers(
    tmp_path: Path,
) -> None:
    judged = row("t1", "e", parent="a", **EVALUATOR, **{"attributes.input.value": "Judge this"})
    assert phoenix(tmp_path, row("t1", "a", **CHAIN), judged)[0] == {"t1": 0.7}
    failed = {**judged, "status_code": "ERROR"}
    assert phoenix(tmp_path, row("t1", "a", **CHAIN), failed)[0] == {"t1": None}


def test_an_evaluator_alone_is_no_case(tmp_path: Path) -> None:
    bare = {"attributes.openinference.span.kind": "EVALUATOR", "attributes.input.value": "Judge"}
    scores, found = phoenix(tmp_path, row("t1", "a", **CHAIN), row("t9", "e", **bare))
    assert (set(scores), found.foreign) == ({"t1"}, 1)


@pytest.mark.parametrize(
    "feedback",
    [
        {"attributes.eval.relevance.label": "NOT_PARSABLE", "attributes.eval.relevance.score": 0.0},
        {"attributes.eval.relevance.score": None, "eval.relevance.explanation": "Timed out"},
        {"attributes.eval.relevance.score": "0.9"},
        {**FEEDBACK, "attributes.evaluations.0.evaluation.score": "0.9"},
        {**FEEDBACK, "attributes.evaluations.0.evaluation.label": "NOT_PARSABLE"},
        {**FEEDBACK, "attributes.evaluations.0.evaluation.error": "429"},
        {
            "attributes.annotations.0.annotation.name": "relevance",
            "attributes.annotations.0.annotation.explanation": "Unsure.",
        },
    ],
)
def test_feedback_without_a_score_is_unknown(feedback: Json, tmp_path: Path) -> None:
    known = row("t2", "b", **CHAIN, **FEEDBACK)
    scores, _ = phoenix(tmp_path, row("t1", "a", **CHAIN, **feedback), known)
    assert not isinstance(scores["t1"], int | float)
    assert scores["t2"] == 0.7
