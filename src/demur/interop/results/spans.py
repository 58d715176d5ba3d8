"""Spans as records: all spans of a trace are one case.

Of each attribute the span counts that has it and stands nearest to the root: an agent's span that sums up
the tokens of the calls beneath it is not added to them. Where several stand side by side, numbers of the
fields named as additive are summed and lists joined; of any other field they must say the same, or it is
not known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import is_too_deep
from demur.interop.results.importer import Item

MAXIMUM_SPANS = 1_000_000
"""Spans that are held at once: those of one trace may stand anywhere."""
_DEEPEST = 1_000
"""How far above a span its ancestors are looked for."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A span: its place in its trace, its time in nanoseconds since 1970, and what it says.

    `scores` are the evaluations that stand on it, a name and a value each, None where the judge failed;
    `unjudged` those that have a column in the file and nothing on this span. `failed` is why it ended in
    an error. A log record about a span is a span of the same id.
    """

    place: str
    trace: str
    id: str
    parent: str
    start: int | None
    end: int | None
    failed: str | None
    attributes: Mapping[str, Any]
    scores: tuple[tuple[str, Any], ...] = ()
    unjudged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format makes of a span: its fields, and which of them are given and which add up."""

    fields: Callable[[Span], Mapping[str, Any]]
    given: frozenset[str]
    additive: frozenset[str]
    concerns: Callable[[Span], bool] = field(default=lambda span: bool(span.attributes))


def items(spans: Iterable[Span], reading: Reading) -> Iterator[Item]:
    """An item a trace, in the order in which the traces begin in the files. Raises `ResultsError`.

    A trace that holds nothing of the format is foreign: spans of other libraries stand in the same files.
    """
    traces: dict[str, list[Span]] = {}
    for number, span in enumerate(spans):
        if number >= MAXIMUM_SPANS:
            what = f"{span.place}: there are more than {MAXIMUM_SPANS:,} spans."
            raise ResultsError("DM737", what, "Give the spans of one suite or one day at a time.")
        traces.setdefault(span.trace or f"{span.place}#{number}", []).append(span)
    for trace in traces.values():
        found = _item(_joined(trace), reading)
        concerns = any(reading.concerns(span) or span.scores for span in trace)
        yield found if concerns else replace(found, is_foreign=True)


def _joined(trace: Sequence[Span]) -> list[Span]:
    """The trace with each span once: what stands about it elsewhere is put to it."""
    found: dict[str, Span] = {}
    for number, span in enumerate(trace):
        key = span.id or f"#{number}"
        other = found.get(key)
        if other is None:
            found[key] = span
            continue
        found[key] = replace(
            other if other.start is not None else span,
            attributes={**span.attributes, **other.attributes},
            scores=(*other.scores, *span.scores),
            unjudged=(*other.unjudged, *span.unjudged),
            failed=other.failed or span.failed,
        )
    return list(found.values())


def _item(trace: list[Span], reading: Reading) -> Item:
    above = _ancestors(trace)
    fields: dict[str, list[tuple[str, Any]]] = {}
    for span in trace:
        for name, value in reading.fields(span).items():
            fields.setdefault(name, []).append((span.id, value))
    merged: dict[str, Any] = {}
    conflicts: list[str] = []
    for name, found in fields.items():
        holders = {id for id, _ in found}
        values = [value for id, value in found if not above.get(id, set()) & holders]
        merged[name], agree = _merged(values, adds=name in reading.additive)
        conflicts += [] if agree else [name]
    scores: dict[str, list[Any]] = {}
    for span in trace:
        for name, value in span.scores:
            scores.setdefault(name, []).append(value)
    for span in trace:
        for name in span.unjudged:
            scores.setdefault(name, [None])
    for name, values in scores.items():
        merged[name], agree = _merged(values, adds=False)
        conflicts += [] if agree or None in values else [name]
    roots = [span for span in trace if not above.get(span.id)]
    merged["duration"] = _duration(roots)
    first = min(roots, key=lambda span: span.start or 0)
    identity = {"trace_id": first.trace} if first.trace else {}
    return Item(
        first.place,
        {name: value for name, value in merged.items() if name in reading.given},
        {name: value for name, value in merged.items() if name not in reading.given},
        {"attributes": _attributes(trace, first), "name": first.place},
        id=first.trace or first.id or None,
        error=next((span.failed for span in roots if span.failed), None),
        identity=identity,
        conflicts=tuple(conflicts),
    )


def _attributes(trace: list[Span], root: Span) -> dict[str, Any]:
    """The attributes of all spans, the root's before the others', for mappings to look into."""
    found: dict[str, Any] = dict(root.attributes)
    for span in trace:
        for name, value in span.attributes.items():
            found.setdefault(name, value)
    return found


def _ancestors(trace: list[Span]) -> dict[str, set[str]]:
    """Which spans stand above each; a ring, which only a damaged file has, is cut."""
    parents = {span.id: span.parent for span in trace if span.id}
    found: dict[str, set[str]] = {}
    for id, parent in parents.items():
        above: set[str] = set()
        up = parent
        while up in parents and up not in above and up != id and len(above) < _DEEPEST:
            above.add(up)
            up = parents[up]
        found[id] = above
    return found


def _merged(values: list[Any], *, adds: bool) -> tuple[Any, bool]:
    """The values of spans side by side as one, and whether there is one."""
    if len(values) == 1:
        return values[0], True
    if adds and all(isinstance(one, list) for one in values):
        return [part for one in values for part in one], True
    if adds and all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        return sum(values), True
    alike = all(one == values[0] and type(one) is type(values[0]) for one in values)
    return (values[0], True) if alike else (None, False)


def _duration(roots: list[Span]) -> float | None:
    """Milliseconds from the first root's start to the last one's end; None without both."""
    starts = [span.start for span in roots if span.start is not None]
    ends = [span.end for span in roots if span.end is not None]
    if not starts or len(starts) < len(ends) or len(ends) < len(starts):
        return None
    length = max(ends) - min(starts)
    return length / _MILLION if length >= 0 else None


def parsed(value: Any) -> Any:
    """JSON that stands in an attribute as text, which may hold no objects, as what it is."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if is_too_deep(found) else found
