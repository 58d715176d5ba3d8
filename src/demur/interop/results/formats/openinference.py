"""OpenInference spans, as Phoenix and Arize export them (JSONL, JSON, Parquet, CSV) or as OTLP's JSON.

By `spec/semantic_conventions.md` and `spec/annotations.md` of openinference: `input.value`,
`output.value`, `llm.token_count.*`, `llm.cost.total`, `retrieval.documents.N.document.*`, `session.id`,
and judgements as `annotations.N.annotation.*`, `evaluations.N.evaluation.*` or events of OpenTelemetry.
A span of Phoenix's data frames or its API has `context.trace_id`, `context.span_id`, `parent_id`,
`status_code` and its attributes below `attributes.`; documents are a list there, of objects with
`document.content` or nested ones. Judgements of Phoenix and Arize are `eval.NAME.score` and `.label`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demur.interop.results import otlp
from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents, flat, listed, mapped
from demur.interop.results.importer import (
    ANSWER,
    DOCUMENTS,
    INPUT_TOKENS,
    LATENCY,
    OUTPUT_TOKENS,
    QUESTION,
    Importer,
    Item,
    Natural,
)
from demur.interop.results.spans import RESPONSE, Reading, Span, items, parsed

_DOCUMENT = re.compile(r"retrieval\.documents\.(\d{1,6})\.document\.(\w+)")
_JUDGEMENT = re.compile(
    r"(?:trace\.)?(annotations|evaluations)\.(\d{1,6})\.(?:annotation|evaluation)\.(\w+)"
)
_EVAL = re.compile(r"eval\.(.+)\.(score|label)")
"""What Phoenix and Arize call the columns of judgements; a third holds the explanation."""
_NAMESPACES = ("openinference.", "input.", "output.", "llm.", "retrieval.", "reranker.", "session.")
_MILLISECONDS = 1_000_000
_KIND = "openinference.span.kind"


def _items(paths: Sequence[Path]) -> Iterator[Item]:
    return items(_spans(paths), _READING)


def _spans(paths: Sequence[Path]) -> Iterator[Span]:
    for path in paths:
        for place, document in documents(path):
            if otlp.looks(document):
                yield from (_judged(span) for span in otlp.spans(place, document))
                continue
            held = document.get("data", document) if isinstance(document, dict) else document
            for row in held if isinstance(held, list) else [held]:
                if not _is_row(row):
                    raise ResultsError("DM732", f"{place}: no span of OpenInference.", "")
                yield _judged(_span(place, flat(row)))


def _is_row(row: Any) -> bool:
    names = set(flat(row)) if isinstance(row, dict) else set[str]()
    return "context.trace_id" in names or any(
        name.removeprefix("attributes.").startswith(_NAMESPACES) for name in names
    )


def _looks(document: Any) -> bool:
    held = mapped(document).get("data", document)
    return _is_row(listed(held)[0] if listed(held) else held)


def _span(place: str, row: dict[str, Any]) -> Span:
    attributes = {
        name.removeprefix("attributes."): value
        for name, value in row.items()
        if name.startswith(("attributes.", "eval.")) and not _is_nothing(value)
    }
    judged = {match[1] for name in attributes if (match := _EVAL.fullmatch(name))}
    scores: list[tuple[str, Any]] = []
    unjudged: list[str] = []
    for column in row:
        match = _EVAL.fullmatch(column)
        if match and match[1] not in judged:
            name = f"gen_ai.evaluation.{match[1]}"
            explained = not _is_nothing(row.get(f"eval.{match[1]}.explanation"))
            scores += otlp.lost_evaluation(name) if explained else []
            unjudged.append(name)
    for event in map(mapped, listed(parsed(row.get("events")))):
        if event.get("name") == otlp.RESULT:
            scores += otlp.evaluation(otlp.attributes(event.get("attributes")))
    failed = str(row.get("status_code")).upper() in ("ERROR", "STATUS_CODE_ERROR")
    return Span(
        place,
        _text(row.get("context.trace_id", row.get("trace_id"))),
        _text(row.get("context.span_id", row.get("span_id"))),
        _text(row.get("parent_id")),
        _moment(row.get("start_time")),
        _moment(row.get("end_time")),
        str(row.get("status_message") or "error") if failed else None,
        attributes,
        tuple(scores),
        tuple(unjudged),
        linked=tuple(_linked(row)),
    )


def _linked(row: dict[str, Any]) -> Iterator[str]:
    """The traces of the spans that a row links to."""
    for link in map(mapped, listed(parsed(row.get("links")))):
        held = flat(link)
        trace = held.get("context.trace_id", held.get("trace_id"))
        if isinstance(trace, str) and trace:
            yield trace


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> int | None:
    """A time as nanoseconds since 1970: RFC 3339, or the milliseconds that pandas writes as JSON."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return round(value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1e6) * 1000
    except (OverflowError, ValueError):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value * _MILLISECONDS
    return None


def _judged(span: Span) -> Span:
    """The span with the judgements in its attributes as scores.

    A span of an evaluator is the judge's own, and so is one that links to another and holds judgements
    alone: what is judged after it has ended is judged on a span that links to it.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    columns: dict[str, dict[str, Any]] = {}
    attributes: dict[str, Any] = {}
    for name, value in span.attributes.items():
        if match := _JUDGEMENT.fullmatch(name):
            found.setdefault((match[1], match[2]), {})[match[3]] = value
        elif name.startswith("eval.") and name.endswith(".explanation"):
            continue
        elif match := _EVAL.fullmatch(name):
            columns.setdefault(f"gen_ai.evaluation.{match[1]}", {})[match[2]] = value
        else:
            attributes[name] = value
    told = list(span.scores)
    for said in found.values():
        event = {otlp.EVALUATION: said.get("name"), "error.type": said.get("error")}
        event |= {f"gen_ai.evaluation.score.{key}": said.get(of) for key, of in _PARTS}
        told += otlp.evaluation(event)
    for name, said in columns.items():
        if said.get("label") == otlp.NOT_PARSABLE:
            told += otlp.lost_evaluation(name)
            continue
        told += [(name, said["score"])] if "score" in said else []
        told += [(f"{name}.label", said["label"])] if "label" in said else []
    alone = not any(name.startswith(_NAMESPACES) for name in attributes if name != _KIND)
    if span.is_judge or attributes.get(_KIND) == "EVALUATOR" or (span.linked and told and alone):
        response = str(attributes.get(RESPONSE) or span.response)
        scores = tuple((name, None if span.failed else score) for name, score in told)
        return replace(span, attributes={}, scores=scores, is_judge=True, response=response)
    return replace(span, attributes=attributes, scores=tuple(told), linked=())


_PARTS = (("value", "score"), ("label", "label"))


def _fields(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {}
    retrieved: dict[int, dict[str, Any]] = {}
    for name, value in span.attributes.items():
        if match := _DOCUMENT.fullmatch(name):
            retrieved.setdefault(int(match[1]), {})[match[2]] = parsed(value)
        elif name == "retrieval.documents":
            found[name] = [_document(one) for one in listed(parsed(value))]
        elif name == "metadata" or name.startswith("metadata."):
            held = mapped(parsed(value)) or {name.removeprefix("metadata."): value}
            found |= {f"metadata.{key}": one for key, one in held.items() if key != "metadata"}
        else:
            found[name] = value
    if retrieved:
        found["retrieval.documents"] = [retrieved[number] for number in sorted(retrieved)]
    return found


def _document(one: Any) -> Any:
    """A document by its parts' last names: `document.content` and `{"document": {"content"}}` alike."""
    if not isinstance(one, dict):
        return one
    parts = {name.removeprefix("document."): value for name, value in flat(one).items()}
    metadata = {
        name.removeprefix("metadata."): value
        for name, value in parts.items()
        if name.startswith("metadata.")
    }
    plain = {name: parsed(part) for name, part in parts.items() if not name.startswith("metadata.")}
    return plain | ({"metadata": metadata} if metadata else {})


def _concerns(span: Span) -> bool:
    return any(name.startswith(_NAMESPACES) for name in span.attributes)


_READING = Reading(
    fields=_fields,
    given=frozenset(("input.value", "session.id", "user.id")),
    additive=frozenset(
        (
            *(f"llm.token_count.{part}" for part in ("prompt", "completion", "total")),
            *(f"llm.cost.{part}" for part in ("prompt", "completion", "total")),
            "retrieval.documents",
        )
    ),
    concerns=_concerns,
)

IMPORTER = Importer(
    name="openinference",
    title="OpenInference spans",
    expected="spans of Phoenix (rows with `context.trace_id` and `attributes.…`) or OTLP's JSON",
    items=_items,
    looks=_looks,
    groups=("metadata.", "gen_ai.evaluation."),
    naturals=(
        Natural("input.value", QUESTION, "the question, of the outermost span that has one"),
        Natural("output.value", ANSWER, "the answer, likewise"),
        Natural("retrieval.documents", DOCUMENTS, "what was retrieved, by all retrievals"),
        Natural("duration", LATENCY, "from the root's start to its end", unit="ms"),
        Natural(
            "llm.token_count.prompt",
            ("input_tokens", "prompt_tokens"),
            "tokens in, of all calls",
            INPUT_TOKENS,
        ),
        Natural(
            "llm.token_count.completion",
            ("output_tokens", "completion_tokens"),
            "tokens out, of all calls",
            OUTPUT_TOKENS,
        ),
        Natural("llm.token_count.total", ("total_tokens",), "tokens in and out"),
        Natural("llm.cost.total", ("cost_usd", "cost"), "what it cost, of all calls"),
        Natural(
            "llm.model_name",
            ("model",),
            "the model",
            ("gen_ai.response.model", "gen_ai.request.model"),
        ),
        Natural(
            "llm.provider", ("provider",), "the provider", ("gen_ai.provider.name", "gen_ai.system")
        ),
        Natural(
            "session.id",
            ("session_id", "conversation_id"),
            "the session",
            ("gen_ai.conversation.id",),
        ),
    ),
)
