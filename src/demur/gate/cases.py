"""The cases of a gate's suites, and whether the results have each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from demur.diagnostics import Diagnostic
from demur.files import home_of
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import read_records
from demur.measure.measuring import Run, restricted
from demur.measure.records.relation import IDENTITY, UnreadableTable
from demur.measure.slices import Cut
from demur.runtime.evaluator import Evaluator
from demur.suggestions import file_like

NAMED = 5
"""Cases that a problem names."""
Problem = tuple[str, str]
_REPEATS = (
    "A case run again is no further case: give one result of each, or judge each run by itself."
)


@dataclass(frozen=True)
class Expected:
    """The ids of the suites' cases; None where not all are known, and `unknown` says why.

    `required` are those that are known, of which each must have its result. `problems` are files of
    cases that are not there: what was lost cannot be told without them.
    """

    names: frozenset[str] | None
    unknown: str = ""
    required: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def suite_cases(evaluator: Evaluator, suites: Sequence[str], folder: Path | None) -> Expected:
    """The ids of the suites' cases. Raises `UnreadableTable`."""
    if folder is None:
        return Expected(None, "a bundle has no files beside it")
    declared = evaluator.policy.evaluation.get("settings", {}).get("suites", {})
    files: dict[str, str] = {}
    unknown = ""
    for suite in suites:
        if declared[suite].get("journal"):
            unknown = f"the suite {suite} is what a service recorded"
            continue
        cases = declared[suite]["cases"]
        files |= dict.fromkeys([cases] if isinstance(cases, str) else cases, suite)
    missing = [(name, suite) for name, suite in files.items() if not (folder / name).is_file()]
    if missing:
        problems = tuple(("DM821", _not_there(folder, *one)) for one in missing)
        return Expected(None, f"there is no file {missing[0][0]}", problems=problems)
    found: set[str] = set()
    for name in files:
        path = folder / name
        try:
            names = [_name(one) for one in read_records(path, inside=home_of(folder))]
        except (OSError, UnreadableRecords) as failure:
            raise UnreadableTable(f"{path.as_posix()}: {failure}") from None
        if None in names:
            unknown = unknown or f"{name} has cases without an id"
        found.update(str(one) for one in names if one is not None)
    return Expected(None if unknown else frozenset(found), unknown, frozenset(found))


def _not_there(folder: Path, name: str, suite: str) -> str:
    sentence = f"There is no file {name}, which the suite `{suite}` has as its cases."
    advice = file_like(folder, name)
    return f"{sentence} {advice}" if advice else sentence


def _name(one: Record | Diagnostic) -> Any:
    """A case's id. Raises `UnreadableTable` for a line that is none: its case would be lost."""
    if isinstance(one, Record):
        return one.value.get("id", one.value.get("trace_id"))
    place = "" if one.span is None else f"{one.span.path}:{one.span.start.line}: "
    raise UnreadableTable(f"{place}{one.code}: {one.message} A case that cannot be read is lost.")


@dataclass(frozen=True)
class Cases:
    """A run over the gate's cases alone, and what is wrong with them.

    `names` is a table of their ids, None where the run was not to be held to any.
    """

    run: Run
    records: int
    problems: tuple[Problem, ...]


def held_to(run: Run, expected: Expected, cuts: Sequence[Cut], named: bool) -> Cases:
    """The run over the suites' cases, each of which it must have once.

    `named` says whether the cases must have ids, as pairs with a baseline need.
    """
    problems: list[Problem] = []
    table = run.decided.table
    # Without an id none can be told from a case, so all are counted before other cases are left aside.
    given = int(table.count().execute())
    unnamed = int(table.filter(table[IDENTITY].isnull()).count().execute())
    ids = table.select(IDENTITY).distinct()
    if expected.required:
        wanted = ibis.memtable({IDENTITY: sorted(expected.required)}, schema={IDENTITY: "string"})
        missing = _named(wanted.anti_join(ids, IDENTITY))
        if missing:
            text = _sentence(*missing, "of the suites' cases", "no result")
            whose = _others(ids) if missing[0] == len(expected.required) else ""
            problems.append(("DM813", f"{text}{whose}"))
        if expected.names is not None and int(ids.anti_join(wanted, IDENTITY).count().execute()):
            run = restricted(run, wanted, cuts)
    if unnamed and (named or expected.names is not None):
        problems.append(("DM818", f"{unnamed:,} of {given:,} results have no id."))
    table = run.decided.table
    records = int(table.count().execute())
    if not records:
        return Cases(run, 0, (*problems, ("DM820", "There are no results to judge.")))
    counted = table.group_by(IDENTITY).aggregate(results=table.count())
    twice = _named(counted.filter((counted.results > 1) & counted[IDENTITY].notnull()))
    if twice:
        problems.append(("DM811", f"{_sentence(*twice, 'cases', 'several results')} {_REPEATS}"))
    return Cases(run, records, tuple(problems))


def _others(ids: Any) -> str:
    """What the results are called of which none is a case of the suites."""
    named = _named(ids.filter(ids[IDENTITY].notnull()))
    if named is not None:
        return (
            f" The results are of others: {', '.join(named[1])}{', …' if named[0] > NAMED else ''}."
        )
    return " The results have no `id`." if _named(ids) is not None else ""


def paired(
    run: Run, baseline: Run, cuts: Sequence[Cut]
) -> tuple[Run, Run, int | None, tuple[Problem, ...]]:
    """Both runs over the cases that they share, how many those are, and the cases that were lost.

    Where they share none, they are different samples: both as they are, and None.
    """
    mine = run.decided.table.select(IDENTITY).distinct()
    theirs = baseline.decided.table.select(IDENTITY).distinct()
    shared = int(mine.semi_join(theirs, IDENTITY).count().execute())
    if not shared:
        return run, baseline, None, ()
    problems: list[Problem] = []
    lost = _named(theirs.filter(theirs[IDENTITY].notnull()).anti_join(mine, IDENTITY))
    if lost:
        problems.append(
            ("DM812", _sentence(*lost, "of the baseline's cases", "no result in this run"))
        )
        baseline = restricted(baseline, mine, cuts)
    if int(mine.anti_join(theirs, IDENTITY).count().execute()):
        run = restricted(run, theirs, cuts)
    return run, baseline, shared, tuple(problems)


def _named(table: Any) -> tuple[int, list[str]] | None:
    """How many rows there are, and the first ids; None for no rows."""
    count = int(table.count().execute())
    if not count:
        return None
    first = table.order_by(IDENTITY).limit(NAMED).select(IDENTITY).to_pyarrow()
    return count, [str(one) for one in first[IDENTITY].to_pylist()]


def _sentence(count: int, names: Sequence[str], what: str, lack: str) -> str:
    verb = "has" if count == 1 else "have"
    more = ", …" if count > len(names) else ""
    what = "case" if what == "cases" and count == 1 else what
    return f"{count:,} {what} {verb} {lack}: {', '.join(names)}{more}."
