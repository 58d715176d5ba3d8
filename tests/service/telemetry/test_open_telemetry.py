"""Spans, events, and metrics through OpenTelemetry's API."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from demur.functions.values import Unavailable
from demur.service.guard import Guard
from demur.service.telemetry import names
from demur.service.telemetry.attributes import signals_from_attributes
from demur.service.telemetry.otel_metrics import OpenTelemetryMetrics
from demur.service.telemetry.spans import OpenTelemetrySpans
from tests.service.telemetry.policies import evaluator, records, run

REQUEST = {"tenant": "a", "user": "Ann", "tokens": 20}
ANSWER = {"confidence": 0.3, "change": 0.1, "latency_ms": 5.0}


class Traced:
    def __init__(self, *, logs: bool = False, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.logs = InMemoryLogRecordExporter()
        if logs:
            logger_provider = LoggerProvider()
            logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
            options["logger_provider"] = logger_provider
        self.tracer = provider.get_tracer("test")
        spans = OpenTelemetrySpans(tracer_provider=provider, **options)
        self.guard = Guard(evaluator(), telemetry=spans)

    def span(self, name: str) -> Any:
        (found,) = [one for one in self.exporter.get_finished_spans() if one.name == name]
        return found


def test_the_current_span_says_what_was_decided() -> None:
    traced = Traced()
    with traced.tracer.start_as_current_span("request"), traced.guard.trace() as trace:
        trace.check(request=REQUEST)
        trace.check(answer=ANSWER)
    span = traced.span("request")
    found = span.attributes
    assert found["demur.action"] == "escalate"
    assert found["demur.rule"] == "unsure"
    assert found["demur.failures"] == ("low_confidence",)
    assert found["demur.policy.digest"] == evaluator().digest
    assert found["demur.policy.version"] == "2.0.0"
    assert found["demur.trace_id"] == trace.trace_id
    assert int(trace.parent_trace_id or "", 16) == span.context.trace_id
    assert "Ann" not in str(dict(found))
    assert found["demur.why"] == "confidence 0.3 of <pii>"


def test_each_check_can_be_a_child_span() -> None:
    traced = Traced(spans=True)
    with traced.tracer.start_as_current_span("request") as parent, traced.guard.trace() as trace:
        trace.check(request=REQUEST)
        trace.check(answer=ANSWER)
    checks = [one for one in traced.exporter.get_finished_spans() if one.name == "demur.check"]
    assert [one.attributes["demur.stage"] for one in checks] == ["request", "answer"]
    for one in checks:
        assert one.parent.span_id == parent.get_span_context().span_id
        assert one.end_time >= one.start_time


def test_a_trace_that_ends_during_another_request_says_nothing_of_that_one() -> None:
    """A generator that held it is closed, or collected, while a span of another request is current."""
    traced = Traced(spans=True, logs=True)

    def holding() -> Any:
        with traced.guard.trace("abandoned") as trace:
            trace.check(request=REQUEST)
            yield

    steps = holding()
    with traced.tracer.start_as_current_span("first") as first:
        next(steps)
    with traced.tracer.start_as_current_span("second") as second:
        steps.close()
    assert traced.span("first").attributes["demur.trace_id"] == "abandoned"
    assert not traced.span("second").attributes
    begun, ended = [
        one for one in traced.exporter.get_finished_spans() if one.name == "demur.check"
    ]
    assert begun.context.trace_id == first.get_span_context().trace_id
    assert ended.context.trace_id != second.get_span_context().trace_id
    assert ended.attributes["demur.trace_id"] == "abandoned"
    events = [one.log_record for one in traced.logs.get_finished_logs()]
    assert second.get_span_context().trace_id not in {one.trace_id for one in events}


def test_scores_are_evaluation_events_of_the_log() -> None:
    traced = Traced(logs=True)
    with traced.tracer.start_as_current_span("request") as span, traced.guard.trace() as trace:
        trace.check(request=REQUEST)
        trace.check(answer=ANSWER)
    (event,) = [one.log_record for one in traced.logs.get_finished_logs()]
    assert event.event_name == "gen_ai.evaluation.result"
    assert event.attributes == {
        "gen_ai.evaluation.name": "answer.confidence",
        "gen_ai.evaluation.score.value": 0.3,
    }
    assert event.trace_id == span.get_span_context().trace_id
    assert event.span_id == span.get_span_context().span_id
    assert traced.span("request").events == ()


def test_without_a_logger_provider_they_are_the_spans_own_and_an_unknown_score_is_an_error() -> (
    None
):
    traced = Traced()
    late = Unavailable("timed_out", "was not there within 1 s")
    with traced.tracer.start_as_current_span("request"), traced.guard.trace() as trace:
        trace.check(request=REQUEST, answer={**ANSWER, "confidence": late, "grounded": 7.0})
    first, second = traced.span("request").events
    assert first.name == "gen_ai.evaluation.result"
    assert dict(first.attributes) == {
        "gen_ai.evaluation.name": "answer.confidence",
        "error.type": "timed_out",
        "gen_ai.evaluation.explanation": "answer.confidence was not there within 1 s",
    }
    assert second.attributes["error.type"] == "out_of_bounds"


def test_without_a_span_nothing_is_told() -> None:
    traced = Traced(logs=True)
    with traced.guard.trace() as trace:
        trace.check(request=REQUEST, answer=ANSWER)
    assert traced.logs.get_finished_logs() == ()
    assert traced.guard.status().observer_errors == {}


def test_signals_are_read_from_attributes_by_their_mapping() -> None:
    traced = Traced()
    with traced.tracer.start_as_current_span("chat") as span:
        span.set_attributes(
            {
                "gen_ai.usage.input_tokens": 12,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.model": "m1",
                "other": 1,
            }
        )
        with traced.guard.trace() as trace:
            first = trace.check_span(span, request={"tenant": "a", "tokens": 99})
            last = trace.check_span(span, answer=ANSWER)
    assert first.record["request"] == {"tenant": "a", "tokens": 99, "reasons": ["stop"]}
    assert last.record["answer"] == {**ANSWER, "model": "m1"}


@pytest.mark.parametrize("attributes", [None, {}, {"gen_ai.usage.input_tokens": "twelve"}])
def test_missing_or_malformed_attributes_are_unknown(attributes: Any) -> None:
    from demur.backends.python.reading import read_signal
    from demur.functions.values import EvaluationError

    policy = evaluator().policy
    record = {"request": signals_from_attributes(policy, attributes, "request")}
    value = read_signal(record, "request", "tokens", policy.stages["request"]["tokens"])
    assert isinstance(value, EvaluationError)


def test_a_span_without_attributes_gives_none() -> None:
    traced = Traced()
    with traced.guard.trace() as trace:
        check = trace.check_span(object(), request={}, answer={})
    assert check.decision.action == "abstain"
    with pytest.raises(ValueError, match="DM901"):
        traced.guard.trace().check_span(object(), replies={})


def test_metrics_have_the_same_numbers_as_for_prometheus() -> None:
    from prometheus_client import CollectorRegistry

    from demur.service.telemetry.prometheus import PrometheusMetrics

    reader, registry = InMemoryMetricReader(), CollectorRegistry()
    guard = Guard(
        evaluator(),
        telemetry=[
            OpenTelemetryMetrics(MeterProvider([reader])),
            PrometheusMetrics(registry),
        ],
    )
    run(guard, records(200))
    for at in range(50):
        guard.outcome(f"t{at}", correct=at % 3 == 0)
    data: Any = reader.get_metrics_data()
    found: dict[tuple[str, frozenset[Any]], Any] = {}
    buckets = set()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            labels = frozenset(point.attributes.items())
            if hasattr(point, "bucket_counts"):
                buckets.add((metric.name, labels, point.count, tuple(point.explicit_bounds)))
            else:
                found[metric.name, labels] = point.value
    expected: dict[tuple[str, frozenset[Any]], float] = {}
    histograms = set()
    for family in registry.collect():
        # The unit is no part of the name here.
        name = family.name.removesuffix("_seconds")
        for sample in family.samples:
            if family.type != "histogram":
                expected[name, frozenset(sample.labels.items())] = sample.value
            elif sample.name.endswith("_count"):
                histograms.add((name, sample.value))
    assert found == pytest.approx(expected)
    assert {(name, count) for name, _, count, _ in buckets} == histograms
    latency = [bounds for name, _, _, bounds in buckets if name == "demur_metric_latency_p95"]
    assert all(1234.0 in bounds for bounds in latency)


def test_counters_of_known_slices_begin_at_0_before_any_record() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    with Guard(evaluator(), telemetry=OpenTelemetryMetrics(provider)):
        data: Any = reader.get_metrics_data()
    metrics = {one.name: one.data for one in data.resource_metrics[0].scope_metrics[0].metrics}
    (started,) = metrics["demur_started_timestamp"].data_points
    assert started.value > 1.6e9
    values = {
        (point.attributes["request_tenant"], point.attributes["result"]): point.value
        for point in metrics["demur_metric_wrong_rate_rows"].data_points
    }
    assert values == {(tenant, one): 0 for tenant in "ab" for one in names.RATE_RESULTS}


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from demur.service.telemetry.prometheus import PrometheusMetrics

    monkeypatch.setitem(sys.modules, "prometheus_client.core", None)
    with pytest.raises(ImportError, match=r'DM910.*pip install "demur\[telemetry\]"'):
        PrometheusMetrics()
