"""What the tests of the YAML reader share: a valid file, and short ways to read and to look."""

from __future__ import annotations

from demur.diagnostics import Position, describe
from demur.language.source import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Source,
    locate,
    parse_source,
)

VALID = """\
demur: 1  # language version
policy: support-rag
# demur: allow float-equality because the score is rounded
stages:
  request:
    intent:  {type: string, enum: [billing, shipping, "other"]}
    text:    {type: string, pii: true, max_size: 8000}
rules:
  source-boundary:
    when: "!in_bounds"
    then: refuse
    say: I can't answer that
      from approved sources.
  retrieval-miss: &miss
    when: >-
      size(retrieval.documents) == 0
      || best_score < params.min_score
    why: |
      best score {{best_score}}

      of several
    by: ['it''s', "a\\tb\\u00e9", -1.5e3, ~, true]
  copy: *miss
"""


def index_of(text: str, position: Position) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: position.line - 1]) + position.column - 1


def scalar(source: Source, *path: str | int) -> ScalarNode:
    node = locate(source.root, path)
    assert isinstance(node, ScalarNode), source.diagnostics
    return node


def found(text: str | bytes) -> list[str]:
    return [describe(item) for item in parse_source(text, "p.yaml").diagnostics]


def codes(text: str | bytes) -> list[tuple[str, int, int]]:
    places: list[tuple[str, int, int]] = []
    for item in parse_source(text, "p.yaml").diagnostics:
        assert item.span is not None
        places.append((item.name, item.span.start.line, item.span.start.column))
    return places


def only_scalars(node: Node | None) -> list[ScalarNode]:
    match node:
        case MappingNode(entries=entries):
            return [item for entry in entries for item in only_scalars(entry.value)]
        case SequenceNode(items=items):
            return [found for item in items for found in only_scalars(item)]
        case ScalarNode():
            return [node]
        case None:
            return []
