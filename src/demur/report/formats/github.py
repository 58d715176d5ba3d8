"""Workflow commands of GitHub Actions, which mark the findings in a pull request's files."""

from __future__ import annotations

from collections.abc import Sequence

from demur.diagnostics import Checked, Diagnostic
from demur.interop.github import COMMANDS, workflow_command
from demur.report import Codes


def write(results: Sequence[Checked], codes: Codes) -> str:
    """One command a line; nothing where nothing was found."""
    del codes
    return "".join(
        f"{_command(one, checked)}\n" for checked in results for one in checked.diagnostics
    )


def _command(diagnostic: Diagnostic, checked: Checked) -> str:
    span = diagnostic.span
    properties: dict[str, object] = {"file": checked.path if span is None else span.path}
    if span is not None:
        properties |= {"line": span.start.line, "endLine": span.end.line}
        # GitHub takes columns for a finding within one line only.
        if span.start.line == span.end.line:
            properties |= {"col": span.start.column, "endColumn": span.end.column}
    properties["title"] = diagnostic.code
    advice = f"\n{diagnostic.help}" if diagnostic.help else ""
    message = f"{diagnostic.name}: {diagnostic.message}{advice}"
    return workflow_command(COMMANDS[diagnostic.severity], message, **properties)
