"""Failures, coverage and mutants in words, for people. The text is coloured."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from click import style

from demur.diagnostics import Span
from demur.report import plural, printable
from demur.testing.coverage import OUTCOMES, Coverage, PolicyCoverage
from demur.testing.expectations import Difference
from demur.testing.mutation import Mutation
from demur.testing.results import CaseResult, ExpectationResult, FileResult

WIDEST = 60
"""Characters of a condition or a value that are shown."""
_TEXTS = frozenset(("message", "why"))
_STATES = {"true": "red", "unknown": "yellow", "false": "green"}
_WORD = re.compile(r"\s+|\S+")


def place(span: Span) -> str:
    """`path:line:column`."""
    return f"{printable(span.path)}:{span.start.line}:{span.start.column}"


def short(text: str) -> str:
    """The text's beginning, as much as a table's cell takes."""
    text = printable(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def value(one: Any) -> str:
    """An expected or a found value; None is `none`."""
    if one is None:
        return "none"
    if isinstance(one, list):
        return f"[{', '.join(map(str, one))}]"  # pyright: ignore[reportUnknownArgumentType]
    return printable(str(one))


def table(rows: Sequence[Sequence[str]], indent: str) -> Iterator[str]:
    """The rows as lines, their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()


def failure(file: FileResult, case: CaseResult) -> str:
    """Why a case failed: expected and found, the rules, the signals, how to reproduce it."""
    return "\n".join(
        line
        for one in case.expectations
        if not one.passed
        for line in _expectation(file, case, one)
    )


def _expectation(file: FileResult, case: CaseResult, one: ExpectationResult) -> Iterator[str]:
    stage = f"at stage {one.stage}, " if one.stage else ""
    yield f"  {stage}expected at {place(one.span)}"
    yield from _differences(one.differences)
    if one.rules:
        yield "    rules:"
        states = [
            (rule.state, rule.rule, f"-> {rule.action}" if rule.action else "", rule.reason or "")
            for rule in one.rules
        ]
        for line, rule in zip(table(states, "      "), one.rules, strict=True):
            yield line.replace(rule.state, style(rule.state, fg=_STATES[rule.state]), 1)
    if one.signals:
        yield "    signals:"
        rows = [(name, short(_json(found))) for name, found in one.signals.items()]
        yield from table(rows, "      ")
    if one.note:
        yield f"    {printable(one.note)}"
    else:
        yield f"    reproduce: {printable(reproduction(file, case, one))}"


def _differences(differences: Sequence[Difference]) -> Iterator[str]:
    texts = [one for one in differences if _is_text(one)]
    rows = [
        (one.what, value(one.expected), value(one.found)) for one in differences if one not in texts
    ]
    if rows:
        heading, *lines = table([("", "expected", "found"), *rows], "    ")
        yield style(heading, dim=True)
        yield from lines
    for one in texts:
        yield f"    {one.what}: {word_difference(one.expected, one.found)}"


def _is_text(one: Difference) -> bool:
    return one.what in _TEXTS and one.expected is not None and one.found is not None


def word_difference(expected: str, found: str) -> str:
    """Both texts as one: `[-words expected-]{+words found+}` between those that they share."""
    old, new = _WORD.findall(printable(expected)), _WORD.findall(printable(found))
    parts: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts += old[a:b]
            continue
        if b > a:
            parts.append(style(f"[-{''.join(old[a:b])}-]", fg="red"))
        if d > c:
            parts.append(style(f"{{+{''.join(new[c:d])}+}}", fg="green"))
    return "".join(parts)


def reproduction(file: FileResult, case: CaseResult, one: ExpectationResult) -> str:
    """Commands that explain the decision of a case, for a shell."""
    record = ["demur", "test", file.path, "--record", case.name]
    decide = ["demur", "decide", file.policy or "POLICY", "--explain"]
    if one.stage is not None:
        decide += ["--stage", one.stage]
    for name, given in file.parameters.items():
        decide += ["--param", f"{name}={_json(given)}"]
    return f"{shlex.join(record)} | {shlex.join(decide)}"


def _json(one: Any) -> str:
    return json.dumps(one, ensure_ascii=False, default=str)


def coverage_tables(coverage: Coverage) -> Iterator[str]:
    """For each policy a table of its rules' conditions and how often each outcome came about."""
    for policy in coverage.policies:
        part = Coverage((policy,))
        yield f"Coverage of {policy.policy}: {share(part.covered, part.possible, part.percent)}"
        yield from table([_HEADING, *_rows(policy)], "  ")
        yield ""


_HEADING = ("rule", "condition", *OUTCOMES, "missing")


def _rows(policy: PolicyCoverage) -> Iterator[tuple[str, ...]]:
    for rule in policy.rules:
        for at, one in enumerate(rule.conditions):
            counts = (
                str(one.counts[outcome]) if outcome in one.counts else "-" for outcome in OUTCOMES
            )
            name = "" if at else rule.rule
            text = f"  {one.text}" if at else one.text
            yield (name, short(text), *counts, ", ".join(one.missing))


def share(part: int, whole: int, percent: float | None) -> str:
    """`3 of 4 outcomes (75.0 %)`."""
    return f"{part:,} of {plural(whole, 'outcome')}" + (
        "" if percent is None else f" ({percent} %)"
    )


def mutation_lines(mutation: Mutation) -> Iterator[str]:
    """The score, and the survivors by place."""
    score = "" if mutation.percent is None else f" ({mutation.percent} %)"
    drawn = (
        ""
        if mutation.run == mutation.possible
        else f", drawn from {mutation.possible:,} with seed {mutation.seed}"
    )
    yield f"Mutants: {mutation.killed:,} of {mutation.run:,} noticed{score}{drawn}"
    for one in mutation.survivors:
        where = one.policy if one.span is None else place(one.span)
        # Where the place is no rule, it does not say which rules the change can reach.
        reach = "" if one.place.startswith("rule ") else f" (reaches {', '.join(one.rules)})"
        yield f"  survives: {where}: {one.place}: {printable(one.change)}{reach}"
