"""All alerts at one time: evaluate → advance their states → what is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from demur.measure.results import Slice
from demur.measure.slices import cuts, dimensions
from demur.monitor.alerts import Alert
from demur.monitor.evaluate import Finding, evaluate, open_by
from demur.monitor.history import History, Reading, read_history, reading
from demur.monitor.memory import Memory
from demur.monitor.states import CLEAR, ERROR, HOLDS, NO_DATA, State, States, advanced
from demur.runtime.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Status:
    """An alert over one slice after an evaluation: its state before and after, and why."""

    alert: Alert
    slice: str
    labels: tuple[tuple[str, str], ...]
    before: State
    state: State
    finding: Finding | None

    unreadable: int = 0

    @property
    def found(self) -> str:
        """`HOLDS`, `CLEAR`, `NO_DATA` or `ERROR`."""
        return _found(self.finding, self.unreadable)

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        if self.finding is not None:
            return self.finding.reason
        gone = "There are no records of it any more."
        return f"{gone} {open_by(self.unreadable)}" if self.unreadable else gone

    @property
    def is_firing(self) -> bool:
        """Whether someone is to be woken."""
        return self.state.state == "firing"

    @property
    def is_news(self) -> bool:
        """Whether there is anything to say: it is pending, fires, has just ended, or has no answer."""
        return self.state.state != "inactive" or self.found != "clear" or self.has_ended

    @property
    def started(self) -> float | None:
        """When what fires, is pending or has just ended began, in seconds since the epoch."""
        return self.before.fired if self.has_ended else self.state.fired or self.state.since

    @property
    def has_begun(self) -> bool:
        """Whether it fires since this evaluation."""
        return self.is_firing and self.before.state != "firing"

    @property
    def has_ended(self) -> bool:
        """Whether this evaluation ended it."""
        return self.before.state == "firing" and not self.is_firing


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every alert at a time `at`, in seconds since the epoch, and what there was to see.

    `records` are those that the windows reach back to, `untimed` those whose time is not known,
    `ahead` those of later times; `late` came after the last evaluation though their time was before it.
    `unreadable` are the lines that may be of these windows and cannot be read, `newly_unreadable` how many
    more those are than at the last evaluation.
    """

    at: float
    statuses: tuple[Status, ...]
    records: int
    untimed: int
    ahead: int
    late: int = 0
    unreadable: int = 0
    newly_unreadable: int = 0

    @property
    def states(self) -> States:
        """What the next evaluation begins with."""
        return {(one.alert.key, one.slice): one.state for one in self.statuses}


def reading_for(evaluator: Evaluator, alerts: Iterable[Alert], key: bytes = b"") -> Reading:
    """What the alerts read of records. With the same `key` slices by personal values keep their names."""
    thresholds = [condition.threshold for alert in alerts for condition in alert.conditions]
    names = dimensions(one.by for one in thresholds)
    every = dict.fromkeys(cut for one in thresholds for cut in cuts(one.by, names))
    metrics = list(dict.fromkeys(one.metric for one in thresholds))
    return reading(evaluator, metrics, names, tuple(every), key)


def history_for(
    connection: Any, sources: Sequence[str], evaluator: Evaluator, alerts: Iterable[Alert]
) -> History:
    """The records with what the alerts read of them. Raises `UnreadableTable`."""
    return read_history(connection, sources, reading_for(evaluator, alerts))


def evaluate_all(
    alerts: Sequence[Alert], history: History, at: float, states: States
) -> Evaluation:
    """Every alert's status at a time, given what the states were before.

    A slice that had a state and is in no window any more has no data.
    """
    found: list[Status] = []
    for alert in alerts:
        unreadable = history.unreadable_after(at - alert.longest)
        findings = {str(one.slice): one for one in evaluate(alert, history, at)}
        gone = [
            slice
            for (key, slice), state in states.items()
            if key == alert.key and slice not in findings and state.state != "inactive"
        ]
        for name in [*findings, *gone]:
            finding = findings.get(name)
            before = states.get((alert.key, name), State())
            # That there were no records at all is over once a slice has some.
            is_over = name == str(Slice()) and bool(findings)
            state = advanced(
                before,
                CLEAR if finding is None and is_over else _found(finding, unreadable),
                at,
                alert.hold_for,
                alert.keep_firing_for,
                alert.no_data,
            )
            labels = labels_of(name) if finding is None else finding.slice.of
            found.append(Status(alert, name, labels, before, state, finding, unreadable))
    since = at - longest(alerts)
    return Evaluation(
        at,
        tuple(found),
        history.count(since, at),
        history.untimed,
        history.count(at, inf),
        unreadable=history.unreadable_after(since),
    )


def evaluate_once(
    alerts: Sequence[Alert], history: History, at: float, memory: Memory
) -> Evaluation:
    """Every alert at a time, from what the last evaluation left: the states, and what was there."""
    evaluation = evaluate_all(alerts, history, at, memory.states)
    newly = max(0, evaluation.unreadable - memory.unreadable)
    evaluation = replace(evaluation, newly_unreadable=newly)
    if memory.at is None:
        return evaluation
    known = history.count(memory.at - longest(alerts), memory.at)
    return replace(evaluation, late=max(0, known - memory.records))


def _found(finding: Finding | None, unreadable: int) -> str:
    if finding is None:
        return ERROR if unreadable else NO_DATA
    return finding.found


def longest(alerts: Iterable[Alert]) -> float:
    """How far back the alerts look, in seconds."""
    return max((one.longest for one in alerts), default=0.0)


def labels_of(slice: str) -> tuple[tuple[str, str], ...]:
    """The dimensions and values of a slice by its name, for one that has no records any more."""
    pairs = (one.partition(" = ") for one in slice.split(", "))
    return tuple((name, value) for name, separator, value in pairs if separator)


def verdict(evaluation: Evaluation) -> str:
    """`fail` where an alert fires, `error` where one has no answer, `inconclusive` where one is pending."""
    if any(one.is_firing for one in evaluation.statuses):
        return "fail"
    if any(one.found == "error" for one in evaluation.statuses):
        return "error"
    waiting = any(
        one.state.state == "pending" or one.found in (HOLDS, NO_DATA) for one in evaluation.statuses
    )
    return "inconclusive" if waiting else "pass"
