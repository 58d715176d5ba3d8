"""Nothing that a guard tells of has anything personal in it: journal, telemetry, logs, reprs."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest
from pyarrow import parquet

from demur.functions.values import EvaluationError
from demur.runtime.decision import plain
from demur.service.failures import VARIABLE
from demur.service.guard import Guard
from demur.service.journal import Journal, Masking
from demur.service.journal import journal as journals
from demur.service.journal.otlp import OtlpSink
from demur.service.telemetry.otel_metrics import OpenTelemetryMetrics
from demur.service.telemetry.prometheus import PrometheusMetrics
from demur.service.telemetry.spans import OpenTelemetrySpans
from tests.privacy.guarded import evaluator, put_through
from tests.privacy.marked import MARK, leaks, records

Written = Iterator[str]
MASKINGS = (Masking(), Masking("hash", key=b"sixteen bytes or more"), Masking("partial", keep=1))


def _files(folder: Path, **options: Any) -> Written:
    with Guard(evaluator(), journal=Journal(folder, **options)) as guard:
        put_through(guard)
    with Journal(folder, **options):
        pass
    names = [one for one in folder.rglob("*") if one.is_file()]
    assert names
    for one in names:
        data = one.read_bytes()
        if one.suffix == ".gz":
            data = gzip.decompress(data)
        if one.suffix == ".parquet":
            table = parquet.read_table(one)
            data = str((table.schema, table.schema.metadata, table.to_pylist())).encode()
        yield data.decode("utf-8", "replace")


def _journal(form: str, masking: Masking) -> Callable[[Path], Written]:
    return lambda folder: _files(
        folder / "journal", form=form, masking=masking, maximum_bytes=200_000
    )


def _otlp(folder: Path) -> Written:
    del folder
    exporter = InMemoryLogRecordExporter()
    with Guard(evaluator(), journal=Journal(sink=OtlpSink(exporter=exporter))) as guard:
        put_through(guard)
    found = exporter.get_finished_logs()
    assert found
    yield from (one.to_json() for one in found)


def _prometheus(folder: Path) -> Written:
    del folder
    registry = CollectorRegistry()
    with Guard(evaluator(), telemetry=PrometheusMetrics(registry=registry)) as guard:
        put_through(guard)
        yield generate_latest(registry).decode()


def _metrics(folder: Path) -> Written:
    del folder
    reader = InMemoryMetricReader()
    telemetry = OpenTelemetryMetrics(MeterProvider([reader]))
    with Guard(evaluator(), telemetry=telemetry) as guard:
        put_through(guard)
        data = reader.get_metrics_data()
    assert data is not None
    yield data.to_json()


def _spans(folder: Path) -> Written:
    del folder
    exporter, logs = InMemorySpanExporter(), InMemoryLogRecordExporter()
    provider, logger_provider = TracerProvider(), LoggerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    logger_provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    telemetry = OpenTelemetrySpans(
        spans=True, tracer_provider=provider, logger_provider=logger_provider
    )
    with (
        Guard(evaluator(), telemetry=telemetry) as guard,
        provider.get_tracer("test").start_as_current_span("request"),
    ):
        put_through(guard)
    yield from (one.to_json() for one in exporter.get_finished_spans())
    yield from (one.to_json() for one in logs.get_finished_logs())


FORMS: tuple[str, ...] = journals._FORMS  # pyright: ignore[reportPrivateUsage]
EXPORTERS: Mapping[str, Callable[[Path], Written]] = {
    **{f"journal as {form}": _journal(form, MASKINGS[0]) for form in FORMS},
    **{f"journal with {one.mode}": _journal("jsonl", one) for one in MASKINGS},
    "journal over OTLP": _otlp,
    "Prometheus": _prometheus,
    "OpenTelemetry metrics": _metrics,
    "OpenTelemetry spans": _spans,
}


@pytest.mark.parametrize("name", EXPORTERS)
def test_no_exporter_lets_out_what_is_personal(name: str, tmp_path: Path) -> None:
    number = 0
    for text in EXPORTERS[name](tmp_path):
        number += 1
        assert not leaks(text)
    assert number


def test_each_module_of_telemetry_that_exports_is_tried() -> None:
    folder = Path(journals.__file__).parents[1]
    sinks = {
        one.stem
        for one in (*(folder / "telemetry").glob("*.py"), *(folder / "journal").glob("*.py"))
        if "def write(self, lines" in (text := one.read_text("utf-8"))
        or "def attach(self, guard" in text
    }
    assert sinks == {"otel_metrics", "otlp", "prometheus", "segments", "spans", "writer"}


def test_no_log_and_nothing_that_can_be_printed_shows_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    caplog.set_level(logging.DEBUG, logger="demur")
    caplog.set_level(logging.DEBUG, logger="demur.guard")

    def observe(check: Any) -> None:
        raise KeyError(check.record["request"].get("text", MARK))

    with Guard(evaluator(), journal=tmp_path / "journal", observers=[observe]) as guard:
        given = put_through(guard)
    shown = "\n".join(f"{one!r} {one}" for one in given)
    shown += "\n".join(repr(one.decision.unknown) for one in given if hasattr(one, "decision"))
    assert not leaks(shown)
    assert "DM905" in caplog.text
    assert "DM909" in caplog.text
    assert "KeyError at guarded.py:" in caplog.text
    assert not leaks(caplog.text)


def test_what_others_raise_is_logged_whole_where_it_is_asked_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    caplog.set_level(logging.WARNING, logger="demur.guard")
    with Guard(evaluator()) as guard, guard.trace() as trace:
        trace.provide("answer", shown=lambda: {}[MARK], budget=5.0)
    assert MARK in caplog.text


def test_decisions_as_data_and_their_errors_show_nothing_personal() -> None:
    policy = evaluator()
    for record in records():
        decision = policy.decide(record)
        texts = [
            repr(decision),
            str(decision.to_dict()),
            str(decision.signals()),
            str(decision.why),
        ]
        texts += [str(plain(one.values)) for one in decision.firings]
        texts += [f"{one} {one!r} {one.detail} {one.kind}" for one in decision.unknown]
        with pytest.raises(EvaluationError) as raised:
            policy.decide(record, strict=True)
        texts += [str(raised.value), repr(raised.value)]
        found = [one for text in texts for one in leaks(text)]
        assert not found, (record["id"], found)


def test_the_user_is_told_what_the_policy_says_on_purpose() -> None:
    record = next(iter(records()))
    decision = evaluator().decide({**record, "request": {**record["request"], "sick": True}})
    firing = next(one for one in decision.firings if one.message)
    assert MARK in (firing.message or "")
