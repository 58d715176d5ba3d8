"""The codes of data files that cannot be read."""

from __future__ import annotations

from demur.diagnostics import Diagnostic, Position, Severity, Span

RECORD_CODES: dict[str, tuple[str, str, str]] = {
    "DM721": (
        "record-not-json",
        "A line of a JSONL file is not JSON",
        "Each line holds one record, a complete JSON object on that line alone. "
        "`NaN`, `Infinity` and `-Infinity` are read as values, which a policy takes as unknown.",
    ),
    "DM722": (
        "record-not-object",
        "A record is not an object",
        "A record maps stages to their signals. "
        'Wrong: `[0.7]`. Right: `{"answer": {"confidence": 0.7}}`.',
    ),
    "DM723": (
        "record-duplicate-key",
        "A record has a key twice",
        "JSON leaves open which of two equal keys holds. Many readers drop the first in silence, "
        "and a decision must not depend on that.",
    ),
    "DM724": (
        "record-too-long",
        "A record is too long",
        "A line of a JSONL file has at most 16 MiB.",
    ),
    "DM725": (
        "record-too-deep",
        "A record is nested too deeply",
        "Objects and lists of a record nest at most 64 deep.",
    ),
    "DM726": (
        "record-not-utf8",
        "A record is not UTF-8",
        "JSON is UTF-8. Usually such a file was saved as Latin-1, Windows-1252 or UTF-16.",
    ),
    "DM727": (
        "record-unknown-signal",
        "A signal is unknown, and unknowns were to be errors",
        "With `--strict` a record whose signals leave a rule open is reported and not decided. "
        "Without it, the rule's `on_unknown` action is taken.",
    ),
    "DM728": (
        "record-not-csv",
        "A row of a CSV file is not like its header",
        "Each row has as many cells as the header, and quotes are doubled within quotes (RFC 4180).",
    ),
    "DM822": (
        "record-id-not-text",
        "A record's id is text that not every reader can hold",
        "An `id` or `trace_id` names a record in every report, database and log. The character U+0000 "
        "and half a surrogate pair (`\\ud800`) are no text there: written as something else, two records "
        "could come to have one name. In any other signal they are values like others.",
    ),
}
"""Name, title, and an explanation for the reference."""


def problem(
    code: str, message: str, path: str, line: int, column: int = 1, help: str | None = None
) -> Diagnostic:
    """The error of one record; `line` is the record's number in a file without lines."""
    place = Position(line, column)
    return Diagnostic(
        code, RECORD_CODES[code][0], Severity.ERROR, message, Span(path, place, place), help
    )
