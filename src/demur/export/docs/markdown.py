"""Pieces of Markdown in which a text from the policy shows as itself, in CommonMark and on code hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$])")
_TICKS = re.compile("`+")


def prose(text: str) -> str:
    """The text in one line, none of it markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """The text as code in one line."""
    shown = " ".join(text.split())
    longest = max((len(one) for one in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def quoted(text: str) -> str:
    """The text as what somebody is told."""
    return f"“{prose(text)}”"


def sentence(text: str) -> str:
    """The text as a sentence: a capital letter first, a full stop last."""
    shown = " ".join(text.split())
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
