"""Each format in the forms that its versions have: what becomes of answers, scores, errors and names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import importers
from tests.interop.results.policies import EXAMPLES, imported, policy, records

UNAVAILABLE = {"demur_unavailable": "failed"}


def by_text(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["request"]["text"]: one for one in found}


def test_promptfoo_of_version_2_has_errors_that_are_failed_assertions_and_ones_that_are_not() -> (
    None
):
    found = by_text(records("promptfoo", "promptfoo-2.json"))
    assert found["Q1"]["answer"]["contains"] == 0.0
    assert "error" not in found["Q1"]
    assert found["Q3"]["error"]["message"] == "API call error: timeout"
    assert "answer" not in found["Q3"] or set(found["Q3"]["answer"]) == {"correctness"}


def test_a_negated_grader_that_crashed_is_unknown_though_promptfoo_gave_it_full_marks() -> None:
    file = EXAMPLES.parents[2] / "tests/interop/results/data/promptfoo-4.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [row["namedScores"] for row in rows] == [{"Harmless": 1}] * 4
    found = by_text(records("promptfoo", "promptfoo-4.jsonl"))
    assert [found[f"Q{at}"]["answer"]["harmless"] for at in range(4)] == [1, 1, 1, None]
    assert [found[f"Q{at}"]["answer"]["success"] for at in range(4)] == [True, True, True, None]


def test_where_no_version_tells_a_verdict_from_a_crash_both_are_unknown() -> None:
    found = by_text(records("promptfoo", "promptfoo-2.json"))
    assert [found[f"Q{at}"]["answer"]["harmless"] for at in range(3)] == [None, None, None]
    assert [found[f"Q{at}"]["answer"]["contains"] for at in range(3)] == [1.0, 0.0, 1.0]


def test_no_path_into_a_result_of_promptfoo_finds_what_a_crashed_grader_gave() -> None:
    for field in (
        "score",
        "namedScores.Harmless",
        "gradingResult.score",
        "gradingResult.componentResults.0.score",
        "gradingResult.namedScores.Harmless",
    ):
        mapping = {"answer.relevance": field}
        found = by_text(records("promptfoo", "promptfoo-4.jsonl", mapping=mapping))
        assert found["Q0"]["answer"]["relevance"] == 1
        assert found["Q3"]["answer"]["relevance"] is None


def test_promptfoo_as_lines_has_no_time_and_no_cost_of_an_answer_from_the_cache() -> None:
    found = by_text(records("promptfoo", "promptfoo-4.jsonl"))
    assert (found["Q0"]["answer"]["latency_ms"], found["Q0"]["answer"]["cost"]) == (400, 0.0001)
    assert (found["Q1"]["answer"]["latency_ms"], found["Q1"]["answer"]["cost"]) == (None, None)
    assert found["Q2"]["answer"]["latency_ms"] == 512
    assert "tokens_in" not in found["Q1"]["answer"]


def test_keys_that_the_importer_does_not_know_are_told() -> None:
    assert imported("promptfoo", "promptfoo-4.jsonl").unread == {"newKeyOfTomorrow": 1}


def test_ids_of_promptfoo_stay_the_same_where_its_own_do_not(tmp_path: Path) -> None:
    text = (EXAMPLES / "promptfoo.json").read_text("utf-8")
    other = tmp_path / "other.json"
    other.write_text(text.replace("0b6f4f1e", "ffffffff").replace('"testIdx": ', '"testIdx": 1'))
    first = [one["id"] for one in records("promptfoo", EXAMPLES / "promptfoo.json")]
    assert first == [one["id"] for one in records("promptfoo", other)]
    assert len(set(first)) == len(first)


def test_several_providers_of_promptfoo_are_several_cases(tmp_path: Path) -> None:
    document = json.loads((EXAMPLES / "promptfoo.json").read_text("utf-8"))
    rows = document["results"]["results"]
    rows += [{**one, "provider": {"id": "openai:o4", "label": ""}} for one in rows]
    file = tmp_path / "two.json"
    file.write_text(json.dumps(document))
    found = imported("promptfoo", file)
    assert found.duplicates == {}
    assert {one["id"].partition("/")[2] for one in found.records()} == {
        "openai:chat:gpt-4.1-mini",
        "openai:o4",
    }


def test_deepeval_by_its_own_names_and_in_camel_case_is_the_same() -> None:
    found = records("deepeval", "deepeval-snake.json")
    assert found[0]["id"] == "late_refund"
    assert found[0]["answer"]["correctness"] == 0.9
    assert found[0]["request"] == {"text": "When is my refund due?", "topic": "returns"}
    assert found[0]["retrieval"]["documents"] == [{"content": "Refunds take five days."}]
    assert found[0]["outcome"] == {"reference": "Five days."}
    camel = records("deepeval", EXAMPLES / "deepeval.json")[0]
    assert camel["answer"]["latency_ms"] == 640.0
    assert camel["answer"]["faithfulness"] == 0.95


def test_a_judge_of_deepeval_that_failed_leaves_an_optional_signal_unknown_and_not_absent() -> None:
    found = records("deepeval", "deepeval-snake.json")[1]
    assert found["answer"]["correctness"] == UNAVAILABLE
    assert found["answer"]["success"] is None


def test_conversations_of_deepeval_are_cases() -> None:
    (found,) = records(
        "deepeval",
        "deepeval-conversation.json",
        mapping={"answer.relevance": "metricsData.Role Adherence"},
    )
    assert found["answer"]["relevance"] == 1.0


def test_ragas_before_and_since_its_columns_were_renamed() -> None:
    found = by_text(records("ragas", "ragas-0.1.jsonl"))
    assert found["Where is order 1?"]["answer"]["factual_correctness"] == 0.67
    assert found["Where is order 1?"]["retrieval"]["documents"] == [
        {"content": "Order 1 was sent."}
    ]
    assert found["Where is order 2?"]["answer"]["faithfulness"] is None
    new = records("ragas", EXAMPLES / "ragas.csv")[0]
    assert new["answer"]["faithfulness"] == 0.95
    assert new["retrieval"]["documents"][0]["content"].startswith("Help centre")


def test_ragas_as_parquet_is_as_its_lines(tmp_path: Path) -> None:
    from pyarrow import Table, parquet  # pyright: ignore

    rows = [
        json.loads(line)
        for line in (EXAMPLES.parents[2] / "tests/interop/results/data/ragas-0.1.jsonl")
        .read_text("utf-8")
        .splitlines()
    ]
    rows[1]["faithfulness"] = float("nan")
    file = tmp_path / "ragas.parquet"
    parquet.write_table(Table.from_pylist(rows), file)  # pyright: ignore
    assert records("ragas", file) == records("ragas", "ragas-0.1.jsonl")


def test_a_trace_is_a_case_and_the_previous_names_of_attributes_count() -> None:
    found = by_text(records("otel", "otlp-previous.json"))
    first = found["Where is order 1?"]
    assert first["answer"]["text"] == "On its way."
    assert first["answer"]["latency_ms"] == 1500.0
    assert (first["answer"]["tokens_in"], first["answer"]["tokens_out"]) == (150, 25)
    assert first["answer"]["relevance"] == 0.9
    assert found["Where is order 2?"]["answer"]["text"] == "Lost."


def test_an_evaluation_that_ended_in_an_error_is_unknown() -> None:
    found = by_text(records("otel", "otlp-previous.json"))
    assert found["Where is order 2?"]["answer"]["relevance"] is None


def test_traces_without_a_model_are_counted_and_left_out() -> None:
    found = imported("otel", "otlp-previous.json")
    assert (found.cases, found.foreign, found.failed_foreign) == (2, 1, 1)


def test_what_spans_of_one_trace_disagree_about_is_unknown() -> None:
    found = imported(
        "otel", "otlp-previous.json", mapping={"request.topic": "gen_ai.request.model"}
    )
    assert found.conflicts == {"gen_ai.request.model": 1}
    assert by_text(list(found.records()))["Where is order 1?"]["request"]["topic"] is None


def test_openinference_as_otlp() -> None:
    found = by_text(records("openinference", "openinference.otlp.json"))
    first = found["Where is order 1?"]
    assert first["request"] == {"text": "Where is order 1?", "topic": "orders", "session_id": "s1"}
    assert first["retrieval"]["documents"] == [
        {"id": "d1", "content": "Order 1 was sent.", "score": 0.7},
        {"id": "d2", "content": "Orders take two days.", "score": 0.6, "source": "help"},
    ]
    assert (first["answer"]["tokens_in"], first["answer"]["cost"]) == (80, 0.002)
    assert first["answer"]["relevance"] == 0.8
    assert found["Where is order 2?"]["answer"]["relevance"] is None


def test_openinference_as_phoenix_exports_it() -> None:
    found = records("openinference", EXAMPLES / "spans.phoenix.jsonl")
    assert [one["answer"].get("faithfulness") for one in found[:7]] == [
        0.95,
        0.9,
        1.0,
        0.85,
        0.9,
        0.92,
        None,
    ]
    assert found[0]["answer"]["latency_ms"] == 640.0
    assert found[0]["answer"]["tokens_in"] == 180
    assert found[0]["retrieval"]["documents"] == [
        {"id": "d0", "content": "It is on its way.", "score": 0.8, "source": "help-centre"}
    ]
    assert found[7]["error"]["message"] == "429 Too Many Requests"


def test_openinference_as_parquet_is_as_its_lines(tmp_path: Path) -> None:
    from pyarrow import Table, parquet  # pyright: ignore

    rows = [
        json.loads(line)
        for line in (EXAMPLES / "spans.phoenix.jsonl").read_text("utf-8").splitlines()
    ]
    file = tmp_path / "spans.parquet"
    parquet.write_table(Table.from_pylist(rows), file)  # pyright: ignore
    assert records("openinference", file) == records(
        "openinference", EXAMPLES / "spans.phoenix.jsonl"
    )


def test_spans_of_the_sdk_as_its_own_exporter_encodes_them(tmp_path: Path) -> None:
    from base64 import b64decode

    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("invoke_agent") as root:
        root.add_event(
            "gen_ai.evaluation.result",
            {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": float("nan")},
        )
        for tokens in (3, 4):
            with tracer.start_as_current_span("chat") as span:
                span.set_attribute("gen_ai.usage.input_tokens", tokens)
                span.set_attribute("gen_ai.input.messages", '[{"role":"user","content":"Hi"}]')
    document = MessageToDict(encode_spans(memory.get_finished_spans()))
    for scope in document["resourceSpans"][0]["scopeSpans"]:
        for span in scope["spans"]:
            # OTLP's JSON has ids in hexadecimal digits, where protobuf's has base64.
            for key in ("traceId", "spanId", "parentSpanId"):
                if key in span:
                    span[key] = b64decode(span[key]).hex()
    file = tmp_path / "spans.json"
    file.write_text(json.dumps(document))
    (record,) = records("otel", file)
    assert record["request"] == {"text": "Hi"}
    assert record["answer"]["tokens_in"] == 7
    assert record["answer"]["relevance"] is None
    assert record["answer"]["latency_ms"] >= 0
    assert record["trace_id"] == format(root.get_span_context().trace_id, "032x")


FILES = {
    "promptfoo": "promptfoo.json",
    "deepeval": "deepeval.json",
    "ragas": "ragas.csv",
    "otel": "spans.otlp.jsonl",
    "openinference": "spans.phoenix.jsonl",
}


def test_every_importer_has_an_example() -> None:
    assert set(importers()) == set(FILES)


@pytest.mark.parametrize("format", FILES)
def test_one_run_is_the_same_records_whichever_tool_measured_it(format: str) -> None:
    found = records(format, EXAMPLES / FILES[format])
    assert len(found) == 10
    scores = [one.get("answer", {}).get("faithfulness") for one in found]
    assert scores == [0.95, 0.9, 1.0, 0.85, 0.9, 0.92, None, None, 0.97, 0.88]
    assert [one.get("answer", {}).get("text") for one in found][:2] == [
        "It is on its way.",
        "Yes, within 30 days.",
    ]


@pytest.mark.parametrize("format", FILES)
@pytest.mark.parametrize("other", FILES)
def test_a_file_of_another_format_is_refused_with_what_it_looks_like(
    format: str, other: str
) -> None:
    from demur.interop.results import ResultsError, read

    if format == other or {format, other} == {"otel", "openinference"}:
        return
    with pytest.raises(ResultsError) as refused:
        read(format, [EXAMPLES / FILES[other]], policy())
    assert refused.value.code == "DM732"
    assert f"looks like {importers()[other].title}" in refused.value.help or "OTLP" in str(
        refused.value.help
    )
