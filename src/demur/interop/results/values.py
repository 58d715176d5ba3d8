"""A tool's value as the signal's declaration has it, so far as it is that value in another form.

Nothing is guessed: text of a table is read as what the signal is, a whole double as an int, milliseconds
and seconds by the units that both sides name, and documents field by field. What is no such value stays
as it is, and so is unknown.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeGuard, cast

from demur.policy import Shape
from demur.runtime.strict_json import DuplicateKey, read_json

_TEXTUAL = ("string", "bytes", "timestamp", "duration")
_NUMERIC = ("int", "uint", "double")
_LARGEST = 2.0**53
"""Beyond this a double names no single whole number."""

_DOCUMENT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "content": ("content", "text", "page_content", "body"),
    "id": ("id", "document_id", "doc_id", "source_id"),
    "score": ("score", "similarity", "relevance_score"),
    "source": ("source", "url", "file", "file_name"),
}
"""What tools and policies call the parts of a retrieved document."""


class Cell(str):
    """Text of a table, where a number, a bool and a list are text too."""

    __slots__ = ()


def converted(value: Any, shape: Shape, factor: float = 1.0, *, is_given: bool = False) -> Any:
    """The value for a signal of this shape, times the factor between their units.

    Text is read as a number or a bool only in a table and of what was put in: elsewhere a tool that
    measured a number writes one. None for what is no finite number.
    """
    value = _read(value, shape, is_text=is_given or isinstance(value, Cell))
    if is_lost(value):
        return None
    if factor != 1.0 and is_number(value):
        value = round(value * factor, 9)
    if shape.type in ("int", "uint") and isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _LARGEST else value
    if shape.type == "list" and shape.of is not None and isinstance(value, list):
        return [_document(one, shape.of) for one in cast(list[Any], value)]
    return value


def is_number(value: Any) -> TypeGuard[float]:
    """Whether the value is a finite number that a double holds, and no bool."""
    try:
        return not isinstance(value, bool) and isinstance(value, int | float) and isfinite(value)
    except OverflowError:
        return False


def is_lost(value: Any) -> bool:
    """Whether a measured value is one that could not be had: null, NaN or an infinity."""
    return value is None or (isinstance(value, float) and not isfinite(value))


def _read(value: Any, shape: Shape, *, is_text: bool) -> Any:
    """Text as the number, bool or list that it was before it was written as text."""
    if not isinstance(value, str) or shape.type in _TEXTUAL or shape.type == "dyn":
        return value
    if not is_text and (shape.type == "bool" or shape.type in _NUMERIC):
        return value
    try:
        return read_json(value)
    except DuplicateKey:
        return value
    except (ValueError, RecursionError):
        pass
    if shape.type in ("list", "map", "object") and value[:1] in ("[", "{"):
        # What pandas writes for a list in CSV is Python's own notation.
        try:
            with warnings.catch_warnings():
                # The text is data: what Python thinks of its style is nobody's concern.
                warnings.simplefilter("ignore")
                return _literal(value)
        except (MemoryError, RecursionError, SyntaxError, TypeError, ValueError):
            return value
    known = {"true": True, "false": False} if shape.type == "bool" else {}
    if shape.type in _NUMERIC and value.strip().lower() == "nan":
        return float("nan")
    return known.get(value.strip().lower(), value)


def _literal(text: str) -> Any:
    """The value that a text in Python's notation is. Raises ValueError, also for a key that stands twice."""
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [ast.literal_eval(key) for key in node.keys if key is not None]
            if len(set(keys)) < len(keys):
                raise ValueError("a key stands twice")
    return ast.literal_eval(tree)


def _document(one: Any, shape: Shape) -> Any:
    """A retrieved document, which one side may have as text and the other as an object."""
    if shape.type == "string" and isinstance(one, dict):
        return _part("content", cast(dict[str, Any], one), one)
    if shape.type != "object":
        return one
    if isinstance(one, str):
        names = [name for name in shape.fields or {} if name in _DOCUMENT_FIELDS["content"]]
        return {names[0]: one} if names else {}
    if not isinstance(one, dict):
        return one
    document = cast(dict[str, Any], one)
    missing = object()
    found = {name: _part(name, document, missing) for name in shape.fields or {}}
    return {name: part for name, part in found.items() if part is not missing}


def _part(name: str, document: dict[str, Any], missing: Any) -> Any:
    """A document's part by its name, by another name of it, or from its metadata."""
    if name in document:
        return document[name]
    group = next((one for one in _DOCUMENT_FIELDS.values() if name in one), (name,))
    metadata = document.get("metadata")
    holders = [document, cast(dict[str, Any], metadata) if isinstance(metadata, dict) else {}]
    found = [holder[key] for holder in holders for key in group if key in holder]
    return found[0] if found else missing
