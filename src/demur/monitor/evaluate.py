"""An alert at a time: what its conditions come to over their windows, slice by slice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp

from demur.measure.comparing import Comparison
from demur.measure.judge import judge
from demur.measure.results import Judgement, Slice
from demur.measure.slices import cuts
from demur.monitor.alerts import SILENCE_CONFIDENCE, Alert, Condition
from demur.monitor.history import History
from demur.monitor.states import CLEAR, ERROR, HOLDS, NO_DATA

_WITHOUT_DATA = frozenset(("DM810", "DM815"))
"""The errors of a window in which no record counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an alert's conditions come to over one slice.

    `found` is `HOLDS`, `CLEAR`, `NO_DATA` or `ERROR`; `judgements` are those of the conditions, in
    which a fail is the condition that alerts. `unreadable` are the lines that may belong to its windows and
    cannot be read.
    """

    slice: Slice
    found: str
    judgements: tuple[Judgement, ...]
    unreadable: int = 0

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        reason = self.judgements[0].reason
        return (
            f"{reason} {open_by(self.unreadable)}"
            if self.found == ERROR and self.unreadable
            else reason
        )


def open_by(lines: int) -> str:
    """Why an alert has no answer though its records have one."""
    what = "1 line" if lines == 1 else f"{lines:,} lines"
    return f"But {what} that may be of its windows cannot be read, so it is not known to be well."


def evaluate(alert: Alert, history: History, at: float) -> list[Finding]:
    """The findings at a time, in seconds since the epoch: of all records, or of each slice of `by`.

    Where `by` names slices and there is none, the finding is of all records: none.
    """
    judged = [_judged(one, history, at) for one in alert.conditions]
    slices = {name: one.slice for found in judged for name, one in found.items()}
    if len(slices) > 1:
        slices = {name: one for name, one in slices.items() if one.of}
    unreadable = history.unreadable_after(at - alert.longest)
    findings: list[Finding] = []
    for name, slice in slices.items():
        parts = [found.get(name) for found in judged]
        found = all_of(
            answered(_found(condition, part), history, at - _reach(condition))
            for condition, part in zip(alert.conditions, parts, strict=True)
        )
        seen = tuple(one for one in parts if one is not None)
        if found == NO_DATA and slice.of and _is_usual(alert.conditions[0], seen[0]):
            found = CLEAR
        findings.append(Finding(slice, found, seen, unreadable))
    return findings


def answered(found: str, history: History, start: float) -> str:
    """What is found of a window from `start` on, lines of which may be there that cannot be read.

    Were they known, a condition that is clear might hold, and silence might be none.
    """
    is_open = found in (CLEAR, NO_DATA) and history.unreadable_after(start) > 0
    return ERROR if is_open else found


def _reach(condition: Condition) -> float:
    return condition.window + (condition.against or 0.0)


def _found(condition: Condition, judgement: Judgement | None) -> str:
    """What a condition comes to over a slice, of which its window may have no record."""
    if judgement is None or judgement.code in _WITHOUT_DATA:
        return NO_DATA
    if judgement.verdict == "error":
        return ERROR
    is_missed = judgement.verdict == "fail" and _bad(judgement) >= condition.min_bad
    return HOLDS if is_missed else CLEAR


def all_of(found: Iterable[str]) -> str:
    """Whether all conditions hold. One that is clear settles that they do not, whatever the others are."""
    return min(found, key=(CLEAR, NO_DATA, ERROR, HOLDS).index)


def _bad(judgement: Judgement) -> int:
    """How many records a rate counts as bad."""
    measured = judgement.measured
    return round((measured.value or 0.0) * measured.samples)


def _is_usual(condition: Condition, judgement: Judgement) -> bool:
    """Whether a slice may well be silent by chance, by how many records it had in the baseline.

    None of n expected ones come with probability e^-n, as events that come independently do
    (Poisson). A slice that never had records, and one without a baseline, is silent as usual.
    """
    before = judgement.baseline
    if condition.against is None or before is None:
        return judgement.measured.samples == 0
    expected = before.samples * condition.window / condition.against
    return exp(-expected) >= 1 - (condition.threshold.confidence or SILENCE_CONFIDENCE)


def _judged(condition: Condition, history: History, at: float) -> Mapping[str, Judgement]:
    """The judgement of each slice by its name; the whole only where nothing else is asked for."""
    threshold = condition.threshold
    start = at - condition.window
    run = history.window(start, at)
    baseline = (
        None if condition.against is None else history.window(start - condition.against, start)
    )
    asked = cuts(threshold.by, run.plan.dimensions)
    # An alert goes by what fails, and a record whose slice is not known makes none fail.
    rows = Comparison(run, baseline, is_window=True).rows(threshold, asked)
    chosen = rows[1:] if len(rows) > 1 else rows
    judged = judge(chosen, threshold.operator, threshold.confidence, threshold.min_samples, "holm")
    return {str(one.slice): one for one in judged}
