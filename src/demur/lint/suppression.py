"""Comments that allow what a rule found: `# demur: allow NAME because REASON`.

Such a comment stands at the end of the line it is about, or on a line of its own above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from demur.diagnostics import Diagnostic, Severity
from demur.language.source import Comment, Source
from demur.suggestions import did_you_mean

_FORM = re.compile(r"#\s*demur:\s*allow\s+([\w-]+)(?:\s+because\s+(.*\S))?\s*$")

SUPPRESSION_CODES: dict[str, tuple[str, str, str]] = {
    "DM590": (
        "suppression-without-reason",
        "A comment allows something and does not say why",
        "Wrong: `# demur: allow float-equality`. "
        "Right: `# demur: allow float-equality because the scores are quantised`.",
    ),
    "DM591": (
        "unknown-suppression",
        "A comment allows what no rule is called",
        "A misspelt name allows nothing.",
    ),
    "DM592": (
        "unused-suppression",
        "A comment allows what is not there",
        "Take it out: whatever it was for is mended, or stands elsewhere.",
    ),
}
"""Name, title, and an explanation for the reference."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that allows a rule, and the line that it is about."""

    comment: Comment
    name: str
    reason: str | None
    line: int


def suppressions(source: Source) -> list[Suppression]:
    """The comments of a file that allow something."""
    lines = source.text.split("\n")
    following = _next_lines(lines)
    found: list[Suppression] = []
    for comment in source.comments:
        match = _FORM.match(comment.text)
        if match is None:
            continue
        line = comment.span.start.line
        if not lines[line - 1][: comment.span.start.column - 1].strip():
            line = following[line]
        found.append(Suppression(comment, match[1], match[2], line))
    return found


def _next_lines(lines: list[str]) -> list[int]:
    """For each line, by its number, the next that is neither empty nor a comment."""
    found = [len(lines) + 1] * (len(lines) + 1)
    for number in range(len(lines) - 1, 0, -1):
        is_said = lines[number].strip()[:1] not in ("", "#")
        found[number] = number + 1 if is_said else found[number + 1]
    return found


def apply(
    source: Source, findings: Iterable[Diagnostic], names: dict[str, str]
) -> tuple[list[Diagnostic], int]:
    """The findings that no comment allows with those about the comments, and how many were allowed.

    `names` are the rules' codes by their names.
    """
    comments = suppressions(source)
    by_line: dict[tuple[str, int], dict[str, Suppression]] = {}
    for comment in comments:
        if comment.reason is not None:
            about = by_line.setdefault((comment.comment.span.path, comment.line), {})
            about.setdefault(comment.name, comment)
    used: set[Suppression] = set()
    kept: list[Diagnostic] = []
    allowed = 0
    for one in findings:
        place = None if one.span is None else (one.span.path, one.span.start.line)
        here = {} if place is None else by_line.get(place, {})
        by = here.get(one.name) or here.get(one.code)
        if by is None:
            kept.append(one)
        else:
            used.add(by)
            allowed += 1
    for comment in comments:
        kept.extend(_about(comment, names, unused=comment not in used))
    return kept, allowed


def _about(comment: Suppression, names: dict[str, str], *, unused: bool) -> Iterable[Diagnostic]:
    span = comment.comment.span
    if comment.name not in names and comment.name not in names.values():
        message = f"There is no rule `{comment.name}`."
        advice = did_you_mean(comment.name, names)
        yield Diagnostic("DM591", "unknown-suppression", Severity.ERROR, message, span, advice)
    elif comment.reason is None:
        advice = f"Write `# demur: allow {comment.name} because …`."
        message = "The comment does not say why."
        yield Diagnostic(
            "DM590", "suppression-without-reason", Severity.ERROR, message, span, advice
        )
    elif unused:
        message = f"There is no `{comment.name}` here to allow."
        yield Diagnostic("DM592", "unused-suppression", Severity.WARNING, message, span)
