"""Says in demur's words why a text is not the YAML that policy files use, and how to read on."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from demur.diagnostics import Diagnostic
from demur.language.offsets import Lines
from demur.language.quoting import trap, value_at
from demur.language.source_codes import finding
from demur.language.tokens import BAD_ESCAPE, DIRECTIVE, NESTING, TAG, Trouble

MAX_DEPTH = 64


class Explanation(NamedTuple):
    """A finding, and the stretch of the text to blank out so that the rest can be read.

    Without `masked`, nothing after the finding can be trusted.
    """

    diagnostic: Diagnostic
    masked: tuple[int, int] | None = None
    filler: str = " "


class _Wording(NamedTuple):
    """How a problem of ruamel's, known by a part of its text, is put."""

    fragment: str
    place: Literal["index", "context", "line"]
    what: str
    advice: str


_WORDINGS = (
    _Wording(
        "could not find expected ':'",
        "context",
        "This line is neither a `key: value` pair nor an item of a list.",
        "Write a colon and a space after the key, or indent the line below the text it continues.",
    ),
    _Wording(
        "mapping values are not allowed",
        "line",
        "A `key: value` pair cannot begin here.",
        "Align the key with its neighbours, and put a text that holds `: ` in quotes.",
    ),
    _Wording(
        "sequence entries are not allowed",
        "index",
        "An item of a list cannot begin here.",
        "Put each item on a line of its own, below the key of the list.",
    ),
    _Wording(
        "mapping keys are not allowed",
        "index",
        "A `?` cannot begin a key here.",
        "Write the key as `key: value`, and put a text that begins with `?` in quotes.",
    ),
    _Wording(
        "expected <block end>, but found '<scalar>'",
        "index",
        "A value is already complete before this text.",
        "Put the whole value in quotes, or move this text to a line of its own.",
    ),
    _Wording(
        "expected <block end>",
        "index",
        "This line does not fit the lines before it.",
        "Align it with the lines it belongs to; do not mix list items and keys.",
    ),
    _Wording(
        "expected the node content",
        "index",
        "A value is missing here.",
        "Write the value, or take the comma or bracket away.",
    ),
    _Wording(
        "expected ',' or",
        "index",
        "A comma or a closing bracket is missing here.",
        "Put a comma between the items, and an item that holds `: ` in quotes.",
    ),
    _Wording(
        "more indented follow up line",
        "index",
        "The first lines of this text are indented unlike the rest.",
        "Indent every line of the text by the same number of spaces.",
    ),
    _Wording(
        "found unexpected document separator",
        "context",
        "A line of `---` or `...` stands within this quoted text.",
        "Close the quotes, or indent the line.",
    ),
    _Wording(
        "cannot start any token",
        "index",
        "A value cannot begin with this character.",
        "Put the value in quotes.",
    ),
)
_AFTER_COMMENT = _Wording(
    "",
    "index",
    "A comment ends an unquoted value, so it cannot go on here.",
    "Write the value below `|`, an expression's comments with `//`; or move the comment above the key.",
)
_ENDS_IN_COMMENT = re.compile(r"(?:^|[ \t])#")
_ANYTHING = _Wording(
    "",
    "index",
    "The file is not valid YAML here.",
    "Check the indentation and the quotes of this line and of the one above.",
)
_KEY_ABOVE = re.compile(r"[ ]*(?P<key>[a-z_]+)(?::(?=\S)|[ ]+(?![:|>]))(?P<value>[^\n]{1,200})")
_TAGGED_INLINE = re.compile(r"[ ]+(?:[\[{'\"]|[|>][-+0-9]*[ ]*\r?\n)")
_TAGGED_BLOCK = re.compile(r"[ ]*(?:\r?\n)+(?P<indent>[ ]*)(?:- |[\w.-]+:[ \r\n])")
_ESCAPE_ADVICE = (
    "Write `\\\\` for a backslash, or put the value in single quotes, which know no escapes."
)


def explain(trouble: Trouble, lines: Lines) -> Explanation:
    """The finding for where reading stopped, and how to read on."""
    if trouble.problem == NESTING:
        span = lines.span(trouble.index, trouble.index + 1)
        return Explanation(
            finding("too-deep", span, "Give inner parts a name of their own.", limit=MAX_DEPTH)
        )
    if trouble.problem == DIRECTIVE:
        return _directive(trouble, lines)
    if trouble.problem == TAG:
        return _tag(trouble, lines)
    if trouble.problem == BAD_ESCAPE or "escape" in trouble.problem:
        return _escape(trouble, lines)
    tab = _tab(trouble, lines)
    if tab is not None:
        return tab
    return _trap(trouble, lines) or _unclosed(trouble, lines) or _worded(trouble, lines)


def _directive(trouble: Trouble, lines: Lines) -> Explanation:
    start, end = trouble.index, lines.bounds(trouble.index)[1]
    text = lines.text[start:end].rstrip()
    advice = "Remove the line; policy files are YAML 1.2."
    diagnostic = finding("directive", lines.span(start, end), advice, directive=text)
    return Explanation(diagnostic, (start, end))


def _tag(trouble: Trouble, lines: Lines) -> Explanation:
    start, end = trouble.index, trouble.context
    tag = lines.text[start:end]
    value = value_at(lines, start, trouble.in_flow)
    if value is not None and value.start == start and not _is_meant(tag, start, end, lines):
        diagnostic = trap(lines, value)
        if diagnostic is not None:
            return Explanation(diagnostic, (value.start, value.end), "x")
    advice = (
        "Remove the tag; the schema knows the type. To begin a text with `!`, put it in quotes."
    )
    return Explanation(finding("tag", lines.span(start, end), advice, tag=tag), (start, end))


def _is_meant(tag: str, start: int, end: int, lines: Lines) -> bool:
    """Whether a tag is meant as one: by its form, or since a collection or quoted text follows."""
    if tag.startswith(("!!", "!<")) or _TAGGED_INLINE.match(lines.text, end):
        return True
    below = _TAGGED_BLOCK.match(lines.text, end)
    line_start, _ = lines.bounds(start)
    line = lines.text[line_start:start]
    return below is not None and len(below["indent"]) > len(line) - len(line.lstrip(" -"))


def _escape(trouble: Trouble, lines: Lines) -> Explanation:
    start = lines.text.rfind("\\", 0, trouble.index)
    escape = lines.text[start : start + 2]
    diagnostic = finding("bad-escape", lines.span(start, start + 2), _ESCAPE_ADVICE, escape=escape)
    return Explanation(diagnostic, (start, start + 1), "x")


def _tab(trouble: Trouble, lines: Lines) -> Explanation | None:
    text = lines.text
    for index in (trouble.index, trouble.context):
        line_start, line_end = lines.bounds(index)
        content = text[line_start:line_end]
        leading = len(content) - len(content.lstrip(" \t"))
        tab = content.find("\t", 0, leading)
        at = index if text[index : index + 1] == "\t" else line_start + tab
        if at >= line_start:
            size = len(text[at:line_end]) - len(text[at:line_end].lstrip("\t"))
            span = lines.span(at, at + size)
            diagnostic = finding("tab", span, "Use spaces, two for each level of indentation.")
            return Explanation(diagnostic, (at, at + size))
    return None


def _trap(trouble: Trouble, lines: Lines) -> Explanation | None:
    for index in dict.fromkeys((trouble.index, trouble.context)):
        value = value_at(lines, index, trouble.in_flow)
        diagnostic = trap(lines, value) if value is not None else None
        if value is not None and diagnostic is not None:
            return Explanation(diagnostic, (value.start, value.end), "x")
    return None


def _unclosed(trouble: Trouble, lines: Lines) -> Explanation | None:
    start = trouble.context
    opener = lines.text[start : start + 1]
    if "unexpected end of stream" in trouble.problem:
        what, advice = "This quoted text", f"Write the closing {opener} at its end."
    elif "expected ',' or" in trouble.problem and (
        lines.position(start).line != lines.position(trouble.index).line
        or trouble.index >= len(lines.text.rstrip())
    ):
        closer = "]" if opener == "[" else "}"
        what = f"This `{opener}`"
        advice = f"Write the closing `{closer}`, and a comma between the items."
    else:
        return None
    return Explanation(finding("unclosed", lines.span(start, start + 1), advice, what=what))


def _key_before(trouble: Trouble, lines: Lines) -> Explanation | None:
    """A key on the line above that has no colon, or none with a space after it."""
    if "mapping values are not allowed" not in trouble.problem:
        return None
    start, _ = lines.bounds(trouble.index)
    if start == 0:
        return None
    above, end = lines.bounds(start - 1)
    found = _KEY_ABOVE.match(lines.text, above, end)
    if found is None:
        return None
    key, value = found["key"], found["value"].strip()
    span = lines.span(found.start("key"), found.end("key"))
    what = f"The key `{key}` has no colon and space after it."
    return Explanation(finding("yaml-syntax", span, f"Write `{key}: {value}`.", what=what))


def _worded(trouble: Trouble, lines: Lines) -> Explanation:
    if trouble.quote is not None:
        line = lines.position(trouble.index).line
        span = lines.span(trouble.quote, trouble.quote + 1)
        what = f"This quoted text goes on until line {line}, and something follows it there."
        advice = "Check that its closing quote is where it should be."
        return Explanation(finding("yaml-syntax", span, advice, what=what))
    before = _key_before(trouble, lines)
    if before is not None:
        return before
    other = _AFTER_COMMENT if _follows_comment(lines, trouble.index) else _ANYTHING
    wording = next((item for item in _WORDINGS if item.fragment in trouble.problem), other)
    start = trouble.context if wording.place == "context" else trouble.index
    line_start, line_end = lines.bounds(start)
    end = max(start, min(start + 1, line_end))
    if wording.place == "line":
        line = lines.text[line_start:start]
        start -= len(line.lstrip())
    span = lines.span(start, end)
    return Explanation(finding("yaml-syntax", span, wording.advice, what=wording.what))


def _follows_comment(lines: Lines, index: int) -> bool:
    """Whether the line before the one of `index` is a comment or ends in one."""
    start, _ = lines.bounds(index)
    before = lines.text[: max(start - 1, 0)]
    return bool(before) and _ENDS_IN_COMMENT.search(before[before.rfind("\n") + 1 :]) is not None
