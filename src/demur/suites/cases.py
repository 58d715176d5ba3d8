"""A suite's cases, read and named before the first of them is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.diagnostics import describe
from demur.files import Unfit, home_of
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.runtime.evaluator import Evaluator
from demur.suggestions import did_you_mean
from demur.suites.codes import SuiteError
from demur.suites.settings import Options, Suite


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked: its id as text, and its fields as they stand in the file."""

    id: str
    fields: Mapping[str, Any]


def read_cases(suite: Suite, folder: Path, evaluator: Evaluator) -> list[Case]:
    """The suite's cases in their order. Raises `SuiteError` for files that are not all good."""
    shapes = {**evaluator.policy.stages, "outcome": evaluator.policy.outcome}
    places: dict[str, str] = {}
    cases: list[Case] = []
    for name in suite.cases:
        for record in _records(name, folder, shapes):
            place = f"{name}:{record.line}"
            id = _id(record.value, place)
            if id in places:
                message = f"{place}: the case `{id}` stands at {places[id]} already."
                raise SuiteError("DM852", message, "Give each case an id of its own.")
            places[id] = place
            cases.append(Case(id, record.value))
    if not cases:
        message = f"The suite `{suite.name}` has no cases: {', '.join(suite.cases)} is empty."
        raise SuiteError("DM853", message, "Nothing ran is never a pass: write cases.")
    return cases


def _records(name: str, folder: Path, shapes: Any) -> Iterator[Record]:
    path = folder / name
    try:
        for one in read_records(path, name, shapes, inside=home_of(folder)):
            if not isinstance(one, Record):
                raise SuiteError("DM853", describe(one), "Mend the line, then run again.")
            yield one
    except UnreadableRecords as failure:
        raise SuiteError("DM853", f"{name}: {failure.message}", failure.help) from None
    except OSError as failure:
        message = f"{name}: {failure.strerror or failure}."
        help = failure.advice if isinstance(failure, Unfit) else ""
        help = help or "`cases` are files from the policy's folder."
        raise SuiteError("DM853", message, help) from None


def _id(fields: Mapping[str, Any], place: str) -> str:
    found = fields.get("id", fields.get("trace_id"))
    if isinstance(found, str) and found:
        return found
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    lack = "has no `id`" if found is None else "has an `id` that is no text and no whole number"
    raise SuiteError("DM851", f"{place}: the case {lack}.", 'Write `"id": "refund-1"`.')


def selected(cases: list[Case], options: Options) -> list[Case]:
    """The cases that the options take. Raises `SuiteError` for an id that none of them has."""
    if options.only:
        wanted = set(options.only)
        unknown = wanted - {one.id for one in cases}
        if unknown:
            name = min(unknown)
            help = did_you_mean(name, [one.id for one in cases]) or "Look at the suite's files."
            raise SuiteError("DM858", f"The suite has no case `{name}`.", help)
        cases = [one for one in cases if one.id in wanted]
    return cases if options.limit is None else cases[: options.limit]
