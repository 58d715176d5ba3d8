"""What is left of a file whose structure has errors, so that its expressions are checked all the same.

All errors of a file should come in one run. So the entries that are wrong are left out, and the rest is
checked; what the rest says of names that were left out is not reported, as it may be right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from demur.diagnostics import Diagnostic, Position
from demur.language.document import PolicyDocument
from demur.language.nodes import Entry, MappingNode, plain
from demur.suggestions import closest

_OF_ENTRIES = frozenset(
    "outcome params define failures scope metrics suites gates alerts invariants".split()
)
_REQUIRED: dict[str, Any] = {
    "demur": 1,
    "policy": "unnamed",
    "about": "unknown",
    "owner": "unknown",
}


_EXPRESSIONS_READ = {"params": "params.", "define": "", "metrics": "", "outcome": "outcome."}
"""Sections whose entries expressions read, and what stands before their names there."""
_PLAIN = frozenset(_REQUIRED) | {"version", "runbook", "include", "rules", "on_unknown", "limits"}
"""Sections without names that others refer to; an unknown one may be such a section misspelt."""
_OF_NAMES = frozenset(("DM304", "DM401"))
"""The codes of names that refer to nothing."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The document without the entries that are wrong.

    `wrong` are the names that expressions read of what was left out; `left_out` are all its names.
    Where a section or a stage was left out whole, its names are not known: `has_lost_names`.
    """

    document: PolicyDocument
    root: MappingNode
    wrong: frozenset[str]
    left_out: frozenset[str]
    has_lost_names: bool

    def still_holds(self, finding: Diagnostic) -> bool:
        """Whether a finding does not follow from what was left out."""
        if self.has_lost_names and finding.code in _OF_NAMES:
            return False
        return not any(f"`{name}`" in finding.message for name in self.left_out)


def salvaged(root: MappingNode, errors: Sequence[Diagnostic]) -> Salvaged | None:
    """The rest of a file with these errors of structure, or None where too little is left."""
    starts: dict[str, list[Position]] = {}
    for span in sorted(one.span for one in errors if one.span is not None):
        starts.setdefault(span.path, []).append(span.start)
    left_out: list[tuple[str, ...]] = []
    entries: list[Entry] = []
    for entry in root.entries:
        depth = 2 if entry.key.text in ("stages", "rules") else entry.key.text in _OF_ENTRIES
        entries.extend(_without(entry, starts, depth, (), left_out))
    pruned = MappingNode(root.span, tuple(entries))
    data = {**_REQUIRED, **cast("dict[str, Any]", plain(pruned))}
    rules = data.get("rules", {})
    data["rules"] = {name: {"when": "true", "then": "flag", **rule} for name, rule in rules.items()}
    try:
        document = PolicyDocument.model_validate(data)
    except ValidationError:
        return None
    return Salvaged(
        document,
        pruned,
        frozenset(name for path in left_out for name in _read_as(path)),
        frozenset(path[-1] for path in left_out),
        any(_meant(path[0]) not in _PLAIN and len(path) < _depth(path) for path in left_out),
    )


def _meant(section: str) -> str:
    """The section that is named, or that a misspelt name is likest."""
    known = PolicyDocument.model_fields
    return section if section in known else closest(section, known) or section


def _depth(path: tuple[str, ...]) -> int:
    """How many steps lead to what has a name in this section."""
    return 3 if path[0] == "stages" else 2


def _read_as(path: tuple[str, ...]) -> Iterator[str]:
    """What expressions call an entry that was left out."""
    match path:
        case ("stages", stage, signal):
            yield f"{stage}.{signal}"
        case (section, name) if section in _EXPRESSIONS_READ:
            yield f"{_EXPRESSIONS_READ[section]}{name}"
        case _:
            pass


def _without(
    entry: Entry,
    starts: Starts,
    depth: int,
    above: tuple[str, ...],
    left_out: list[tuple[str, ...]],
) -> tuple[Entry, ...]:
    """The entry without its parts that have an error, or nothing where it is such a part itself."""
    if not _holds_one(entry, starts):
        return (entry,)
    path = (*above, entry.key.text)
    if depth == 0 or not isinstance(entry.value, MappingNode):
        left_out.append(path)
        return ()
    inner = [
        part
        for one in entry.value.entries
        for part in _without(one, starts, depth - 1, path, left_out)
    ]
    return (Entry(entry.key, MappingNode(entry.value.span, tuple(inner))),)


Starts = Mapping[str, Sequence[Position]]
"""Where errors begin, in order, by the file."""


def _holds_one(entry: Entry, starts: Starts) -> bool:
    """Whether an error begins within the entry."""
    begins, ends = entry.key.span, entry.value.span
    in_file = starts.get(begins.path, ())
    first = bisect_left(in_file, begins.start)
    return first < len(in_file) and in_file[first] < max(ends.end, begins.end)
