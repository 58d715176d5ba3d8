"""The one way that the page is written: elements made from tags, children and attributes.

Nothing is concatenated: whatever a record holds ends up as text, escaped when the tree is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from demur.interop.escaping import calm_markup

Child: TypeAlias = "Element | str | Iterable[Child] | None"
"""What an element may contain; None is nothing, and an iterable is its members."""

_ON_LINES = frozenset(
    "article aside caption dd desc details div dl dt figure footer h1 h2 h3 h4 head header html li"
    " main meta nav ol p pre section style summary svg table tbody thead title tr ul".split()
)
_STYLE = re.compile("(<style>.*?</style>)", re.DOTALL)
_JOINERS = "\u200c\u200d"


def element(tag: str, *children: Child, **attributes: str | float | None) -> Element:
    """An element. An underscore in an attribute's name stands for a hyphen, `class_` for `class`.

    Attributes that are None are left out; numbers, which place shapes, are rounded to 1/100.
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            written = value if isinstance(value, str) else f"{round(value, 2):g}"
            made.set(name.rstrip("_").replace("_", "-"), visible(written))
    for child in children:
        _append(made, child)
    return made


def visible(text: str) -> str:
    r"""The text with characters that act instead of showing written out, such as `\u202e`.

    These are controls, marks of direction, lone surrogates, and spaces other than the plain one.
    Line feeds and tabs stay, and so do the joiners, which scripts and emoji are written with.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in "\n\t" or character in _JOINERS
        else _escape(ord(character))
        for character in text
    )


def document(root: Element) -> str:
    """The page as text: one block a line, everything escaped."""
    for one in root.iter():
        if one.tag in _ON_LINES and not one.tail:
            one.tail = "\n"
    parts = _STYLE.split(tostring(root, encoding="unicode", method="html"))
    text = "".join(one if one.startswith("<style") else calm_markup(one) for one in parts)
    return f"<!doctype html>\n{text}"


def _append(parent: Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, Element):
        parent.append(child)
    elif isinstance(child, str):
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + visible(child)
        else:
            parent.text = (parent.text or "") + visible(child)
    else:
        for one in child:
            _append(parent, one)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
