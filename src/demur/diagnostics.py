"""What a stage has to say about a source text: where, how bad, what is wrong, what to write instead.

Every stage of the compiler reports through `Diagnostic`, and nothing else; `report` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error stops compilation, a warning fails `lint --strict`, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: line and column count characters from 1, as editors show them."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file, from `start` up to but not including `end`.

    `path` is as the user gave it, with forward slashes on every platform.
    """

    path: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of the text under `span`; `safe` when it cannot change what the policy decides."""

    span: Span
    replacement: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `code` is stable (`DM` and three digits) and has a page in the documentation; `name` is the
    code's readable form (`unknown-key`). `message` says what is wrong in one sentence, `help` what
    to write instead. `span` is absent only where no file could be read.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span | None = None
    help: str | None = None
    edits: tuple[Edit, ...] = field(default=())


class InvalidSource(Exception):
    """Raised where a caller needs a valid source and it has errors; carries all of them in file order."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(describe(item) for item in diagnostics))


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one file found: its path as the user gave it, its text, and its findings.

    The findings are in file order; `suppressed` counts those that a comment in the file silences.
    """

    path: str
    text: str
    diagnostics: tuple[Diagnostic, ...]
    suppressed: int = 0


def describe(diagnostic: Diagnostic) -> str:
    """One line for a log or an exception: `path:line:column: error[DM101]: message (help)`."""
    where = ""
    if diagnostic.span is not None:
        start = diagnostic.span.start
        where = f"{diagnostic.span.path}:{start.line}:{start.column}: "
    advice = f" ({diagnostic.help})" if diagnostic.help else ""
    return f"{where}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}{advice}"


def in_file_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by file and position, those without a position first; duplicates dropped."""

    def key(item: Diagnostic) -> tuple[str, int, int, str]:
        if item.span is None:
            return ("", 0, 0, item.code)
        return (item.span.path, item.span.start.line, item.span.start.column, item.code)

    return tuple(sorted(dict.fromkeys(diagnostics), key=key))
