"""What an importer is: the items of a tool's results, and the names that its fields go by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demur.interop.results.doubts import Doubt


@dataclass(frozen=True, slots=True)
class Item:
    """One case of the results: a test, a row, or a trace.

    `given` is what was put in or is known of the case beforehand, `measured` what came of it, by the names of
    fields. A field that is None was to be measured and was not: a judge that crashed. `whole` is the
    tool's own item, which mappings look into; `unread` are keys of it that the importer does not know,
    `conflicts` fields of which its parts say different things, and `doubts` why values that it holds are not
    taken for measured ones. An item with an `error` has no answer, and one that `is_foreign` holds
    nothing of the format: it is counted, and is no case. `stray` are evaluations of a file that join no
    case; an item of them alone is foreign too.
    """

    place: str
    given: Mapping[str, Any]
    measured: Mapping[str, Any]
    whole: Mapping[str, Any]
    id: str | None = None
    error: str | None = None
    identity: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unread: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    is_foreign: bool = False
    stray: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Natural:
    """A field of the format, and the names of signals that it is taken for, the closest first.

    A name with a stage (`answer.text`) is that signal alone. `attributes` are what OpenTelemetry calls
    the same, `unit` that of the field's value: ms or s.
    """

    field: str
    names: tuple[str, ...]
    about: str
    attributes: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Importer:
    """A format: its name, what it is called, how its items are read, and how its fields are named.

    `items` raises `ResultsError`. `looks` says whether a document, a line or a row seems to be of the
    format, for the message about a file of another one. Fields that begin with one of `groups` go by
    the name behind it.
    """

    name: str
    title: str
    expected: str
    items: Callable[[Sequence[Path]], Iterator[Item]]
    looks: Callable[[Any], bool]
    naturals: tuple[Natural, ...]
    groups: tuple[str, ...] = ()


_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")


def snake(name: str) -> str:
    """The name in snake case: `Answer Relevancy` and `answerRelevancy` are `answer_relevancy`."""
    return "_".join(_WORD.findall(_SEAM.sub("_", name))).lower()


INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
"""The current and the previous attribute of OpenTelemetry."""
QUESTION = (
    "request.text",
    "request.question",
    "question",
    "query",
    "input",
    "prompt",
    "user_input",
)
ANSWER = ("answer.text", "answer.answer", "answer", "response", "output", "completion")
DOCUMENTS = ("retrieval.documents", "documents", "retrieved_contexts", "contexts")
REFERENCE = ("outcome.reference", "reference", "expected_output", "ground_truth", "expected")
LATENCY = ("latency_ms", "latency_s", "latency_seconds", "latency", "duration_ms")
"""The names of signals that every format's question, answer, … are taken for."""
