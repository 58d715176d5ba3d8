"""Where each character of a YAML scalar stands in the file.

An expression is checked long after its quotes, escapes and folded lines are gone. These maps lead
back from a character of the content to the characters of the file that wrote it. A map is built
when the first position is asked for, since most scalars never need one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from demur.diagnostics import Position, Span

Style = Literal["plain", "single", "double", "literal", "folded"]

_FOLD = r"(?P<fold>[ \t]*(?P<first>\r?\n)(?P<blank>(?:[ \t]*\r?\n)*)[ \t]*)"
_RUN = r"|(?P<run>[ \t]+|[^ \t\r\n'\\]+|.)"
_PIECES: dict[Style, re.Pattern[str]] = {
    "plain": re.compile(_FOLD + _RUN),
    "single": re.compile(_FOLD + r"|(?P<escape>'')" + _RUN),
    "double": re.compile(
        _FOLD + r"|(?P<joined>\\\r?\n(?P<kept>(?:[ \t]*\r?\n)*)[ \t]*)"
        r"|(?P<escape>\\(?:x.{2}|u.{4}|U.{8}|.))" + _RUN
    ),
}
_HEADER = re.compile(r"[|>](?P<indicators>[-+0-9]*)[^\n]*(?:\n|$)")
_LINE = re.compile(r"([^\r\n]*)(\r?\n|$)")
_BREAK = re.compile(r"\r?\n")


class Lines:
    """The lines of a file's text, and so the line and column of any index into it."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, index: int) -> Position:
        """The line and column, both from 1, of the character at `index`."""
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    def span(self, start: int, end: int) -> Span:
        """The span from index `start` up to `end`."""
        return Span(self.path, self.position(start), self.position(end))

    def bounds(self, index: int) -> tuple[int, int]:
        """Where the line that holds `index` starts and ends, its line break left out."""
        line = bisect_right(self._starts, index)
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        if end > start and self.text[end - 1] == "\r":
            end -= 1
        return start, end


class Offsets:
    """The way from a scalar's content back to the file.

    `start` and `end` bound the scalar in the text, quotes and block header included;
    `parent_indent` is the column (from 0) of the block collection around it, -1 if there is none.
    """

    __slots__ = ("_ranges", "end", "lines", "parent_indent", "size", "start", "style")

    def __init__(
        self, lines: Lines, start: int, end: int, style: Style, size: int, parent_indent: int
    ) -> None:
        self.lines = lines
        self.start = start
        self.end = end
        self.style: Style = style
        self.size = size
        self.parent_indent = parent_indent
        self._ranges: list[tuple[int, int]] | None = None

    def range(self, offset: int) -> tuple[int, int]:
        """Start and end, in the text, of what wrote the content's character `offset`.

        Raises ValueError if the content has no such character.
        """
        if not 0 <= offset < self.size:
            raise ValueError(f"offset {offset} is outside of a scalar of {self.size} characters")
        if self._ranges is None:
            self._ranges = self._trace()
        return self._ranges[offset]

    def index(self, offset: int) -> int:
        """The place in the text of the character `offset`, or right after the last one."""
        if offset == self.size:
            return self.range(offset - 1)[1] if self.size else self._first()
        return self.range(offset)[0]

    def _first(self) -> int:
        return self.start + (self.style in ("single", "double"))

    def _trace(self) -> list[tuple[int, int]]:
        text = self.lines.text
        if self.style in ("literal", "folded"):
            return _trace_block(text, self)[: self.size]
        quote = self._first() - self.start
        return _trace_flow(text, self.start + quote, self.end - quote, self.style)


def _trace_flow(text: str, start: int, end: int, style: Style) -> list[tuple[int, int]]:
    """Plain and quoted scalars: a line break is a space, n + 1 of them are n line feeds."""
    ranges: list[tuple[int, int]] = []
    for piece in _PIECES[style].finditer(text, start, end):
        match piece.lastgroup:
            case "fold":
                if piece["blank"]:
                    ranges.extend(_breaks(text, piece.start("blank"), piece.end("blank")))
                else:
                    ranges.append(piece.span())
            case "joined":
                ranges.extend(_breaks(text, piece.start("kept"), piece.end("kept")))
            case "run":
                ranges.extend((index, index + 1) for index in range(*piece.span()))
            case _:
                ranges.append(piece.span())
    return ranges


def _breaks(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [match.span() for match in _BREAK.finditer(text, start, end)]


def _trace_block(text: str, scalar: Offsets) -> list[tuple[int, int]]:
    """Block scalars, as if every trailing line break were kept."""
    header = _HEADER.match(text, scalar.start, scalar.end)
    assert header is not None
    indent = _block_indent(text, header, scalar)
    ranges: list[tuple[int, int]] = []
    pending: list[tuple[int, int]] = []
    """The line breaks since the last line with content."""
    last_flush = False
    seen = False
    for line in _LINE.finditer(text, header.end(), scalar.end):
        leading = len(line[1]) - len(line[1].lstrip(" "))
        start = line.start() + min(indent, leading)
        if start < line.end(1):
            flush = text[start] not in " \t"
            if seen and scalar.style == "folded" and flush and last_flush:
                first, *blank = pending
                ranges.extend(blank or [(first[0], start)])
            else:
                ranges.extend(pending)
            ranges.extend((index, index + 1) for index in range(start, line.end(1)))
            pending = []
            last_flush = flush
            seen = True
        if line[2]:
            pending.append(line.span(2))
    return ranges + pending


def _block_indent(text: str, header: re.Match[str], scalar: Offsets) -> int:
    """How many spaces each line of a block scalar begins with, by the rules of ruamel's scanner."""
    least = scalar.parent_indent + 1
    digits = header["indicators"].strip("+-")
    if digits:
        return max(least, 1) + int(digits) - 1
    widest = 0
    for line in _LINE.finditer(text, header.end(), scalar.end):
        leading = len(line[1]) - len(line[1].lstrip(" "))
        widest = max(widest, leading)
        if leading < len(line[1]):
            break
    return max(least, widest)
