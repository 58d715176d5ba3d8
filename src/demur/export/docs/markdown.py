"""Pieces of Markdown in which a text from the policy shows as itself, in CommonMark and on code hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from demur.interop.escaping import printable

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$])")
_CALLS = re.compile(r"(?<![\w/])@(?=\w)|(?<!\w)#(?=\d)|:(?=//)|\bwww(?=\.)|\bGH(?=-\d)")
"""What code hosts take for a person, an issue or a link, wherever it stands in a text."""
_APART = "\u200b"
"""Has no width and joins no words."""
_TICKS = re.compile("`+")


def prose(text: str) -> str:
    """The text in one line, none of it markup, a link, or a call to somebody."""
    return uncalled(_MARKUP.sub(r"\\\1", _in_a_line(text)))


def uncalled(text: str) -> str:
    """Markdown, outside of code, in which nobody is called, and nothing is a link without saying so."""
    return _CALLS.sub(lambda found: found[0] + _APART, text)


def _in_a_line(text: str) -> str:
    return printable(" ".join(text.split()))


def code(text: str) -> str:
    """The text as code in one line."""
    shown = _in_a_line(text)
    longest = max((len(one) for one in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def quoted(text: str) -> str:
    """The text as what somebody is told."""
    return f"“{prose(text)}”"


def sentence(text: str) -> str:
    """The text as a sentence: a capital letter first, a full stop last."""
    shown = _in_a_line(text)
    end = "" if shown.endswith((".", "!", "?")) else "."
    return prose(shown[:1].upper() + shown[1:] + end)


def ended(text: str) -> str:
    """The Markdown with a full stop, save where it ends in a quoted sentence."""
    return text if text.endswith((".”", "!”", "?”")) else f"{text}."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; code in its cells may have `|`."""
    lines = [tuple(head), ("---",) * len(head), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {one}" for one in items)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
