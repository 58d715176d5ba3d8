"""For people: a line for each file, the failures, then what was covered.

The text is coloured; whoever writes it to something other than a terminal takes the colours out.
What is wrong with the files themselves is drawn by `demur.report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from click import style

from demur.diagnostics import describe
from demur.report import plural, printable
from demur.testing.results import CaseResult, FileResult, TestReport
from demur.testing.wording import (
    coverage_tables,
    failure,
    mutation_lines,
    place,
    share,
)

if TYPE_CHECKING:
    from demur.testing.formats import Options

_DOTS = 60
"""How many dots a line has."""


def write(report: TestReport, options: Options) -> str:
    """The whole report."""
    return "".join(f"{line}\n" for line in _lines(report, options))


def _lines(report: TestReport, options: Options) -> Iterator[str]:
    width = max((len(file.path) for file in report.files), default=0)
    for file in report.files:
        yield from _file(file, width, every_test=options.every_test)
    for file in report.files:
        for case in file.failed:
            yield ""
            yield f"{style('FAIL', fg='red', bold=True)} {place(case.span)}: {printable(case.name)}"
            yield failure(file, case)
    if report.files:
        yield ""
    if options.coverage:
        yield from coverage_tables(report.coverage)
    if report.mutation is not None:
        yield from mutation_lines(report.mutation)
        yield ""
    elif options.mutation:
        yield "Mutants: not run, because not all tests pass."
        yield ""
    for one in report.diagnostics:
        yield style(printable(describe(one)), fg="red")
    yield _summary(report)


def _file(file: FileResult, width: int, *, every_test: bool) -> Iterator[str]:
    path = printable(file.path)
    if not file.cases:
        yield f"{path:<{width}}  {style('not run', fg='red')}"
        return
    if every_test:
        yield path
        for case in file.cases:
            word = style("ok  ", fg="green") if case.passed else style("FAIL", fg="red")
            yield f"  {word} {printable(case.name)}"
        return
    counts = plural(len(file.cases), "test")
    if file.failed:
        counts += f", {len(file.failed):,} failed"
    first, *rest = _dots(file.cases)
    yield f"{path:<{width}}  {first}{'' if rest else f'  {counts}'}"
    for at, dots in enumerate(rest, start=1):
        yield f"{'':<{width}}  {dots}{f'  {counts}' if at == len(rest) else ''}"


def _dots(cases: Sequence[CaseResult]) -> list[str]:
    dots = [style(".", fg="green") if case.passed else style("F", fg="red") for case in cases]
    return ["".join(dots[at : at + _DOTS]) for at in range(0, len(dots), _DOTS)]


def _summary(report: TestReport) -> str:
    failed, tests = len(report.failed), len(report.cases)
    not_run = sum(not file.cases for file in report.files)
    parts = [f"{tests - failed:,} passed", f"{failed:,} failed"]
    if not_run:
        parts.append(f"{plural(not_run, 'file')} not run")
    coverage = report.coverage
    covered = ""
    if coverage.possible:
        shares = share(coverage.covered, coverage.possible, coverage.percent)
        covered = f"; {shares} of the rules' conditions covered"
    word = style("pass", fg="green") if report.passed else style(report.outcome.value, fg="red")
    return f"{word}: {', '.join(parts)}{covered}."
