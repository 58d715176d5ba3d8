"""OTLP's JSON: spans, and the events that evaluations are.

As opentelemetry-proto 1.x and its JSON mapping have it: `resourceSpans` → `scopeSpans` → `spans` (before
0.19 `instrumentationLibrarySpans`), attributes as `{"key", "value": {"stringValue": …}}`, whole numbers
as text; log records in `resourceLogs` → `scopeLogs` → `logRecords`. A file of the collector's exporter has
one such object a line. Evaluations are events named `gen_ai.evaluation.result`, on a span or in the logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demur.interop.results.documents import listed, mapped
from demur.interop.results.spans import Span

RESULT = "gen_ai.evaluation.result"
"""The event's name."""
_CONTENT = frozenset(
    (
        "gen_ai.client.inference.operation.details",
        "gen_ai.content.prompt",
        "gen_ai.content.completion",
    )
)
"""The events that hold what would else stand in a span's attributes."""
_FAILED = (2, "STATUS_CODE_ERROR")
_DEEPEST = 64


def looks(document: Any) -> bool:
    """Whether this seems to be OTLP."""
    held = mapped(document)
    return isinstance(held.get("resourceSpans", held.get("resourceLogs")), list)


def spans(place: str, document: Any) -> Iterator[Span]:
    """The spans of an export, and the log records that are evaluations or content, as such."""
    for kind, scope in (
        ("resourceSpans", ("scopeSpans", "instrumentationLibrarySpans")),
        ("resourceLogs", ("scopeLogs", "instrumentationLibraryLogs")),
    ):
        for resource in listed(mapped(document).get(kind)):
            for name in scope:
                for group in listed(mapped(resource).get(name)):
                    for one in listed(mapped(group).get("spans")):
                        yield _span(place, mapped(one))
                    for one in listed(mapped(group).get("logRecords")):
                        yield from _record(place, mapped(one))


def _span(place: str, span: dict[str, Any]) -> Span:
    held = attributes(span.get("attributes"))
    scores: list[tuple[str, Any]] = []
    for event in map(mapped, listed(span.get("events"))):
        said = attributes(event.get("attributes"))
        name = _text(event.get("name"))
        if name == RESULT:
            scores += evaluation(said)
        elif name in _CONTENT:
            held |= said
    status = mapped(span.get("status"))
    failed = None
    if status.get("code") in _FAILED:
        failed = str(status.get("message") or held.get("error.type") or "error")
    return Span(
        place,
        _text(span.get("traceId")),
        _text(span.get("spanId")),
        _text(span.get("parentSpanId")),
        _nanoseconds(span.get("startTimeUnixNano")),
        _nanoseconds(span.get("endTimeUnixNano")),
        failed,
        held,
        tuple(scores),
    )


def _record(place: str, record: dict[str, Any]) -> Iterator[Span]:
    held = attributes(record.get("attributes"))
    name = _text(record.get("eventName")) or _text(held.get("event.name"))
    if name != RESULT and name not in _CONTENT:
        return
    body = _value(record.get("body"))
    said = {**(body if isinstance(body, dict) else {}), **held}
    scores = tuple(evaluation(said)) if name == RESULT else ()
    trace, span = _text(record.get("traceId")), _text(record.get("spanId"))
    yield Span(place, trace, span, "", None, None, None, {} if scores else said, scores)


def evaluation(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """The score and the label of an evaluation's event, by the evaluation's name.

    One that ended in an error, or gave neither, is lost; one that gives a label alone has no score.
    """
    name = f"gen_ai.evaluation.{said.get('gen_ai.evaluation.name')}"
    score, label = (said.get(f"gen_ai.evaluation.score.{part}") for part in ("value", "label"))
    if said.get("error.type") is not None or (score is None and label is None):
        return lost_evaluation(name)
    return [(name, score), *([(f"{name}.label", label)] if label is not None else [])]


def lost_evaluation(name: str) -> list[tuple[str, Any]]:
    """An evaluation that was to be had and was not: neither its score nor its label is known."""
    return [(name, None), (f"{name}.label", None)]


def attributes(value: Any) -> dict[str, Any]:
    """Attributes by their keys; those of plain JSON, as some exporters write them, as they are."""
    if isinstance(value, dict):
        return dict(mapped(value))
    pairs = [mapped(one) for one in listed(value)]
    return {str(pair["key"]): _value(pair.get("value")) for pair in pairs if "key" in pair}


def _value(value: Any, depth: int = 0) -> Any:
    """An `AnyValue` as JSON data; None for one that is none."""
    if not isinstance(value, dict) or len(mapped(value)) != 1 or depth > _DEEPEST:
        return None
    (kind, held), *_ = mapped(value).items()
    if kind == "intValue":
        return _whole(held)
    if kind == "doubleValue":
        return _double(held)
    if kind == "arrayValue":
        return [_value(one, depth + 1) for one in listed(mapped(held).get("values"))]
    if kind == "kvlistValue":
        pairs = [mapped(one) for one in listed(mapped(held).get("values"))]
        return {str(pair.get("key")): _value(pair.get("value"), depth + 1) for pair in pairs}
    return held


def _double(held: Any) -> Any:
    """JSON's mapping of protobuf writes NaN and the infinities as text."""
    names = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
    return names.get(held, held) if isinstance(held, str) else held


def _whole(held: Any) -> Any:
    if not isinstance(held, str):
        return held
    try:
        return int(held)
    except ValueError:
        return held


def _nanoseconds(value: Any) -> int | None:
    whole = _whole(value)
    return whole if isinstance(whole, int) and not isinstance(whole, bool) and whole > 0 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
