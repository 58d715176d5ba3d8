"""Workflow commands of GitHub Actions, which mark failing tests in a pull request's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from click import unstyle

from demur.diagnostics import Diagnostic, Span
from demur.interop.github import COMMANDS, workflow_command
from demur.testing.results import CaseResult, FileResult, TestReport
from demur.testing.wording import failure

if TYPE_CHECKING:
    from demur.testing.formats import Options


def write(report: TestReport, options: Options) -> str:
    """One command a line; nothing where all tests pass."""
    del options
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: TestReport) -> Iterator[str]:
    for file in report.files:
        yield from (_diagnostic(one, file.path) for one in file.diagnostics)
        yield from (_failure(file, case) for case in file.failed)
    yield from (_diagnostic(one, None) for one in report.diagnostics)


def _failure(file: FileResult, case: CaseResult) -> str:
    span = next((one.span for one in case.expectations if not one.passed), case.span)
    message = f"expectation-not-met: {case.name}\n{unstyle(failure(file, case))}"
    return _command("error", span, None, "DM610", message)


def _diagnostic(one: Diagnostic, path: str | None) -> str:
    advice = f"\n{one.help}" if one.help else ""
    message = f"{one.name}: {one.message}{advice}"
    return _command(COMMANDS[one.severity], one.span, path, one.code, message)


def _command(kind: str, span: Span | None, path: str | None, code: str, message: str) -> str:
    properties: dict[str, object] = {}
    if span is not None:
        properties = {"file": span.path, "line": span.start.line, "col": span.start.column}
    elif path is not None:
        properties = {"file": path}
    properties["title"] = code
    return workflow_command(kind, message, **properties)
