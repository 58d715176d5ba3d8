"""Text from anywhere as GitHub's Markdown shows it: as itself, never as markup, link or mention."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$^{}\"']")
_CALLS = re.compile(r"[@#:](?=\S)|\bwww(?=\.)|\bGH(?=-)")
"""What mentions people, names issues, links or makes emoji, after the markup is gone."""
_SAFE_IN_TICKS = re.compile(r"(?!.*##)[^`|]+")
_APART = "\u200b"
"""Has no width and joins no words."""


def prose(text: str) -> str:
    """The text within a line; it must not be the first in it, where a dash or number makes a list."""
    calm = _CALLS.sub(lambda found: found[0] + _APART, text)
    return _MARKUP.sub(lambda found: _entity(found[0]), calm)


def code(text: str) -> str:
    """The text as code, in which nothing is linked; in a table too."""
    text = text.strip()
    if _SAFE_IN_TICKS.fullmatch(text):
        return f"`{text}`"
    return f"<code>{''.join(map(_quoted, text))}</code>"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of cells that are Markdown already. A head that begins with a space is of numbers."""
    rule = ("--:" if one.startswith(" ") else "---" for one in head)
    lines = (tuple(one.strip() for one in head), tuple(rule), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def folded(summary: str, body: str) -> str:
    """A part that is closed until it is clicked; the summary is a text of one's own."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _quoted(character: str) -> str:
    return character if character.isalnum() or character == " " else _entity(character)


def _entity(character: str) -> str:
    return f"&#{ord(character)};"
