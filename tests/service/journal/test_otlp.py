"""The journal as OpenTelemetry logs, to a collector on loopback."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from demur.service.journal import Journal
from tests.conftest import skip_unless_ci
from tests.service.journal.checks import check, compiled, record

try:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    from demur.service.journal.otlp import OtlpSink
except ImportError:
    skip_unless_ci("OpenTelemetry's exporter is not installed")


class Collector:
    """Keeps what it is sent; answers with `status`."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if collector.status == 200:
                    collector.requests.append(ExportLogsServiceRequest.FromString(body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *values: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/logs"

    def records(self) -> list[Any]:
        return [
            one
            for request in self.requests
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for one in scope.log_records
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def plain(value: Any) -> Any:
    """An OTLP value as Python data."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {one.key: plain(one.value) for one in value.kvlist_value.values}
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def test_each_line_is_a_log_record_of_its_trace_and_nothing_personal_is_in_it(
    collector: Collector,
) -> None:
    policy = compiled()
    sink = OtlpSink(collector.url, resource={"service.name": "support"})
    with Journal(sink=sink) as journal:
        journal.observe(check(policy, record(confidence=0.1), time=1_700_000_000.5))
        journal.observe(check(policy, trace_id="my own name"))
        journal.observe(check(policy, trace_id="e" * 32, parent_trace_id="a" * 32))
        journal.outcome("my own name", {"correct": True, "comment": "Ada says thanks"})
        assert journal.flush()
    first, second, caller, third = collector.records()
    assert first.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert first.span_id.hex() == "00f067aa0ba902b7"
    assert first.time_unix_nano == 1_700_000_000_500_000_000
    assert (first.event_name, first.severity_text) == ("demur.decision", "WARN")
    attributes = {one.key: plain(one.value) for one in first.attributes}
    assert attributes["demur.digest"] == policy.digest
    assert attributes["demur.decision.action"] == "abstain"
    body = plain(first.body)
    assert body["answer"]["confidence"] == 0.1
    assert (second.trace_id, second.severity_text) == (b"", "INFO")
    assert (caller.trace_id.hex(), caller.span_id.hex()) == ("a" * 32, "00f067aa0ba902b7")
    assert plain(caller.body)["id"] == "e" * 32
    assert third.event_name == "demur.outcome"
    sent = b"".join(one.SerializeToString() for one in collector.requests)
    assert b"Ada" not in sent
    assert b"Grace" not in sent
    assert collector.requests[0].resource_logs[0].resource.attributes


def test_a_collector_that_refuses_gets_the_lines_later(collector: Collector) -> None:
    collector.status = 400
    with Journal(sink=OtlpSink(collector.url)) as journal:
        journal.observe(check(compiled()))
        while not journal.status().failure:
            assert not journal.flush(0.01)
        assert "did not accept" in (journal.status().failure or "")
        collector.status = 200
        assert journal.flush(120)
    assert len(collector.records()) == 1
