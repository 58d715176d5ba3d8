"""A policy whose signals others' results feed, and the records that they become."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demur.interop.results import Imported, read
from demur.language.compile import compile_file
from demur.language.source import Source, parse_source
from demur.runtime.evaluator import Evaluator

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "importing"

HEADER = "demur: 1\npolicy: p\nabout: For tests.\nowner: a@example.com\n"
SIGNALS = """
stages:
  request:
    text: string
    topic: {type: string, optional: true}
    session_id: {type: string, optional: true}
  retrieval:
    documents: {type: list, of: {id: string, content: string, score: double, source: string}}
  answer:
    text: string
    latency_ms: {type: double, unit: ms}
    cost: double
    tokens_in: {type: int, otel: gen_ai.usage.input_tokens}
    tokens_out: {type: int, otel: gen_ai.usage.completion_tokens}
    relevance: double
    harmless: double
    correctness: {type: double, optional: true}
    faithfulness: double
    factual_correctness: double
    contains: double
    success: bool
outcome:
  reference: string
"""


def policy(signals: str = SIGNALS) -> Evaluator:
    def source(path: Path, shown: str) -> Source:
        del path
        return parse_source(HEADER + signals, shown)

    return Evaluator(*compile_file("p.yaml", source))


def imported(
    format: str,
    file: Path | str,
    mapping: Mapping[str, str] | None = None,
    signals: str = SIGNALS,
    ignored: tuple[str, ...] = (),
) -> Imported:
    return read(format, [DATA / file], policy(signals), mapping or {}, ignored)


def records(format: str, file: Path | str, **options: Any) -> list[dict[str, Any]]:
    return list(imported(format, file, **options).records())
