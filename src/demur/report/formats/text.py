"""For people: each finding with its line of the file, and a count at the end.

The text is coloured; whoever writes it to something other than a terminal takes the colours out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from click import style

from demur.diagnostics import Checked, Diagnostic, Severity
from demur.report import Codes, count, plural, printable
from demur.report.excerpt import excerpt

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def write(results: Sequence[Checked], codes: Codes) -> str:
    """The findings, file by file, and a summary."""
    del codes
    return "".join([*map(findings, results), f"{_summary(results)}\n"])


def findings(checked: Checked) -> str:
    """The findings of one file, each followed by an empty line."""
    return "".join(f"{_finding(one, checked)}\n\n" for one in checked.diagnostics)


def _finding(diagnostic: Diagnostic, checked: Checked) -> str:
    colour = _COLOURS[diagnostic.severity]
    span = diagnostic.span
    where = checked.path if span is None else f"{span.path}:{span.start.line}:{span.start.column}"
    kind = style(f"{diagnostic.severity}[{diagnostic.code}]", fg=colour, bold=True)
    message = printable(diagnostic.message)
    lines = [
        f"{style(printable(where), bold=True)}: {kind} {printable(diagnostic.name)}: {message}"
    ]
    shown = None if span is None or span.path != checked.path else excerpt(checked.text, span)
    number = "" if span is None else str(span.start.line)
    margin = " " * len(number)
    if span is not None and shown is not None:
        line, carets = shown
        bar = style("|", dim=True)
        lines.append(f"{style(number, dim=True)} {bar} {line}")
        lines.append(f"{margin} {bar} {style(carets, fg=colour, bold=True)}")
        if span.end.line > span.start.line:
            lines.append(f"{margin} = as far as line {span.end.line}")
    if diagnostic.help is not None:
        first, *rest = map(printable, diagnostic.help.split("\n"))
        lines.append(f"{margin} = help: {first}")
        lines.extend(f"{margin}         {line}" for line in rest)
    return "\n".join(lines)


def _summary(results: Sequence[Checked]) -> str:
    files = plural(len(results), "file")
    counts = {severity: count(results, severity) for severity in Severity}
    found = [plural(number, severity) for severity, number in counts.items() if number]
    parts = [f"{', '.join(found)} in {files}" if found else f"No findings in {files}"]
    suppressed = sum(checked.suppressed for checked in results)
    if suppressed:
        parts.append(f"{suppressed:,} suppressed")
    fixable = _fixable(one for checked in results for one in checked.diagnostics)
    if fixable:
        parts.append(f"{fixable:,} can be fixed with --fix")
    return f"{'; '.join(parts)}."


def _fixable(diagnostics: Iterable[Diagnostic]) -> int:
    return sum(bool(one.edits) and all(edit.safe for edit in one.edits) for one in diagnostics)
