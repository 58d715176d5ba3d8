"""The cases of a gate's suites, and whether the results have each of them once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

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
    """The ids of the suites' cases; None where they are not known, and `unknown` says why.

    `problems` are files of cases that are not there: what was lost cannot be told without them.
    """

    names: frozenset[str] | None
    unknown: str = ""
    problems: tuple[Problem, ...] = ()


def suite_cases(evaluator: Evaluator, suites: Sequence[str], folder: Path | None) -> Expected:
    """The ids of the suites' cases. Raises `UnreadableTable`."""
    if folder is None:
        return Expected(None, "a bundle has no files beside it")
    declared = evaluator.policy.evaluation.get("settings", {}).get("suites", {})
    for suite in suites:
        if declared[suite].get("journal"):
            return Expected(None, f"the suite {suite} is what a service recorded")
    files = {
        name: suite
        for suite in suites
        for cases in [declared[suite]["cases"]]
        for name in ([cases] if isinstance(cases, str) else cases)
    }
    missing = [(name, suite) for name, suite in files.items() if not (folder / name).is_file()]
    if missing:
        problems = tuple(("DM821", _not_there(folder, *one)) for one in missing)
        return Expected(None, f"there is no file {missing[0][0]}", problems)
    found: set[str] = set()
    for name in files:
        path = folder / name
        try:
            names = list(_names(path))
        except (OSError, UnreadableRecords) as failure:
            raise UnreadableTable(f"{path.as_posix()}: {failure}") from None
        if None in names:
            return Expected(None, f"{name} has cases without an id")
        found.update(str(one) for one in names)
    return Expected(frozenset(found))


def _not_there(folder: Path, name: str, suite: str) -> str:
    sentence = f"There is no file {name}, which the suite `{suite}` has as its cases."
    advice = file_like(folder, name)
    return f"{sentence} {advice}" if advice else sentence


def _names(path: Path) -> Iterator[Any]:
    for one in read_records(path):
        if isinstance(one, Record):
            yield one.value.get("id", one.value.get("trace_id"))


@dataclass(frozen=True)
class Cases:
    """A run over the gate's cases alone, and what is wrong with them.

    `names` is a table of their ids, None where the run was not to be held to any.
    """

    run: Run
    records: int
    problems: tuple[Problem, ...]


def held_to(run: Run, expected: frozenset[str] | None, cuts: Sequence[Cut], named: bool) -> Cases:
    """The run over the suite's cases, each of which it must have once.

    `named` says whether the cases must have ids, as pairs with a baseline need.
    """
    problems: list[Problem] = []
    if expected is not None:
        names = ibis.memtable({IDENTITY: sorted(expected)}, schema={IDENTITY: "string"})
        ids = run.decided.table.select(IDENTITY).distinct()
        missing = _named(names.anti_join(ids, IDENTITY))
        others = int(ids.anti_join(names, IDENTITY).count().execute())
        if missing:
            text = _sentence(*missing, "of the suites' cases", "no result")
            whose = _others(ids) if missing[0] == len(expected) else ""
            problems.append(("DM813", f"{text}{whose}"))
        if others:
            run = restricted(run, names, cuts)
    table = run.decided.table
    records = int(table.count().execute())
    if not records:
        return Cases(run, 0, (*problems, ("DM820", "There are no results to judge.")))
    unnamed = int(table.filter(table[IDENTITY].isnull()).count().execute())
    if unnamed and (named or expected is not None):
        problems.append(("DM818", f"{unnamed:,} of {records:,} results have no id."))
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
