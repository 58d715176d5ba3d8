"""Why a record was decided as it was, for people; personal values masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from click import style

from demur.cel.render import render
from demur.functions.values import EvaluationError, Unavailable
from demur.policy import Rule
from demur.report import printable
from demur.runtime.decision import Decision, display, plain
from demur.runtime.evaluator import Evaluator

LONGEST = 100
"""Characters of a value that are shown."""
_COLOURS = {"true": "red", "unknown": "yellow", "false": "green"}


def headline(decision: Decision) -> str:
    """The decision in one line: `abstain by retrieval-miss (retrieval_miss): message`."""
    rule = f" by {printable(decision.rule)}" if decision.rule else ""
    failure = f" ({printable(decision.failure)})" if decision.failure else ""
    message = f": {printable(decision.message)}" if decision.message else ""
    return f"{style(printable(decision.action), bold=True)}{rule}{failure}{message}"


def explain(
    evaluator: Evaluator,
    decision: Decision,
    record: Mapping[str, Any],
    asked: str | None = None,
) -> str:
    """The decision, each rule with its value and the signals behind it, and what is unknown.

    `asked` is the stage that was decided at, the last by default; the rules of those that the record did
    not come to are named as not reached.
    """
    reached = decision.stage or None
    record = evaluator.complete(record, reached)
    lines = [headline(decision)]
    if decision.why:
        lines.append(f"  why: {printable(decision.why)}")
    states = {
        (rule.section, rule.name): state for rule, state in evaluator.outcomes(record, reached)
    }
    for rule in evaluator.rules_at(asked):
        state = states.get((rule.section, rule.name))
        if state is None:
            lines.append(f"  {style('not reached', dim=True)}  {printable(rule.name)}")
        else:
            lines += _rule(evaluator, rule, state, record)
    if decision.unknown:
        lines.append("  unknown:")
        lines += (f"    {printable(str(one))}" for one in decision.unknown)
    return "\n".join(lines) + "\n"


def _rule(
    evaluator: Evaluator, rule: Rule, state: bool | EvaluationError, record: Mapping[str, Any]
) -> list[str]:
    value = "unknown" if isinstance(state, EvaluationError) else display(state)
    action = ""
    if state is True:
        action = f" -> {rule.response.action}"
    elif value == "unknown":
        taken = rule.on_unknown
        action = " -> ignored" if taken is None else f" -> {taken.action}"
    lines = [f"  {style(f'{value:<7}', fg=_COLOURS[value])} {printable(rule.name + action)}"]
    if state is False:
        return lines
    lines.append(f"          {printable(render(rule.condition, evaluator.policy.definitions))}")
    values = evaluator.values_read(rule.condition, record)
    read = {
        name: f"{name} = {_short(value)}"
        for name, value in values.items()
        if value.__class__ is not Unavailable
    }
    if isinstance(state, EvaluationError):
        for reason in state.reasons:
            known = f"{read[reason.signal]}, which" if reason.signal in read else reason.signal
            read[reason.signal] = f"{known} {printable(reason.detail)}".lstrip()
    return [*lines, *(f"          {printable(line)}" for line in read.values())]


def _short(value: Any) -> str:
    text = display(value)
    if isinstance(value, str | list | dict):
        text = json.dumps(plain(value), ensure_ascii=False)
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
