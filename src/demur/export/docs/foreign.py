"""Markdown of somebody else's, a runbook's, within a page: its own markup stays, and nothing in it acts.

Acting are raw HTML, images, which are fetched from elsewhere, links that run something, and names that call
people. Where a block holds such, that block is rewritten until a reader of CommonMark finds no more of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

_PASSES = 20
"""How often a text is looked at anew; each pass leaves less that acts."""
_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_SAFE_LINK = re.compile(r"(https?://|mailto:|#|\.{0,2}/|[^:]*$)", re.IGNORECASE)
_CALL = re.compile(r"(?<![\w/])@(?=\w)")
_APART = "\u200b"
"""Has no width and joins no words."""
_LINK_OF_HTML = re.compile(r"<(?!https?://[^\s<>]*>)")
_LOG_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
_FIRST_IN_LINE = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
"""What the log of a CI job takes for a command, should the page be printed there."""
_KEPT = "\t\n\u200b\u200c\u200d"
"""What is not seen and does no harm: tabs, ends of lines, joiners, and what keeps words apart."""


def harmless(text: str) -> str:
    """The Markdown without anything in it that acts."""
    lines = "".join(
        one if one.isprintable() or one in _KEPT else "\ufffd" for one in text.replace("\r\n", "\n")
    ).split("\n")
    for _ in range(_PASSES):
        if not _mended(lines):
            break
    else:
        lines = [f"    {line}" for line in lines]
    for start, end, parts in _blocks(lines):
        if any(one.type == "text" for one in parts):
            _change(lines, start, end, _uncalled)
    text = _LOG_COMMAND.sub(r"#\\#", "\n".join(lines))
    return _FIRST_IN_LINE.sub(r"\1\\:", text)


def _mended(lines: list[str]) -> bool:
    """Whether something acted in the lines, which is now changed."""
    before = list(lines)
    for start, end, parts in _blocks(lines):
        mend = _mend(parts)
        if mend is not None and not _change(lines, start, end, mend):
            _change(lines, start, end, _escaped, within_code=True)
    return lines != before


def _blocks(lines: list[str]) -> Iterator[tuple[int, int, list[Token]]]:
    """The blocks of a text: their first line, the line after them, and what they hold."""
    parser = MarkdownIt("commonmark").enable("table")
    # Others may take for a link what this one does not.
    parser.validateLink = lambda url: True
    place = (0, 0)
    for token in parser.parse("\n".join(lines)):
        if token.map is not None:
            place = (token.map[0], token.map[1])
        start, end = place
        yield start, end, [token, *(token.children or ())]


def _mend(parts: list[Token]) -> Callable[[str], str] | None:
    """What takes away what acts in a block; None where nothing does."""
    if any(one.type in ("html_block", "html_inline") for one in parts):
        return lambda text: _LINK_OF_HTML.sub("&lt;", text)
    if any(one.type == "image" for one in parts):
        return lambda text: text.replace("![", "[")
    if any(map(_runs, parts)):
        return lambda text: re.sub(r"(?<!\\)\[", r"\\[", text)
    return None


def _change(
    lines: list[str],
    start: int,
    end: int,
    change: Callable[[str], str],
    *,
    within_code: bool = False,
) -> bool:
    """Changes a block, as many lines as it has, its spans of code only if asked; whether it did."""
    before = "\n".join(lines[start:end])
    after = change(before) if within_code else _outside_code(before, change)
    lines[start:end] = after.split("\n")
    return after != before


def _runs(token: Token) -> bool:
    link = token.attrGet("href") if token.type == "link_open" else None
    return link is not None and not _SAFE_LINK.match(str(link))


def _escaped(text: str) -> str:
    """The text with all escaped that could be markup."""
    return re.sub(r"(?<!\\)([<>\[\]!`])", r"\\\1", text)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with what stands outside of its spans of code changed."""
    found: list[str] = []
    at = 0
    for span in _CODE.finditer(text):
        found += [change(text[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*found, change(text[at:])])


def _uncalled(text: str) -> str:
    """The text with names apart from the sign that calls them; an address of mail stays whole."""
    return _CALL.sub(f"@{_APART}", text)
