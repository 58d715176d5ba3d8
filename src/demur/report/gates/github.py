"""Workflow commands of GitHub Actions, which mark the thresholds that are not met."""

from __future__ import annotations

from collections.abc import Iterator

from demur.interop.github import workflow_command
from demur.measure.results import GateResult, Judgement, Requirement
from demur.report import plural, printable
from demur.report.gates.wording import (
    GLYPHS,
    code,
    code_name,
    leading,
    not_met,
    place,
    sentence,
    settling,
    short,
    some_cases,
    where,
)

_SHOWN = 10
"""Judgements that an annotation tells; GitHub shows ten annotations a step, so one a requirement."""


def write(result: GateResult) -> str:
    """One command a line: problems of the whole, then requirements; nothing where all are met."""
    return "".join(f"{line}\n" for line in (*_problems(result), *_requirements(result)))


def _problems(result: GateResult) -> Iterator[str]:
    file = {"file": printable(result.policy_path)} if result.policy_path else {}
    for problem, text in result.problems:
        yield workflow_command("error", printable(text), **file, title=code_name(problem))


def _requirements(result: GateResult) -> Iterator[str]:
    for one in result.requirements:
        if one.verdict != "pass":
            kind = "error" if one.level == "fail" else "warning"
            verdict = " ".join(filter(None, (one.verdict, where(one))))
            title = f"{code(leading(one))} {verdict}: {one.text}"
            yield workflow_command(kind, _message(one), **_place(result, one), title=short(title))


def _place(result: GateResult, requirement: Requirement) -> dict[str, object]:
    span = place(result, requirement)
    if span is None:
        return {}
    start, end = span.start, span.end
    columns = {"col": start.column, "endColumn": end.column}
    return {"file": printable(span.path), "line": start.line, "endLine": end.line, **columns}


def _message(requirement: Requirement) -> str:
    against = not_met(requirement)
    lines = [printable(requirement.about)] if requirement.about else []
    lines += map(_line, against[:_SHOWN])
    if len(against) > _SHOWN:
        lines.append(f"… and {plural(len(against) - _SHOWN, 'slice')} more")
    return "\n".join(lines)


def _line(one: Judgement) -> str:
    cases = f"Cases: {some_cases(one.cases)}" if one.cases else ""
    parts = (GLYPHS[one.verdict], sentence(one), settling(one), cases)
    return " ".join(part for part in parts if part)
