"""OpenTelemetry's spans of generative AI, as OTLP's JSON: one document, or one a line.

By the semantic conventions for generative AI: the attributes as of 1.37 and later (`gen_ai.provider.name`,
`gen_ai.input.messages`, `gen_ai.evaluation.*`), with those that went before: `gen_ai.system` (until 1.36),
`gen_ai.usage.prompt_tokens` and `completion_tokens` (until 1.27), `gen_ai.prompt` and `gen_ai.completion`
(until 1.28, and with numbers behind them as OpenLLMetry writes them).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from demur.interop.results import otlp
from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents, listed, mapped
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
from demur.interop.results.spans import Reading, Span, items, parsed

_PREVIOUS = {
    "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens",
    "gen_ai.system": "gen_ai.provider.name",
    "gen_ai.prompt": "gen_ai.input.messages",
    "gen_ai.completion": "gen_ai.output.messages",
}
"""Attributes that were renamed, and what they are called now."""
_MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages")


def _items(paths: Sequence[Path]) -> Iterator[Item]:
    return items(_spans(paths), _READING)


def _spans(paths: Sequence[Path]) -> Iterator[Span]:
    for path in paths:
        for place, document in documents(path):
            if not otlp.looks(document):
                raise ResultsError("DM732", f"{place}: no export of OTLP.", "")
            yield from otlp.spans(place, document)


def _concerns(span: Span) -> bool:
    return any(name.startswith("gen_ai.") for name in span.attributes)


def _fields(span: Span) -> dict[str, Any]:
    found: dict[str, Any] = {}
    numbered: dict[str, dict[int, dict[str, Any]]] = {}
    for name, value in span.attributes.items():
        stem, number, part = _numbered(name)
        if number is not None:
            numbered.setdefault(stem, {}).setdefault(number, {})[part] = value
        elif name not in _PREVIOUS or _PREVIOUS[name] not in span.attributes:
            found[_PREVIOUS.get(name, name)] = value
    for stem, messages in numbered.items():
        found.setdefault(_PREVIOUS[stem], [messages[number] for number in sorted(messages)])
    for name in _MESSAGES:
        if name in found:
            found[name] = _said(parsed(found[name]), asked=name == _MESSAGES[0])
    if "gen_ai.retrieval.documents" in found:
        found["gen_ai.retrieval.documents"] = parsed(found["gen_ai.retrieval.documents"])
    return found


def _numbered(name: str) -> tuple[str, int | None, str]:
    """`gen_ai.prompt.0.content` as its stem, number and part."""
    for stem in ("gen_ai.prompt", "gen_ai.completion"):
        number, _, part = name.removeprefix(f"{stem}.").partition(".")
        if name.startswith(f"{stem}.") and number.isascii() and number.isdigit() and part:
            return stem, int(number[:9]), part
    return name, None, ""


def _said(messages: Any, *, asked: bool) -> Any:
    """The text of the user's last message, or of what the model answered; None where there is none."""
    if isinstance(messages, str):
        return messages
    found: list[str] = []
    for message in map(mapped, listed(messages)):
        parts = [mapped(part) for part in listed(message.get("parts"))]
        spoken = [part["content"] for part in parts if isinstance(part.get("content"), str)]
        if isinstance(message.get("content"), str):
            spoken.append(message["content"])
        if spoken and (not asked or message.get("role") in ("user", None)):
            found.append("\n".join(spoken))
    if not found:
        return None
    return found[-1] if asked else "\n".join(found)


_READING = Reading(
    fields=_fields,
    given=frozenset(("gen_ai.input.messages", "gen_ai.conversation.id", "gen_ai.request.model")),
    additive=frozenset(
        (
            *INPUT_TOKENS,
            *OUTPUT_TOKENS,
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.retrieval.documents",
        )
    ),
    concerns=_concerns,
)

IMPORTER = Importer(
    name="otel",
    title="OpenTelemetry GenAI spans",
    expected="OTLP's JSON, an object with a list `resourceSpans`, or one such object a line",
    items=_items,
    looks=otlp.looks,
    groups=("gen_ai.evaluation.",),
    naturals=(
        Natural("gen_ai.input.messages", QUESTION, "the user's last message", ("gen_ai.prompt",)),
        Natural("gen_ai.output.messages", ANSWER, "the answer", ("gen_ai.completion",)),
        Natural("gen_ai.retrieval.documents", DOCUMENTS, "what was retrieved, by all retrievals"),
        Natural("duration", LATENCY, "from the root's start to its end", unit="ms"),
        Natural(
            "gen_ai.usage.input_tokens",
            ("input_tokens", "prompt_tokens"),
            "tokens in, of all calls",
            INPUT_TOKENS,
        ),
        Natural(
            "gen_ai.usage.output_tokens",
            ("output_tokens", "completion_tokens"),
            "tokens out, of all calls",
            OUTPUT_TOKENS,
        ),
        Natural("gen_ai.provider.name", ("provider",), "the model's provider", ("gen_ai.system",)),
        Natural("gen_ai.request.model", ("request.model", "request_model"), "the model asked for"),
        Natural("gen_ai.response.model", ("answer.model", "model"), "the model that answered"),
        Natural("gen_ai.conversation.id", ("conversation_id", "session_id"), "the conversation"),
    ),
)
