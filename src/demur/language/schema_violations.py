"""A violation of a schema in words, with its place in the file and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from demur.diagnostics import Diagnostic, Edit, Span
from demur.language.document_codes import DEPRECATED_KEYS, VALUES, finding, renamed
from demur.language.document_forms import (
    LABEL_FORM,
    NAME_FORM,
    POLICY_FORM,
    TARGET_FORM,
    TIMEOUT_FORM,
    VERSION_FORM,
    WINDOW_FORM,
)
from demur.language.instead import as_entries, as_number, line, type_meant
from demur.language.nodes import MappingNode, Node, locate, locate_key
from demur.suggestions import closest, did_you_mean

Place = tuple[str | int, ...]

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_FORMS = {
    NAME_FORM: ("a name", "Begin with a small letter; then small letters, digits and `_`."),
    LABEL_FORM: ("a name", "Begin with a small letter; then small letters, digits, `-` and `_`."),
    POLICY_FORM: ("a policy's name", "Write words in small letters with `-` between them."),
    WINDOW_FORM: ("a length of time", "Write a number and its unit: `15m`, `1h`, `7d`."),
    TIMEOUT_FORM: ("a time-out", "Write a number and its unit: `500ms`, `30s`, `2m`."),
    VERSION_FORM: ("a version", "Write three numbers: `1.4.0`."),
    TARGET_FORM: ("a target", "Write `python:MODULE:FUNCTION`, an http URL, or `command:…`."),
}
"""What a pattern describes, and how to write it."""
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}
_SIZES = {
    "minLength": ("shorter than", "character"),
    "maxLength": ("longer than", "character"),
    "minItems": ("shorter than", "item"),
    "maxItems": ("longer than", "item"),
    "minProperties": ("shorter than", "entry"),
    "maxProperties": ("longer than", "entry"),
}
_LONGEST = 60
"""How many characters of a value a message shows."""


def diagnosed(error: ValidationError, root: Node) -> Iterator[Diagnostic]:
    """The diagnostics of one violation of a schema by the tree of a file."""
    place: Place = tuple(error.path if error.parent is None else error.absolute_path)
    value: Any = error.instance
    bound: Any = error.validator_value
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    key = _key_of(error, root, place)
    span = key or span_at(root, place)
    name = f"`{_shown(value)}`" if key else _named(place)
    match str(error.validator):
        case "additionalProperties":
            yield from _unknown_keys(root, place, value, schema)
        case "required":
            yield from _missing_keys(root, place, value, schema, bound)
        case "type":
            kinds = [bound] if isinstance(bound, str) else bound
            advice = as_entries(place, locate(root, place)) if bound == "object" else None
            yield _wrong_kind(name, value, [_KINDS[one] for one in kinds], span, advice)
        case "anyOf":
            kinds = dict.fromkeys(
                kind for inner in error.context or () for kind in _kinds_of(inner.schema)
            )
            yield _wrong_kind(name, value, _distinct(list(kinds)), span)
        case "const" if place == ("demur",):
            yield _other_version(value, span)
        case "enum" | "const":
            values = [str(one) for one in (bound if error.validator == "enum" else [bound])]
            yield _bad_value(place, value, values, span)
        case "pattern":
            form, advice = _FORMS[bound]
            yield finding("DM205", f"`{_shown(value)}` is not {form}.", span, advice)
        case "not":
            message = f"Nothing here can be called {name}: expressions have it for something else."
            yield finding("DM205", message, span, "Give it another name.")
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" as limit:
            share = bound == 1 and "aximum" in limit and value < 100
            advice = f"Write `{value / 100:g}` for {value:g} %." if share else None
            yield finding(
                "DM206", f"{_begin(name)} must be {_BOUNDS[limit]} {bound}.", span, advice
            )
        case other:
            yield finding("DM207", _size(name, other, bound), span)


def span_at(root: Node, place: Place) -> Span:
    """The span of the value at a place, or of the nearest thing around it that has one."""
    while place:
        node = locate(root, place)
        if node is not None:
            return node.span
        place = place[:-1]
    return _heading(root, ())


def _heading(root: Node, place: Place) -> Span:
    """The key of an entry, or the first key of the file or of an item of a list."""
    key = locate_key(root, place)
    if key is not None:
        return key.span
    node = locate(root, place)
    if isinstance(node, MappingNode) and node.entries:
        return node.entries[0].key.span
    return (node or root).span


def _key_of(error: ValidationError, root: Node, place: Place) -> Span | None:
    """The key that a violation is about, if it is about the name of an entry."""
    if "propertyNames" not in list(error.schema_path)[-2:]:
        return None
    key = locate_key(root, (*place, str(error.instance)))
    return None if key is None else key.span


def _named(place: Place) -> str:
    """What a message calls a place."""
    match place:
        case ():
            return "the file"
        case (*_, str(key)):
            return f"`{key}`"
        case (*_, str(key), int(index)):
            return f"item {index + 1} of `{key}`"
        case _:
            return "this item"


def _begin(name: str) -> str:
    return name[0].upper() + name[1:]


def _shown(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _kind_of(value: Any) -> str:
    """What a value is, in words."""
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number" if value - value == 0 else "no finite number"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "empty"


def _kinds_of(schema: Any) -> Iterator[str]:
    """The kinds of value that one alternative is for."""
    kind = schema.get("type", "string" if "enum" in schema else None)
    if kind in _KINDS:
        yield _KINDS[kind]


def _distinct(kinds: list[str]) -> list[str]:
    """A whole number is a number."""
    return [one for one in kinds if one != "a whole number" or "a number" not in kinds]


def _wrong_kind(
    name: str, value: Any, kinds: list[str], span: Span, advice: str | None = None
) -> Diagnostic:
    message = f"{_begin(name)} must be {' or '.join(kinds)}, and is {_kind_of(value)}."
    if value is None:
        advice = "Give it a value, or leave the key out."
    elif "text" in kinds and isinstance(value, int | float) and value - value == 0:
        advice = "Write it in quotes."
    elif kinds == ["text"] and isinstance(value, list) and len(value) == 1:
        advice = f"Write `{_shown(value[0])}`."
    elif isinstance(value, str) and set(kinds) & {"a number", "a whole number"}:
        number = as_number(value)
        advice = None if number is None else f"Write `{number}`."
    elif kinds == ["a list"] and isinstance(value, str):
        advice = f"Write `[{_shown(value)}]`."
    return finding("DM203", message, span, advice)


def _other_version(value: Any, span: Span) -> Diagnostic:
    if isinstance(value, int) and not isinstance(value, bool):
        message = f"This demur reads language version 1, not {_shown(value)}."
        return finding("DM208", message, span)
    message = f"`demur` must be the number 1, and is {_kind_of(value)}."
    return finding("DM203", message, span, "Write `demur: 1`.")


def _bad_value(place: Place, value: Any, values: list[str], span: Span) -> Diagnostic:
    if not isinstance(value, str):
        return _wrong_kind(_named(place), value, ["text"], span)
    meant = type_meant(value) if "double" in values else None
    if meant is not None:
        message = f"There is no type `{_shown(value)}`."
        if value in ("list", "map", "object"):
            message = f"`{value}` alone does not say what it holds."
        if place[-1:] == ("type",):
            # The keys stand within a mapping already.
            meant = meant[1:-1] if meant.startswith("{") else f"type: {meant}"
        return finding("DM204", message, span, f"Write `{meant}`.")
    ours = renamed(value.lower(), VALUES, values)
    advice = f"Write `{ours}`." if ours else did_you_mean(value, values)
    advice = advice or f"One of: {', '.join(values)}."
    return finding("DM204", f"`{_shown(value)}` is no possible value here.", span, advice)


def _size(name: str, limit: str, bound: Any) -> str:
    if bound == 1 and limit.startswith("min"):
        return f"{_begin(name)} must not be empty."
    compared, unit = _SIZES[limit]
    units = unit if bound == 1 else re.sub("y$", "ie", unit) + "s"
    return f"{_begin(name)} is {compared} {bound} {units}."


def _missing_keys(
    root: Node, place: Place, value: Any, schema: Mapping[str, Any], wanted: Iterable[str]
) -> Iterator[Diagnostic]:
    """Keys that are not there, but for those that are there under another spelling."""
    known = schema.get("properties", {})
    misspelt = {_meant(key, known) for key in value if key not in known}
    for key in wanted:
        if key not in value and key not in misspelt:
            where = f" in {_named(place)}" if place else ""
            about, example = known.get(key, {}).get("description"), line(key, root)
            parts = (about, f"Write `{example}`." if example else None)
            advice = " ".join(filter(None, parts)) or None
            yield finding("DM202", f"`{key}` is missing{where}.", _heading(root, place), advice)


def _meant(key: str, known: Iterable[str]) -> str | None:
    """The key that was probably meant by one that is not known."""
    return renamed(key, DEPRECATED_KEYS, known) or closest(key, known)


def _unknown_keys(
    root: Node, place: Place, value: Any, schema: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    known = list(schema.get("properties", {}))
    for key in value:
        if key in known:
            continue
        node = locate_key(root, (*place, key))
        span = node.span if node is not None else span_at(root, place)
        right = renamed(key, DEPRECATED_KEYS, known)
        if right is not None:
            yield _deprecated_key(key, right, value, span)
        elif key.count(")") > key.count("("):
            message = "A comma cuts the value before it in two."
            yield finding("DM201", message, span, "Put the whole value in quotes.")
        else:
            advice = did_you_mean(key, known) or f"The keys here: {', '.join(known)}."
            yield finding("DM201", f"There is no key `{_shown(key)}` here.", span, advice)


def _deprecated_key(key: str, right: str, entries: Iterable[str], span: Span) -> Diagnostic:
    """A key under another spelling; it is mended only where that leaves one key of the name."""
    rivals = [one for one in entries if right in (one, *DEPRECATED_KEYS.get(one, "").split())]
    message = f"The key `{key}` is called `{right}`."
    if len(rivals) > 1:
        advice = (
            f"Write `{right}` once: it stands here as {' and '.join(f'`{x}`' for x in rivals)}."
        )
        return finding("DM210", message, span, advice)
    return finding("DM210", message, span, f"Write `{right}`.", (Edit(span, right, safe=True),))
