"""The codes of what YAML makes of an expression before it is read as one."""

from __future__ import annotations

from demur.diagnostics import Diagnostic, Edit, Severity, Span

WRITTEN_CODES: dict[str, tuple[str, str, str]] = {
    "DM137": (
        "comment-in-joined-lines",
        "A comment stands in an expression whose lines YAML joins",
        "YAML joins the lines below `>`, of an unquoted value and of a quoted one. A comment of CEL "
        "goes from `//` to the end of the line, and so takes in the rest of the expression. Write the "
        "expression below `|`, which keeps its lines.",
    ),
    "DM138": (
        "string-in-joined-lines",
        "A string of an expression goes over the end of a line",
        "YAML joins the lines by a space, which is then a part of the string.",
    ),
    "DM139": (
        "escape-in-string",
        "YAML reads an escape that was meant for CEL or for a pattern",
        "Between YAML's double quotes an escape is read before the expression is, so that `\\b` in a "
        "pattern becomes a backspace. Escapes that mean the same to CEL may stay. "
        "Wrong: `when: \"request.text.matches(r'\\bpay\\b')\"`. "
        "Right: `when: request.text.matches(r'\\bpay\\b')`.",
    ),
    "DM140": (
        "halved-quotes",
        "Two single quotes are an empty string to CEL and one quote to YAML",
        "Between YAML's single quotes `''` is one quote. An expression that compares with `''` twice "
        "then holds one long string in place of two empty ones. "
        "Wrong: `when: 'request.role == '' || request.region == '''`. "
        'Right: `when: \'request.role == "" || request.region == ""\'`.',
    ),
    "DM141": (
        "invisible-character",
        "An expression holds a character that cannot be seen",
        "A space that does not break, or a character without width, makes a comparison fail that "
        "looks right. Within a string, the escape says what is meant.",
    ),
}
"""Name, title, and an explanation for the reference."""


def finding(
    code: str, message: str, span: Span, help: str, edits: tuple[Edit, ...] = ()
) -> Diagnostic:
    """A diagnostic of one of these codes."""
    return Diagnostic(code, WRITTEN_CODES[code][0], Severity.ERROR, message, span, help, edits)
