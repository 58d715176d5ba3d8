"""Spans as records: all spans of a trace are one case.

Of each attribute the span counts that has it and stands nearest to the root: an agent's span that sums up
the tokens of the calls beneath it is not added to them. Where several stand side by side, numbers of the
fields named as additive are summed and lists joined; of any other field they must say the same, or it is
not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import is_too_deep
from demur.interop.results.doubts import Doubt
from demur.interop.results.importer import Item
from demur.interop.results.values import is_number
from demur.runtime.strict_json import read_json

MAXIMUM_SPANS = 1_000_000
"""Spans that are held at once: those of one trace may stand anywhere."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A span: its place in its trace, its time in nanoseconds since 1970, and what it says.

    `scores` are the evaluations that stand on it, a name and a value each, None where the judge failed;
    `unjudged` those that have a column in the file and nothing on this span. `failed` is why it ended in
    an error. A log record about a span `is_record`; a span that is itself an evaluation `is_judge`, so
    what it and the spans below it say is the judge's. `response` is the response that an evaluation
    names, `linked` the trace of the span that a judge links to, and `told` what evaluations say besides.
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
    is_record: bool = False
    is_judge: bool = False
    response: str = ""
    linked: tuple[str, ...] = ()
    told: tuple[tuple[str, Any], ...] = ()


RESPONSE = "gen_ai.response.id"
"""The attribute of a span that evaluations name it by where they do not know the span."""


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
    Evaluations and other records are put to the trace that they name; those that name none are no case.
    """
    traces: dict[str, list[Span]] = {}
    records: list[Span] = []
    for number, span in enumerate(spans):
        if number >= MAXIMUM_SPANS:
            what = f"{span.place}: there are more than {MAXIMUM_SPANS:,} spans."
            raise ResultsError("DM737", what, "Give the spans of one suite or one day at a time.")
        if span.is_record:
            records.append(span)
        else:
            traces.setdefault(span.trace or f"{span.place}#{number}", []).append(span)
    own = {key: _own(trace) for key, trace in traces.items()}
    judges = [one for trace in traces.values() for one in trace if one.is_judge]
    joined = _join(own, [*records, *judges], reading)
    for key, trace in traces.items():
        if not own[key]:
            if not any(one.scores for one in trace):
                yield Item(trace[0].place, {}, {}, {}, is_foreign=True)
            continue
        whole = [*own[key], *joined.records.get(key, [])]
        doubts = (Doubt.AMBIGUOUS,) if key in joined.disputed else ()
        concerns = any(reading.concerns(span) or span.scores for span in whole)
        yield replace(_item(_joined(whole), reading), doubts=doubts, is_foreign=not concerns)
    if joined.stray:
        place = joined.stray[0].place
        names = Counter(map(_named, joined.stray))
        stray = (f"{name}, {times:,} times" if times > 1 else name for name, times in names.items())
        yield Item(place, {}, {}, {}, is_foreign=True, stray=tuple(stray))


def _own(trace: list[Span]) -> list[Span]:
    """The spans of a trace that are no judge's, nor below one."""
    judged = _below(_parents(trace), {span.id for span in trace if span.is_judge and span.id})
    return [one for one in trace if not one.is_judge and one.id not in judged]


@dataclass(frozen=True, slots=True)
class _Join:
    """What stands about each trace outside of its own spans, which traces are disputed, and the rest."""

    records: Mapping[str, list[Span]]
    disputed: frozenset[str]
    stray: tuple[Span, ...]


def _join(traces: Mapping[str, list[Span]], evaluations: Sequence[Span], reading: Reading) -> _Join:
    """Each record and each judge's span to the trace that it is about.

    Its own trace says so, or the response that it names, or its link. Where these say different things, or
    the response stands in several traces, the evaluation is not known in any of them.
    """
    own = {key for key, trace in traces.items() if trace}
    cases = {key for key in own if any(map(reading.concerns, traces[key]))}
    responses: dict[str, set[str]] = {}
    for key, trace in traces.items():
        for span in trace:
            response = span.attributes.get(RESPONSE)
            if isinstance(response, str) and response:
                responses.setdefault(response, set()).add(key)
    found: dict[str, list[Span]] = {}
    disputed: set[str] = set()
    stray: list[Span] = []
    for span in evaluations:
        targets = _targets(span, own, cases, responses)
        about = replace(span, is_record=True)
        if len(targets) > 1:
            disputed |= targets if span.scores else set()
            lost = tuple((name, None) for name, _ in span.scores)
            about = replace(about, scores=lost, told=(), attributes={})
        elif not targets and (span.scores or span.is_record):
            stray.append(span)
        for target in targets:
            found.setdefault(target, []).append(about)
    return _Join(found, frozenset(disputed), tuple(stray))


def _targets(
    span: Span, own: set[str], cases: set[str], responses: Mapping[str, set[str]]
) -> set[str]:
    """The traces that a record or a judge may be about: one if it is clear, none if none is there."""
    if span.linked:
        targets = set(span.linked) & own
        named = responses.get(span.response, targets)
        return targets if named & targets or not targets else targets | named
    within = {span.trace} & own
    named = responses.get(span.response, set())
    if not within & cases and len(named) == 1:
        return named
    if within & named or not named:
        return within
    return within | named


def _named(span: Span) -> str:
    name = next((name for name, _ in span.scores), "a record of content")
    return f"{name.removeprefix('gen_ai.evaluation.')} ({span.place})"


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
            is_record=other.is_record and span.is_record,
            told=(*other.told, *span.told),
        )
    return list(found.values())


def _item(trace: list[Span], reading: Reading) -> Item:
    parents = _parents(trace)
    fields: dict[str, list[tuple[str, Any]]] = {}
    for span in trace:
        for name, value in reading.fields(span).items():
            fields.setdefault(name, []).append((span.id, value))
    merged: dict[str, Any] = {}
    conflicts: list[str] = []
    for name, found in fields.items():
        below = _below(parents, {id for id, _ in found}) if len(found) > 1 else frozenset[str]()
        # In a ring each stands below the other.
        values = [value for id, value in found if id not in below] or [one for _, one in found]
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
    told: dict[str, list[Any]] = {}
    for span in trace:
        for name, value in span.told:
            told.setdefault(name, [merged[name]] if name in merged else []).append(value)
    for name, values in told.items():
        merged[name], agree = _merged(values, adds=False)
        conflicts += [] if agree else [name]
    spans = [span for span in trace if not span.is_record]
    under = _below(parents, set(parents))
    roots = [span for span in spans if span.id not in under] or spans
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


def _below(parents: Mapping[str, str], holders: Set[str]) -> set[str]:
    """Of the spans those that stand below one of the holders, each span looked at once.

    In a ring, which only a damaged file has, each stands below every other.
    """
    known: dict[str, bool] = {}
    for start in parents:
        way: dict[str, None] = {}
        up = start
        while up in parents and up not in known and up not in way:
            way[up] = None
            up = parents[up]
        below = up in known and (known[up] or up in holders)
        path = list(way)
        if up in way:
            ring = path[path.index(up) :]
            path = path[: -len(ring)]
            held = [one for one in ring if one in holders]
            known |= {one: held not in ([], [one]) for one in ring}
            below = bool(held)
        for one in reversed(path):
            known[one] = below
            below = below or one in holders
    return {one for one, is_below in known.items() if is_below}


def _parents(trace: list[Span]) -> dict[str, str]:
    """The span above each; none is above one that names none, or itself, or one that is not there."""
    return {span.id: span.parent for span in trace if span.id}


def _merged(values: list[Any], *, adds: bool) -> tuple[Any, bool]:
    """The values of spans side by side as one, and whether there is one."""
    if len(values) == 1:
        return values[0], True
    if adds and all(isinstance(one, list) for one in values):
        return [part for one in values for part in one], True
    if adds and all(map(is_number, values)):
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
    return length / _MILLION if length >= 0 and is_number(length) else None


def parsed(value: Any) -> Any:
    """JSON that stands in an attribute as text, which may hold no objects, as what it is."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        found = read_json(value)
    except (ValueError, RecursionError):
        return value
    return value if is_too_deep(found) else found
