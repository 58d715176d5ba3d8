"""YAML's traps for expressions: finds the unquoted value that went wrong and quotes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demur.diagnostics import Diagnostic, Edit
from demur.language.nodes import ScalarNode
from demur.language.offsets import Lines
from demur.language.source_codes import finding

_PREFIX = re.compile(r"[ ]*(?P<label>(?:-[ ]+)*(?:(?:[\w.-]+|\"[^\"\n]*\"|'[^'\n]*')[ ]*:[ ]+)?)")
_VALID_START = re.compile(r"[|>][-+0-9]*$|[*&][\w.-]+(?:\s|$)")
_COLON = re.compile(r":(?:\s|$)")
_CUT_TEXT = re.compile(r"[ \t]+(?P<comment>#[^\s#!][^\r\n]*?)[ \t]*$", re.MULTILINE)
_LONGEST_SHOWN = 200
_LONGEST_LINE = 10_000
_MOST_LINES = 20
_CLOSER = {"[": "]", "{": "}", "(": ")"}


@dataclass(frozen=True, slots=True)
class Value:
    """An unquoted value as its author meant it, and the `key: ` or `- ` before it."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class _Structure:
    """A text's characters outside of quotes with their bracket depth; whether all is closed."""

    points: tuple[tuple[int, str, int], ...]
    balanced: bool


def _structure(text: str) -> _Structure:
    points: list[tuple[int, str, int]] = []
    open_brackets: list[str] = []
    balanced = True
    index = 0
    while index < len(text):
        character = text[index]
        if character in "'\"" and not _is_apostrophe(text, index):
            index += 1
            while index < len(text) and text[index] != character:
                index += 2 if text[index] == "\\" else 1
            balanced = balanced and index < len(text)
        else:
            if character in "]})":
                balanced = balanced and bool(open_brackets) and open_brackets[-1] == character
                if open_brackets:
                    open_brackets.pop()
            points.append((index, character, len(open_brackets)))
            if character in _CLOSER:
                open_brackets.append(_CLOSER[character])
        index += 1
    return _Structure(tuple(points), balanced and not open_brackets)


def _is_apostrophe(text: str, index: int) -> bool:
    around = text[max(index - 1, 0) : index + 2]
    return len(around) == 3 and around[0].isalnum() and around[2].isalnum()


def quoted(value: str) -> str:
    """The value as a quoted YAML scalar: double quotes if it can stand in them as it is."""
    value = re.sub(r"\s*\n\s*", " ", value)
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def value_at(lines: Lines, index: int, in_flow: bool) -> Value | None:
    """The value on the line of `index`, or in flow style the one around it, if there is one."""
    text = lines.text
    line_start, line_end = lines.bounds(index)
    prefix = _PREFIX.match(text, line_start, line_end)
    assert prefix is not None
    if not (prefix["label"] or in_flow) or line_end - line_start > _LONGEST_LINE:
        return None
    start = prefix.end()
    content = text[start:line_end]
    comment = next(
        (
            at
            for at, character, _ in _structure(content).points
            if _begins_comment(content, at, character)
        ),
        len(content),
    )
    value = _trimmed(text, start, start + comment, prefix["label"])
    inner = _flow_part(text, value, index, in_flow and not _opens(text, value))
    if inner is not value or in_flow:
        return inner
    indent = prefix.start("label") - line_start
    return Value(value.start, _continued(lines, value.end, line_end, indent), value.label)


def _begins_comment(text: str, index: int, character: str) -> bool:
    return character == "#" and index > 0 and text[index - 1] in " \t"


def _trimmed(text: str, start: int, end: int, label: str) -> Value:
    content = text[start:end]
    start += len(content) - len(content.lstrip())
    return Value(start, max(start, end - (len(content) - len(content.rstrip()))), label)


def _opens(text: str, value: Value) -> bool:
    return text[value.start : value.start + 1] in ("[", "{")


def _flow_part(text: str, value: Value, index: int, inside: bool) -> Value:
    """The innermost item of the flow collections in `value` that holds `index`."""
    while True:
        content = text[value.start : value.end]
        if not inside:
            close = _closing(content)
            if not _opens(text, value) or index > value.start + close or index <= value.start:
                return value
            content = content[:close]
        opened = 0 if inside else 1
        left = opened
        for at, character, depth in _structure(content).points:
            if character == "," and depth == opened and value.start + at < index:
                left = at + 1
        right = next(
            (
                at
                for at, character, depth in _structure(content).points
                if character == "," and depth == opened and at >= left and value.start + at >= index
            ),
            len(content),
        )
        part = _trimmed(text, value.start + left, value.start + right, "")
        prefix = _PREFIX.match(text, part.start, part.end)
        label = prefix["label"] if prefix else ""
        value = Value(part.start + len(label), part.end, label)
        inside = False


def _closing(content: str) -> int:
    """Where the bracket that `content` begins with is closed, or the end if it is not."""
    for at, character, depth in _structure(content).points:
        if at and character in "]}" and depth == 0:
            return at
    return len(content)


def _continued(lines: Lines, end: int, line_end: int, indent: int) -> int:
    """The end of a value with the more indented lines that continue it."""
    text = lines.text
    for _ in range(_MOST_LINES):
        if line_end >= len(text):
            break
        start, following = lines.bounds(text.index("\n", line_end) + 1)
        content = text[start:following]
        prefix = _PREFIX.match(content)
        deeper = len(content) - len(content.lstrip(" ")) > indent
        if not content.strip() or not deeper or content.lstrip().startswith("#"):
            break
        if prefix is not None and prefix["label"]:
            break
        end, line_end = start + len(content.rstrip()), following
    return end


def trap(lines: Lines, value: Value) -> Diagnostic | None:
    """What is wrong with a value that is not quoted, and it in quotes; None if nothing is."""
    content = lines.text[value.start : value.end]
    if not content:
        return None
    first = content[0]
    span = lines.span(value.start, value.end)
    name, values = "", dict[str, object]()
    if first == "!":
        name = "unquoted-exclamation"
    elif first in "'\"":
        name = "text-after-quote" if _quote_ends(content) else ""
    elif first in "[{":
        if content[_closing(content) + 1 :].strip():
            name = "text-after-bracket"
            values = {"character": first, "kind": "list" if first == "[" else "mapping"}
    elif _VALID_START.match(content):
        return None
    elif first in "%@`*&|>,]}" or content[:2] in ("- ", "? "):
        name = "unquoted-indicator"
        values = {"character": "a backtick" if first == "`" else f"`{first}`"}
    elif _COLON.search(content):
        name = "unquoted-colon"
    if not name:
        return None
    return finding(name, span, fix(value.label, content), edits(lines, value), **values)


def _quote_ends(content: str) -> bool:
    """Whether the quoted text that `content` begins with ends before `content` does."""
    body = r'"(?:[^"\\]|\\.)*"' if content[0] == '"' else r"'(?:[^']|'')*'"
    match = re.match(body, content, re.DOTALL)
    return match is not None and bool(content[match.end() :].strip())


def fix(label: str, content: str) -> str:
    """The advice to quote a value, with the same line's value in quotes."""
    if len(content) > _LONGEST_SHOWN:
        return "Put the whole value in quotes."
    return f"Put the value in quotes: {label}{quoted(content)}"


def edits(lines: Lines, value: Value) -> tuple[Edit, ...]:
    """The edit that quotes a value."""
    content = lines.text[value.start : value.end]
    return (Edit(lines.span(value.start, value.end), quoted(content)),)


def comment_cuts(lines: Lines, start: int, end: int, comment_end: int) -> Diagnostic | None:
    """The finding for a plain scalar whose quotes or brackets close only within the comment."""
    if comment_end - start > _LONGEST_LINE:
        return None
    text = lines.text
    whole = text[start:comment_end].rstrip()
    if _structure(text[start:end]).balanced or not _structure(whole).balanced:
        return None
    value = Value(start, start + len(whole), _label_before(lines, start))
    hash_sign = text.index("#", end)
    span = lines.span(hash_sign, hash_sign + 1)
    return finding("comment-cuts-value", span, fix(value.label, whole), edits(lines, value))


def value_with_comment(lines: Lines, node: ScalarNode, key: str) -> Value | None:
    """A plain scalar with what follows it after ` #`, where no space stands after the `#`."""
    offsets = node.offsets
    comment = _CUT_TEXT.match(lines.text, offsets.end)
    if node.style != "plain" or comment is None:
        return None
    start = comment.start("comment") if offsets.start == offsets.end else offsets.start
    return Value(start, comment.end(), f"{key}: ")


def _label_before(lines: Lines, start: int) -> str:
    line_start, line_end = lines.bounds(start)
    prefix = _PREFIX.match(lines.text, line_start, line_end)
    return prefix["label"] if prefix is not None and prefix.end() == start else ""
