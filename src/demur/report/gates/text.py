"""For people at a terminal: the verdict, a table of requirements, and under each what speaks against it.

The text is coloured; whoever writes it to something other than a terminal takes the colours out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from click import style, unstyle

from demur.measure.results import GateResult, Judgement, Requirement
from demur.report import plural, printable
from demur.report.gates.wording import (
    COLUMNS,
    GLYPHS,
    cells,
    changes,
    flip_counts,
    headline,
    not_met,
    sentence,
    settling,
    short,
    some_cases,
    why_unknown,
)

_COLOURS = {"pass": "green", "inconclusive": "yellow", "fail": "red", "error": "magenta"}
_SHOWN = 6
"""Judgements shown under a requirement that is not met."""


def write(result: GateResult) -> str:
    """The report."""
    lines = [_verdict(result), ""]
    lines += [
        f"{_coloured('error', printable(code))} {printable(text)}" for code, text in result.problems
    ]
    if result.problems:
        lines.append("")
    if result.requirements:
        lines += [*_table(result.requirements), ""]
    for one in result.requirements:
        lines += _details(one)
    lines += _notes(result)
    while lines[-1] == "":
        lines.pop()
    return "\n".join(lines) + "\n"


def _verdict(result: GateResult) -> str:
    word = _coloured(result.verdict, result.verdict.upper(), bold=True)
    return f"{word}  {printable(result.policy)}, gate {printable(result.gate)}: {headline(result)}"


def _table(requirements: Sequence[Requirement]) -> Iterator[str]:
    rows = [COLUMNS, *(_row(one) for one in requirements)]
    widths = [max(len(unstyle(row[at])) for row in rows) for at in range(len(COLUMNS))]
    for place, row in enumerate(rows):
        cells = [
            _padded(cell, width, left=at in (0, 1, len(COLUMNS) - 1))
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        yield style(line, dim=True) if place == 0 else line


def _row(requirement: Requirement) -> tuple[str, ...]:
    glyph, *middle, word = cells(requirement)
    verdict = requirement.verdict
    return _coloured(verdict, glyph), *map(short, middle), _coloured(verdict, word)


def _padded(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - len(unstyle(text)))
    return text + space if left else space + text


def _details(requirement: Requirement) -> list[str]:
    """What is not met, the whole first and then the worst slices."""
    against = not_met(requirement)
    if not against:
        return []
    place = f"  line {requirement.line}" if requirement.line else ""
    lines = [style(short(requirement.text), bold=True) + style(place, dim=True)]
    if requirement.about:
        lines.append(f"  {printable(requirement.about)}")
    for one in against[:_SHOWN]:
        lines += _judgement(one)
    if len(against) > _SHOWN:
        lines.append(f"  … and {plural(len(against) - _SHOWN, 'slice')} more")
    return [*lines, ""]


def _judgement(one: Judgement) -> Iterator[str]:
    code = f" [{printable(one.code)}]" if one.code else ""
    yield f"  {_coloured(one.verdict, GLYPHS[one.verdict])} {sentence(one)}{code}"
    if one.verdict == "inconclusive":
        yield f"    {settling(one)}"
    if one.cases:
        yield f"    cases: {some_cases(one.cases)}"


def _notes(result: GateResult) -> Iterator[str]:
    if result.unknown_signals:
        parts = [
            f"{printable(name)} {count:,}{why_unknown(result, name)}"
            for name, count in result.unknown_signals.items()
        ]
        yield f"Unknown signals: {', '.join(parts)}"
    if result.paired is not None:
        worse, better, _ = flip_counts(result)
        yield (
            f"Against the baseline, {plural(result.paired, 'case')} paired: {worse:,} worse, "
            f"{better:,} better, {len(result.flips):,} decided or judged otherwise in all"
        )
    if result.changes:
        yield f"Changed since the baseline's run: {changes(result.changes)}"
    if result.unchecked:
        yield f"Not checked whether every case was run: {printable(result.unchecked)}"
    if result.fallbacks:
        yield f"Evaluated by Python: {plural(len(result.fallbacks), 'part')}; --explain says why"
    if result.verdict != "pass" and result.runbook:
        yield f"Runbook: {printable(result.runbook)}"


def _coloured(verdict: str, text: str, *, bold: bool = False) -> str:
    return style(text, fg=_COLOURS[verdict], bold=bold or None)
