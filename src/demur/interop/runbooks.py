"""Runbooks: the files that policies link to, their sections, and what a link leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from demur.files import home_of, open_file, read_file

if TYPE_CHECKING:
    from markdown_it.token import Token

_ID = re.compile(r"""<[a-z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
"""An anchor that a text sets itself: `<a id="x">`, `<h2 id="x">`, `<a name="x">`."""
_ATTRIBUTE = re.compile(r"\s*\{[^{}]*?#([\w.:-]+)[^{}]*\}\s*$")
"""An anchor in a heading's attributes, as Pandoc and Kramdown have them: `## Title {#x}`."""
_TAG = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"`[^`]*`")
_DEEPEST = 7
"""The level of what stands under no heading of its own."""
LARGEST = 4 * 1024 * 1024
"""Bytes of a runbook beyond which it is not read."""
MARKDOWN = (".md", ".markdown", "")
HTML = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Part:
    """Where a section stands in its text: the heading's level, its first line, and the line after it."""

    level: int
    start: int
    end: int


def resolved(link: str | None, runbook: str | None) -> str | None:
    """The link as a path with an anchor, or a URL: `#section` is a section of the policy's `runbook`.

    Without a link it is the runbook itself; None where there is neither.
    """
    if not link:
        return runbook
    if link.startswith("#") and runbook:
        return runbook.partition("#")[0] + link
    return link


def is_remote(link: str) -> bool:
    """Whether the link leads out of the folder, to where nothing is looked up."""
    return "://" in link or link.startswith("mailto:")


def anchor_of(link: str) -> str:
    """The anchor that a link ends in; empty for none."""
    return unquote(link.partition("#")[2])


def anchors(folder: Path, name: str) -> tuple[str, ...] | None:
    """The anchors of a runbook, in their order; None for a file that has none that are known of.

    The policy stands in the folder. Raises OSError, ValueError.
    """
    file = folder / name
    ending = file.suffix.lower()
    if ending not in (*MARKDOWN, *HTML):
        open_file(file, inside=home_of(folder)).close()
        return None
    text = _text(file, folder)
    return tuple(sections(text)) if ending in MARKDOWN else tuple(_ID.findall(text))


def section(folder: Path | None, link: str | None) -> str:
    """The Markdown that a resolved link leads to, the whole text where it names no section.

    Empty for what is remote, is not there, cannot be read or is no Markdown.
    """
    if folder is None or not link or is_remote(link):
        return ""
    file = folder / link.partition("#")[0]
    if file.suffix.lower() not in MARKDOWN:
        return ""
    try:
        text = _text(file, folder)
    except (OSError, ValueError):
        return ""
    anchor = anchor_of(link)
    if not anchor:
        return text
    part = sections(text).get(anchor)
    return "" if part is None else "\n".join(text.splitlines()[part.start : part.end]).strip()


def _text(file: Path, folder: Path) -> str:
    """The file's text. Raises OSError, ValueError."""
    content = read_file(file, LARGEST, inside=home_of(folder))
    # As Python reads text: any end of a line is one.
    return content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def sections(text: str) -> dict[str, Part]:
    """The sections of a Markdown text by their anchors, both those of headings and explicit ones.

    A heading's anchor is what code hosts make of it, with `-1` and so on where it comes again. An
    explicit anchor right above a heading means its section; elsewhere what follows, up to a heading.
    """
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(text)
    found: list[tuple[tuple[str, ...], int, int]] = []
    above: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.map is None or token.type not in ("heading_open", "html_block", "inline"):
            continue
        if token.type == "heading_open":
            names = (*_names(tokens[at + 1], counts), *above)
            found.append((names, int(token.tag[1:]), token.map[0]))
        explicit = tuple(_ID.findall(_CODE.sub("", token.content)))
        is_title = tokens[at - 1].type == "heading_open"
        following = (one.type for one in tokens[at + 1 :] if one.type != "paragraph_close")
        is_alone = not _TAG.sub("", token.content).strip()
        above = explicit if is_alone and next(following, "") == "heading_open" else ()
        if explicit and not above and not is_title:
            found.append((explicit, _DEEPEST, token.map[0]))
    end = len(text.splitlines())
    parts: dict[str, Part] = {}
    for place, (names, level, start) in enumerate(found):
        later = (at for _, deep, at in found[place + 1 :] if deep <= level and deep < _DEEPEST)
        part = Part(level, start, next(later, end))
        for name in names:
            parts.setdefault(name, part)
    return parts


def heading_anchors(tokens: Sequence[Token]) -> list[str]:
    """The anchors that code hosts give the headings among a Markdown text's tokens, in order."""
    counts: dict[str, int] = {}
    return [
        next(_names(tokens[at + 1], counts))
        for at, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def _names(title: Token, counts: dict[str, int]) -> Iterator[str]:
    """The anchors of a heading by its own text; `counts` has how often each came before."""
    is_text = ("text", "text_special", "code_inline")
    shown = "".join(one.content for one in title.children or () if one.type in is_text)
    kept = "".join(
        one for one in _ATTRIBUTE.sub("", shown).strip().lower() if one.isalnum() or one in " -_"
    )
    slug = kept.replace(" ", "-")
    counts[slug] = counts.get(slug, -1) + 1
    yield f"{slug}-{counts[slug]}" if counts[slug] else slug
    yield from _ATTRIBUTE.findall(title.content)
    yield from _ID.findall(_CODE.sub("", title.content))
