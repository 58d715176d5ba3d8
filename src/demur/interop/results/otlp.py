"""OTLP's JSON: spans, and the events that evaluations are.

As opentelemetry-proto 1.x and its JSON mapping have it: `resourceSpans` → `scopeSpans` → `spans` (before
0.19 `instrumentationLibrarySpans`), attributes as `{"key", "value": {"stringValue": …}}`, whole numbers
as text; log records in `resourceLogs` → `scopeLogs` → `logRecords`. A file of the collector's exporter has
one such object a line. Evaluations are events named `gen_ai.evaluation.result`, on a span or in the logs,
or spans with the same attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from demur.interop.results.documents import listed, mapped
from demur.interop.results.spans import RESPONSE, Span

RESULT = "gen_ai.evaluation.result"
"""The event's name."""
EVALUATION = "gen_ai.evaluation.name"
_EVALUATIONS = ("gen_ai.evaluation.", "error.")
_OWN = ("gen_ai.", "error.", "event.", "exception.", "openinference.", "input.", "output.", "llm.")
"""What begins the names of what a judge says of itself."""
NOT_PARSABLE = "NOT_PARSABLE"
"""The label that Phoenix gives, with a score of 0, where the judge's answer is no label."""
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
    told: list[tuple[str, Any]] = []
    for event in map(mapped, listed(span.get("events"))):
        said = attributes(event.get("attributes"))
        name = _text(event.get("name"))
        if name == RESULT:
            scores += evaluation(said)
            told += _told(said)
        elif name in _CONTENT:
            held |= said
    status = mapped(span.get("status"))
    failed = None
    if status.get("code") in _FAILED:
        failed = str(status.get("message") or held.get("error.type") or "error")
    links = [_text(mapped(link).get("traceId")) for link in listed(span.get("links"))]
    return judged(
        Span(
            place,
            _text(span.get("traceId")),
            _text(span.get("spanId")),
            _text(span.get("parentSpanId")),
            _nanoseconds(span.get("startTimeUnixNano")),
            _nanoseconds(span.get("endTimeUnixNano")),
            failed,
            held,
            tuple(scores),
            linked=tuple(filter(None, links)),
            told=tuple(told),
        )
    )


def judged(span: Span) -> Span:
    """The span with the evaluation in its attributes, if one is there, as a score.

    A span whose operation is to evaluate, or is not named, is the judge's own.
    """
    held = span.attributes
    error = held.get("error.type") if span.failed is None else span.failed
    if EVALUATION not in held:
        is_judge = held.get("gen_ai.operation.name") == "evaluate"
        if is_judge and error is not None:
            return replace(span, scores=tuple(_all_lost(span.scores)))
        return span
    scores = evaluation({**held, "error.type": error})
    if held.get("gen_ai.operation.name") not in (None, "evaluate"):
        kept = {name: one for name, one in held.items() if not name.startswith(_EVALUATIONS)}
        return replace(span, attributes=kept, scores=(*span.scores, *scores))
    return replace(
        span,
        attributes={},
        scores=(*(span.scores if error is None else _all_lost(span.scores)), *scores),
        is_judge=True,
        response=_text(held.get(RESPONSE)),
        told=(*span.told, *_told(held)),
    )


def _all_lost(scores: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The scores of a judge that failed, of which none is known."""
    return [(name, None) for name, _ in scores]


def _told(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What an evaluation says besides, such as the name of its case; not what the judge took."""
    return [(name, one) for name, one in said.items() if not name.startswith(_OWN)]


def _record(place: str, record: dict[str, Any]) -> Iterator[Span]:
    held = attributes(record.get("attributes"))
    name = _text(record.get("eventName")) or _text(held.get("event.name"))
    if name != RESULT and name not in _CONTENT:
        return
    body = _value(record.get("body"))
    said = {**(body if isinstance(body, dict) else {}), **held}
    is_result = name == RESULT
    yield Span(
        place,
        _text(record.get("traceId")),
        _text(record.get("spanId")),
        "",
        None,
        None,
        None,
        {} if is_result else said,
        tuple(evaluation(said)) if is_result else (),
        is_record=True,
        response=_text(said.get(RESPONSE)),
        told=tuple(_told(said)) if is_result else (),
    )


def evaluation(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The score and the label of an evaluation's event, by the evaluation's name.

    One that ended in an error, or gave neither, is lost, and so is one whose score is no number or whose
    label is no text; one that gives a label alone has no score.
    """
    name = f"gen_ai.evaluation.{_text(said.get(EVALUATION)) or 'unnamed'}"
    score, label = (said.get(f"gen_ai.evaluation.score.{part}") for part in ("value", "label"))
    is_score = score is None or (isinstance(score, int | float) and not isinstance(score, bool))
    is_label = label is None or (isinstance(label, str) and label != NOT_PARSABLE)
    nothing = score is None and label is None
    if said.get("error.type") is not None or nothing or not is_score or not is_label:
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
