"""The tests of alerts in a test file: traffic and expectations read, every name checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demur.diagnostics import Diagnostic, Span
from demur.language.document_of_tests import AlertExpectationSpec, AlertTestSpec
from demur.language.nodes import Node, locate
from demur.monitor.windows import seconds
from demur.runtime.evaluator import Evaluator
from demur.suggestions import did_you_mean
from demur.testing.codes import problem
from demur.testing.series import read_series

MAXIMUM_RECORDS = 200_000
"""Records that one test may make."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Records of one kind: how many come in each step, and how many seconds late."""

    record: Mapping[str, Any]
    counts: tuple[int, ...]
    late: float


@dataclass(frozen=True, slots=True)
class AlertExpectation:
    """What the alert's state must be, `at` seconds after the beginning."""

    at: float
    written: str
    state: str
    slice: Mapping[str, str] | None
    severity: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class AlertCase:
    """A test of an alert; `every` is a step in seconds."""

    name: str
    span: Span
    alert: str
    every: float
    traffic: tuple[Traffic, ...]
    expectations: tuple[AlertExpectation, ...]


def alert_cases_of(
    root: Node, tests: Sequence[AlertTestSpec], evaluator: Evaluator
) -> tuple[list[AlertCase], list[Diagnostic]]:
    """The tests of alerts in a file whose structure is right, and what is wrong with them."""
    problems: list[Diagnostic] = []
    known = evaluator.policy.evaluation.get("settings", {}).get("alerts", {})
    cases: list[AlertCase] = []
    names: set[str] = set()
    for number, test in enumerate(tests):
        path = ("alerts", number)

        def span(*rest: str | int, path: tuple[str | int, ...] = path) -> Span:
            found = locate(root, (*path, *rest)) or locate(root, path) or root
            return found.span

        if test.name in names:
            problems.append(problem("DM603", f"Another test is `{test.name}`.", span("name")))
        names.add(test.name)
        if test.alert not in known:
            advice = did_you_mean(test.alert, known) or "Name one of the policy's `alerts`."
            message = f"The policy has no alert `{test.alert}`."
            problems.append(problem("DM604", message, span("alert"), advice))
            continue
        every = seconds(test.every)
        traffic: list[Traffic] = []
        for at, one in enumerate(test.traffic):
            try:
                counts = _counts(one.series)
            except ValueError as failure:
                where = span("traffic", at, "series")
                problems.append(problem("DM613", f"{str(failure).capitalize()}.", where))
                continue
            traffic.append(Traffic(one.record, counts, seconds(one.late) if one.late else 0.0))
        if sum(sum(one.counts) for one in traffic) > MAXIMUM_RECORDS:
            message = f"A test makes at most {MAXIMUM_RECORDS:,} records."
            problems.append(problem("DM613", message, span("traffic")))
        by = known[test.alert].get("by") or ()
        expectations: list[AlertExpectation] = []
        for at, one in enumerate(test.expect):
            problems += _problems(one, every, by, span("expect", at))
            expectations.append(
                AlertExpectation(
                    seconds(one.at), one.at, one.state, one.slice, one.severity, span("expect", at)
                )
            )
        cases.append(
            AlertCase(
                test.name, span("name"), test.alert, every, tuple(traffic), tuple(expectations)
            )
        )
    return cases, problems


def _counts(series: str) -> tuple[int, ...]:
    """How many records come in each step. Raises ValueError."""
    found = read_series(series)
    counts = tuple(0 if one is None else int(one) for one in found)
    if any(one is not None and (one < 0 or one != int(one)) for one in found):
        raise ValueError("a step has a whole number of records, and none below 0")
    return counts


def _problems(
    one: AlertExpectationSpec, every: float, by: Sequence[str], span: Span
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    steps = seconds(one.at) / every
    if abs(steps - round(steps)) > 1e-9:
        message = f"Nothing is evaluated at {one.at}, which is no multiple of `every`."
        found.append(problem("DM613", message, span))
    names = {name.strip() for item in by for name in item.split("*")}
    for name in one.slice or {}:
        if name not in names:
            advice = did_you_mean(name, names) or "A slice has the names that the alert's `by` has."
            found.append(problem("DM604", f"The alert is not sliced by `{name}`.", span, advice))
    return found
