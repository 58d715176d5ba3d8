"""Which kept run a baseline names: by id, as the last that passed, or as a branch's newest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.files import open_file
from demur.runs.facts import RunFacts
from demur.runs.records import lacking
from demur.runs.store import Broken, facts_of, records_of
from demur.runtime.evaluator import Evaluator
from demur.suggestions import did_you_mean

LAST_PASS = "last-pass"
BRANCH = "branch:"
SHORTEST = 4
"""Characters of an id that its beginning must have at least."""
_SHOWN = 5
"""Runs that a message names."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kept run with the file of its records."""

    facts: RunFacts
    records: Path


class NoBaseline(Exception):
    """A baseline that cannot be had: the code of why, and a message that says what there is."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code} {message}")


def is_name(text: str) -> bool:
    """Whether the text can name nothing but a run: `last-pass`, `branch:NAME`."""
    return text == LAST_PASS or text.startswith(BRANCH)


def find(folder: Path, name: str, evaluator: Evaluator, gate: str, broken: list[Broken]) -> Found:
    """The run that `name` names, among those of the store in `folder`, with its records.

    Adds to `broken` what of the store cannot be read. Raises `NoBaseline`.
    """
    policy = evaluator.name
    runs = [one for one in facts_of(folder, broken) if one.policy == policy]
    facts = _named(runs, name, gate, folder, policy)
    records = records_of(folder, facts.id)
    if not _is_of(folder, records):
        why = (
            facts.without_records
            or f"records are kept of the newest runs only, in {folder.as_posix()}"
        )
        raise NoBaseline("DM841", f"The run {facts.id} has no records: {why}. Give them as a file.")
    missing = lacking(evaluator, facts.dropped)
    if missing:
        raise NoBaseline(
            "DM842",
            f"The records of the run {facts.id} were kept without {', '.join(missing)}, which is "
            "personal, and a rule or metric reads it. Give the baseline as a file.",
        )
    return Found(facts, records)


def _is_of(folder: Path, records: Path) -> bool:
    """Whether the records are there, a file of the store's own."""
    try:
        open_file(records, inside=folder, hidden=True).close()
    except OSError:
        return False
    return True


def _named(runs: Sequence[RunFacts], name: str, gate: str, folder: Path, policy: str) -> RunFacts:
    """The newest run that the name fits, or the one whose id it begins."""
    of_gate = [one for one in runs if one.gate == gate]
    if name == LAST_PASS:
        return _newest(of_gate, lambda one: one.verdict == "pass", folder, policy, gate, "passed")
    branch = name.removeprefix(BRANCH)
    on_branch = [one for one in of_gate if one.commit.branch == branch]
    if name.startswith(BRANCH) or on_branch:
        fits = f"was made on the branch {branch}"
        return _newest(of_gate, lambda one: one.commit.branch == branch, folder, policy, gate, fits)
    found = [one for one in runs if one.id.startswith(name)] if len(name) >= SHORTEST else []
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id for one in found[:_SHOWN])
        raise NoBaseline(
            "DM840", f"Several runs' ids begin with `{name}`: {ids}. Write more of it."
        )
    branches = [one.commit.branch for one in of_gate if one.commit.branch]
    known = [LAST_PASS, *branches, *(one.id for one in runs)]
    advice = did_you_mean(name, list(dict.fromkeys(known)))
    there = _there(of_gate, folder, policy, gate)
    raise NoBaseline(
        "DM840",
        f"`{name}` is no file, no run and no branch. {f'{advice} ' if advice else ''}{there}",
    )


def _newest(
    runs: Sequence[RunFacts],
    fits: Callable[[RunFacts], bool],
    folder: Path,
    policy: str,
    gate: str,
    said: str,
) -> RunFacts:
    for one in runs:
        if fits(one):
            return one
    there = _there(runs, folder, policy, gate)
    raise NoBaseline("DM840", f"No run of the gate {gate} of {policy} {said}. {there}")


def _there(runs: Sequence[RunFacts], folder: Path, policy: str, gate: str) -> str:
    """What the store has, the newest first."""
    if not runs:
        return (
            f"The store {folder.as_posix()} has no run of it yet: give the baseline as a file once, "
            "or restore the folder from where your CI keeps it."
        )
    shown = [
        f"{one.id} ({one.verdict}{f', {one.commit.branch}' if one.commit.branch else ''})"
        for one in runs[:_SHOWN]
    ]
    more = f", and {len(runs) - _SHOWN:,} older" if len(runs) > _SHOWN else ""
    return f"Of the gate {gate} of {policy} there are {', '.join(shown)}{more}."
