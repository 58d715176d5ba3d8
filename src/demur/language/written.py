"""An expression as it is written, and what YAML made of it before it is read as one.

YAML joins lines, reads escapes and halves quotes; where that changes an expression in silence, it is
an error, so that what is written is what is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from demur.cel.parse import parse
from demur.cel.problems import ExpressionError
from demur.diagnostics import Diagnostic, Edit
from demur.language.invisible import INVISIBLE
from demur.language.nodes import ScalarNode
from demur.language.written_codes import finding

_PIECE = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<raw>\b(?:[bB]?[rR]|[rR][bB])(?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|\"[^\"\n]*\"))"
    r"|(?P<string>'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")",
    re.DOTALL,
)
"""A comment or a string of CEL, whichever begins first."""
_KEPT = frozenset('\\"/')
"""What a backslash may stand before in double quotes: YAML needs it there, and shows it."""
_SAME = _KEPT | frozenset("abftvxuU")
"""And the escapes that CEL reads as YAML does."""
_NO_ESCAPES = "Put the expression in single quotes or below `|`, where YAML has no escapes."
_FOLLOWED_BY_COMMENT = re.compile(r"[ \t]+#")


def changed_by_yaml(scalar: ScalarNode, text: str, offset: int) -> list[Diagnostic]:
    """What YAML changed in the expression `text`, which begins at `offset` of the scalar's content."""
    if scalar.style == "plain" and scalar.span.start.line == scalar.span.end.line:
        return list(_invisible(scalar, text, offset))
    found = list(_halved_quotes(scalar, text))
    if found:
        return found
    for piece in _PIECE.finditer(text):
        start, end = offset + piece.start(), offset + piece.end()
        if piece.lastgroup == "comment":
            found.extend(_joined_comment(scalar, start))
        else:
            found.extend(_joined_string(scalar, start, end))
            found.extend(_read_escape(scalar, start, end, piece.lastgroup == "raw"))
    return [*found, *_invisible(scalar, text, offset)]


def advice_beside(scalar: ScalarNode, start: int, end: int) -> str | None:
    """What to know of YAML where the expression, or a string in it, ends too early there."""
    offsets = scalar.offsets
    if scalar.style == "plain" and _FOLLOWED_BY_COMMENT.match(offsets.lines.text, offsets.end):
        return "YAML reads ` #` as the beginning of a comment; where it is none, quote the value."
    if scalar.style == "double" and any(_written(scalar, at) == "\\n" for at in range(start, end)):
        return f"YAML reads `\\n` as the end of a line. {_NO_ESCAPES}"
    return None


def _joined_comment(scalar: ScalarNode, start: int) -> Iterator[Diagnostic]:
    """A comment in a text whose lines are joined, where it goes on to the end of the expression."""
    content = scalar.text.rstrip()
    first = len(content) - len(content.lstrip())
    lines = [scalar.position(at).line for at in (first, len(content) - 1)]
    if scalar.style == "literal" or lines[0] == lines[1]:
        return
    advice = "Write the expression below `|`, which keeps its lines, or take the comment out."
    edits: tuple[Edit, ...] = ()
    if scalar.style == "folded":
        advice = "Write `|` in place of `>`, which keeps the lines, or take the comment out."
        lines_of_file, header = scalar.offsets.lines, scalar.offsets.start
        edits = (Edit(lines_of_file.span(header, header + 1), "|"),)
    yield finding(
        "DM137",
        "YAML joins these lines, so that `//` takes in all that follows it.",
        scalar.span_of(start, start + 2),
        advice,
        edits,
    )


def _joined_string(scalar: ScalarNode, start: int, end: int) -> Iterator[Diagnostic]:
    """A string that goes over a line's end, which YAML makes a space."""
    if scalar.style == "literal" or scalar.position(start).line == scalar.position(end - 1).line:
        return
    for at in range(start, end):
        written = _written(scalar, at)
        if "\n" in written and not written.startswith("\\"):
            advice = "Write the string on one line."
            yield finding(
                "DM138",
                "YAML joins these lines, so that a space becomes a part of the string.",
                scalar.span_of(start, end),
                advice,
            )
            return


def _read_escape(scalar: ScalarNode, start: int, end: int, raw: bool) -> Iterator[Diagnostic]:
    """An escape within a string that YAML reads first, and otherwise than CEL would."""
    if scalar.style != "double":
        return
    for at in range(start, end):
        written = _written(scalar, at)
        if written[0] == "\\" and written[1] not in (_KEPT if raw else _SAME):
            span = scalar.span_of(at, at + 1)
            yield finding(
                "DM139", f"YAML reads `{written}` before the expression is read.", span, _NO_ESCAPES
            )
            return


def _written(scalar: ScalarNode, at: int) -> str:
    begin, end = scalar.offsets.range(at)
    return scalar.offsets.lines.text[begin:end]


def _halved_quotes(scalar: ScalarNode, text: str) -> Iterator[Diagnostic]:
    """Single quotes around an expression that would be one with its `''` as they are written."""
    if scalar.style != "single" or text != scalar.text or "'" not in text:
        return
    offsets = scalar.offsets
    written = offsets.lines.text[offsets.start + 1 : offsets.end - 1]
    try:
        parse(written)
    except ExpressionError:
        return
    advice = "Write the strings with double quotes: '" + written.replace("''", '""') + "'"
    if "\n" in written or '"' in written:
        advice = "Write the expression below `|`, which takes quotes as they are."
    yield finding(
        "DM140", "Between these quotes YAML reads `''` as one quote.", scalar.span, advice
    )


def _invisible(scalar: ScalarNode, text: str, offset: int) -> Iterator[Diagnostic]:
    """Characters that nobody sees, where they are written as they are."""
    for match in INVISIBLE.finditer(text):
        at = offset + match.start()
        if len(_written(scalar, at)) == 1:
            code = f"{ord(match[0]):04X}"
            advice = f"Remove it, or write the escape `\\u{code}` within a string."
            span = scalar.span_of(at, at + 1)
            yield finding(
                "DM141", f"The expression holds the invisible character U+{code}.", span, advice
            )
