"""What is left of a file whose structure has errors, so that its expressions are checked all the same.

All errors of a file should come in one run. So the entries that are wrong are left out, and the rest is
checked; what the rest says of names that were left out is not reported, as it may be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from demur.diagnostics import Diagnostic, Span
from demur.language.document import PolicyDocument
from demur.language.nodes import Entry, MappingNode, plain

_OF_ENTRIES = frozenset(
    "outcome params define failures scope metrics suites gates alerts invariants".split()
)
_REQUIRED: dict[str, Any] = {
    "demur": 1,
    "policy": "unnamed",
    "about": "unknown",
    "owner": "unknown",
}


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The document without the entries that are wrong, and their names."""

    document: PolicyDocument
    root: MappingNode
    left_out: frozenset[str]

    def still_holds(self, finding: Diagnostic) -> bool:
        """Whether a finding does not follow from what was left out."""
        names = (mark for name in self.left_out for mark in (f"`{name}`", f".{name}`"))
        return not any(mark in finding.message for mark in names)


def salvaged(root: MappingNode, errors: Sequence[Diagnostic]) -> Salvaged | None:
    """The rest of a file with these errors of structure, or None where too little is left."""
    spans = [one.span for one in errors if one.span is not None]
    left_out: set[str] = set()
    entries: list[Entry] = []
    for entry in root.entries:
        depth = 2 if entry.key.text in ("stages", "rules") else entry.key.text in _OF_ENTRIES
        entries.extend(_without(entry, spans, depth, left_out))
    pruned = MappingNode(root.span, tuple(entries))
    data = {**_REQUIRED, **cast("dict[str, Any]", plain(pruned))}
    rules = data.get("rules", {})
    data["rules"] = {name: {"when": "true", "then": "flag", **rule} for name, rule in rules.items()}
    try:
        return Salvaged(PolicyDocument.model_validate(data), pruned, frozenset(left_out))
    except ValidationError:
        return None


def _without(
    entry: Entry, spans: Sequence[Span], depth: int, left_out: set[str]
) -> tuple[Entry, ...]:
    """The entry without its parts that have an error, or nothing where it is such a part itself."""
    if not any(_holds(entry, span) for span in spans):
        return (entry,)
    if depth == 0 or not isinstance(entry.value, MappingNode):
        left_out.add(entry.key.text)
        return ()
    inner = [
        part for one in entry.value.entries for part in _without(one, spans, depth - 1, left_out)
    ]
    return (Entry(entry.key, MappingNode(entry.value.span, tuple(inner))),)


def _holds(entry: Entry, span: Span) -> bool:
    begins, ends = entry.key.span, entry.value.span
    return begins.path == span.path and begins.start <= span.start < max(ends.end, begins.end)
