"""Items as records: first what fields there are, then each item by what feeds what.

The files are read twice, so that a large one need not be held: fields are bound by what all items have,
not by what the first few have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from demur.functions.values import Unavailable
from demur.interop.results.binding import Binding, Bound, bind, signals
from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import at
from demur.interop.results.doubts import Doubt
from demur.interop.results.importer import Importer, Item
from demur.interop.results.values import converted, is_lost
from demur.policy import Policy
from demur.runtime.strict_json import ID_HELP, identity_problem
from demur.service.journal.forms import written
from demur.suggestions import did_you_mean

_ABSENT = object()
_LOST = Unavailable("failed", "")
_NAMED = 3
"""How many cases are named for a doubt."""


@dataclass(slots=True)
class _Field:
    """What was seen of a field: in how many items, and in how many with a value."""

    is_given: bool
    items: int = 0
    known: int = 0
    example: Any = None


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A field that feeds no signal: in how many items it stands, a value of it, and why it was not clear."""

    field: str
    items: int
    example: Any
    reason: str | None


@dataclass(frozen=True, slots=True)
class Doubted:
    """In how many cases a doubt keeps values from being known, and the ids of the first few."""

    cases: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Results whose fields are bound: what feeds what, and what does not.

    `cases` counts records, `errors` those of cases that ended in an error, `foreign` traces that hold
    nothing of the format and are no cases, with `failed_foreign` of them that ended in an error.
    `unfed` are the signals that nothing feeds, `lost` how many measured values a bound signal should have
    had and were null, NaN or a crashed judge's, `conflicts` in how many traces spans disagree about a
    field, `unread` keys that the importer does not know, `duplicates` the ids that several cases have.
    `doubts` say in which cases values that stand in the files are not taken for measured ones, and why;
    `stray` where evaluations stand that join no case.
    """

    importer: Importer
    paths: tuple[Path, ...]
    policy: Policy
    binding: Binding
    cases: int
    errors: int
    foreign: int
    failed_foreign: int
    unmapped: tuple[Unmapped, ...]
    unfed: tuple[str, ...]
    lost: Mapping[str, int]
    conflicts: Mapping[str, int]
    unread: Mapping[str, int]
    duplicates: Mapping[str, int]
    doubts: Mapping[Doubt, Doubted]
    stray: tuple[str, ...]

    def records(self) -> Iterator[dict[str, Any]]:
        """Each case's record, in the order of the files. Raises `ResultsError`, OSError."""
        for item in self.importer.items(self.paths):
            if not item.is_foreign:
                yield _record(item, self.binding, self.policy)


def survey(
    policy: Policy,
    importer: Importer,
    paths: tuple[Path, ...],
    mapping: Mapping[str, str],
    ignored: Collection[str],
) -> Imported:
    """What is in the files, and what feeds what. Raises `ResultsError`, OSError."""
    fields: dict[str, _Field] = {}
    cases, lost, conflicts, unread = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    ids: Counter[str] = Counter()
    reached: set[str] = set()
    doubts: dict[Doubt, list[str]] = {}
    stray: list[str] = []
    for item in importer.items(paths):
        stray += item.stray
        if item.is_foreign:
            cases["foreign"] += not item.stray
            cases["failed_foreign"] += item.error is not None
            continue
        cases["all"] += 1
        cases["errors"] += item.error is not None
        _look(item, fields, lost)
        conflicts.update(item.conflicts)
        unread.update(item.unread)
        for field in mapping.values():
            if field not in reached and _value(item, field) is not _ABSENT:
                reached.add(field)
        id = _id(item, mapping.get("id"))
        problem = identity_problem({"id": id, **item.identity})
        if problem:
            raise ResultsError("DM738", f"{item.place}: {problem}", ID_HELP)
        ids[id] += 1
        for doubt in item.doubts:
            doubts.setdefault(doubt, []).append(id)
    if not cases["all"]:
        raise _nothing(importer, paths, cases["foreign"])
    given = {name: one.is_given for name, one in fields.items()}
    ignored = {name for name in fields if any(fnmatchcase(name, one) for one in ignored)}
    binding = bind(policy, importer, given, mapping, ignored)
    for signal, field in mapping.items():
        if field not in reached:
            advice = did_you_mean(field, fields) or f"The fields: {', '.join(fields)}."
            raise ResultsError("DM736", f"No case has `{field}`, for `{signal}`.", advice)
    fed = {one.signal for one in binding.bound}
    return Imported(
        importer,
        paths,
        policy,
        binding,
        cases["all"],
        cases["errors"],
        cases["foreign"],
        cases["failed_foreign"],
        _unmapped(fields, binding, ignored),
        tuple(signal for signal in signals(policy) if signal not in fed),
        {one.signal: lost[one.field] for one in binding.bound if lost[one.field]},
        conflicts,
        unread,
        {id: times for id, times in ids.items() if times > 1},
        {doubt: Doubted(len(found), tuple(found[:_NAMED])) for doubt, found in doubts.items()},
        tuple(stray),
    )


def _nothing(importer: Importer, paths: tuple[Path, ...], foreign: int) -> ResultsError:
    names = ", ".join(path.as_posix() for path in paths)
    if foreign:
        what = f"{names}: {foreign:,} traces, and none holds {importer.title}."
        return ResultsError("DM733", what, "Export the spans of the calls of models too.")
    return ResultsError("DM733", f"{names}: there is no case.", f"Expected is {importer.expected}.")


def _look(item: Item, fields: dict[str, _Field], lost: Counter[str]) -> None:
    for is_given, values in ((True, item.given), (False, item.measured)):
        for name, value in values.items():
            seen = fields.setdefault(name, _Field(is_given))
            seen.is_given = seen.is_given and is_given
            seen.items += 1
            if is_lost(value):
                lost[name] += not is_given
            else:
                seen.known += 1
                seen.example = value if seen.example is None else seen.example


def _unmapped(
    fields: Mapping[str, _Field], binding: Binding, ignored: Collection[str]
) -> tuple[Unmapped, ...]:
    found: list[Unmapped] = []
    for name, seen in fields.items():
        # A judge that gives scores or labels alone is no judge of two things, one of them lost.
        other = name.removesuffix(".label") if name.endswith(".label") else f"{name}.label"
        never = not seen.known and other in fields
        if name not in binding.fields and name not in ignored and not never:
            found.append(Unmapped(name, seen.items, seen.example, binding.unclear.get(name)))
    return tuple(found)


def _value(item: Item, field: str) -> Any:
    for values in (item.measured, item.given):
        if field in values:
            return values[field]
    return at(item.whole, field, _ABSENT)


def _id(item: Item, field: str | None) -> str:
    value = item.id if field is None else _value(item, field)
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    return item.place


def _record(item: Item, binding: Binding, policy: Policy) -> dict[str, Any]:
    record: dict[str, Any] = {"id": _id(item, binding.id), **item.identity}
    for one in binding.bound:
        value = _signal(item, one)
        if value is not _ABSENT:
            record.setdefault(one.stage, {})[one.name] = value
    if item.error is None:
        return record
    for signal, shape in signals(policy).items():
        stage, _, name = signal.partition(".")
        if shape.optional and name not in record.get(stage, {}):
            # Absent it would be rightly so, and here it could not be had.
            record.setdefault(stage, {})[name] = written(_LOST, shape, signal, {})
    return {**record, "error": {"kind": "imported", "message": item.error}}


def _signal(item: Item, one: Bound) -> Any:
    """What the record holds for the signal; nothing where the item has no such field, or no answer."""
    value = _value(item, one.field)
    is_given = one.field in item.given and one.field not in item.measured
    if value is _ABSENT or (item.error is not None and not is_given):
        return _ABSENT
    found = converted(value, one.shape, one.factor, is_given=is_given)
    if is_lost(found) and not is_given and one.shape.optional:
        return written(_LOST, one.shape, one.signal, {})
    return found
