"""The journal as OpenTelemetry logs, over OTLP: lines are masked before they come here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from demur.service.journal.writer import JournalError

_BATCH = 512
"""Records in one request."""
_ATTRIBUTES = (
    "demur.policy",
    "demur.version",
    "demur.digest",
    "demur.stage",
    "demur.rollout",
    "demur.final",
    "demur.bypass",
    "decision.action",
    "decision.rule",
    "decision.failure",
)
"""What stands in attributes besides the body, for who filters by it; `decision.x` is `demur.decision.x`."""
_WARN = frozenset(("escalate", "abstain", "refuse", "bypass", "incomplete"))


class OtlpSink:
    """Sends each line as a log record: the line is the body, with the trace's and the span's ids.

    `endpoint`, `headers` and the like default to the variables of OpenTelemetry
    (`OTEL_EXPORTER_OTLP_ENDPOINT`, …); `resource` names the service (`service.name`). A line is taken
    for written when the collector has accepted it. A batch that fails is sent again as a whole, so a
    line may arrive twice. Raises `JournalError` where the exporter is not installed.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        resource: Mapping[str, str] | None = None,
        exporter: Any = None,
    ) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # pyright: ignore
                OTLPLogExporter,
            )
            from opentelemetry.sdk.resources import Resource  # pyright: ignore
        except ImportError:
            raise JournalError(
                "DM946: OpenTelemetry logs need its exporter: pip install 'demur[otlp]'"
            ) from None
        self._resource: Any = Resource.create(dict(resource or {}))
        self._exporter: Any = exporter or OTLPLogExporter(
            endpoint=endpoint, headers=dict(headers) if headers else None, timeout=timeout
        )

    def write(self, lines: Sequence[bytes], *, durable: bool) -> None:
        """Sends the lines. Raises OSError where the collector does not accept them."""
        del durable
        from opentelemetry.sdk._logs.export import LogRecordExportResult  # pyright: ignore

        for start in range(0, len(lines), _BATCH):
            batch = [self._record(line) for line in lines[start : start + _BATCH]]
            if self._exporter.export(batch) is not LogRecordExportResult.SUCCESS:
                raise OSError("the collector did not accept the records")

    def tend(self) -> None:
        """Does nothing: nothing falls due."""

    def due(self) -> float:
        """Nothing ever falls due."""
        return float("inf")

    def close(self) -> None:
        """Does nothing: all that was written was sent."""

    def forget(self) -> None:
        """Does nothing: a child may send by the same exporter."""

    def _record(self, line: bytes) -> Any:
        from opentelemetry._logs import LogRecord, SeverityNumber  # pyright: ignore
        from opentelemetry.sdk._logs import ReadableLogRecord  # pyright: ignore
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # pyright: ignore

        value = json.loads(line)
        moment = round(datetime.fromisoformat(value["time"]).timestamp() * 1e6) * 1000
        kind = value["demur"].get("kind", "decision")
        action = value.get("decision", {}).get("action")
        is_warning = kind == "lost" or action in _WARN
        record = LogRecord(
            timestamp=moment,
            observed_timestamp=moment,
            context=_context(value),
            severity_number=SeverityNumber.WARN if is_warning else SeverityNumber.INFO,
            severity_text="WARN" if is_warning else "INFO",
            body=value,
            attributes=_attributes(value),
            event_name=f"demur.{kind}",
        )
        return ReadableLogRecord(record, self._resource, InstrumentationScope("demur"))


def _attributes(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in _ATTRIBUTES:
        top, _, name = path.partition(".")
        one = value.get(top, {}).get(name)
        if one is not None and one != "":
            found[path if top == "demur" else f"demur.{path}"] = one
    return found


def _context(value: Mapping[str, Any]) -> Any:
    """The trace and span that the request is part of, else its own id where it is as OpenTelemetry's."""
    from opentelemetry.context import Context  # pyright: ignore
    from opentelemetry.trace import (  # pyright: ignore
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    parent = value["demur"].get("parent_trace_id") or value.get("trace_id")
    trace, span = _number(parent, 32), _number(value.get("span_id"), 16)
    if not trace:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED)
    context = SpanContext(trace, span, is_remote=False, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(context), Context())


def _number(text: Any, length: int) -> int:
    if not isinstance(text, str) or len(text) != length:
        return 0
    try:
        return int(text, 16)
    except ValueError:
        return 0
