"""How results are written as JSON, and the JSON Schema of that: both from their dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from demur.measure.results import VERDICTS, Requirement, Slice
from demur.report.gates.wording import json_number
from demur.runs.trend import Series

_COMPUTED: Mapping[type, tuple[str, ...]] = {
    Requirement: ("verdict",),
    Series: ("first", "last", "change", "samples"),
}
"""Properties that are written too, after the fields."""
_UNWRITTEN = {"policy_text"}
_SCALARS = {str: "string", bool: "boolean", int: "integer"}
_CHOICES = {
    "verdict": VERDICTS,
    "level": ("fail", "warn"),
    "better": ("lower", "higher"),
    "every": ("run", "week"),
}
"""Fields that are text and take these values only."""
_NUMBER = {
    "description": "A number that JSON has not is text, or null where it is not a number.",
    "anyOf": [{"type": "number"}, {"enum": ["Infinity", "-Infinity", None]}],
}
_SLICE = {
    "description": "The records that have these values; none for all records.",
    "type": "object",
    "additionalProperties": False,
    "required": ["of", "remainder", "name"],
    "properties": {
        "of": {
            "description": "The value of each dimension.",
            "type": "object",
            "additionalProperties": {"type": "string"},
        },
        "remainder": {
            "description": "How many slices under the floor are pooled here; 0 for a plain slice.",
            "type": "integer",
            "minimum": 0,
        },
        "name": {"description": "The slice for people; `all` for all records.", "type": "string"},
    },
}


def plain(value: Any) -> Any:
    """The value as JSON data. A number that JSON has not is the text `Infinity` or null."""
    if isinstance(value, Slice):
        return {"of": dict(value.of), "remainder": value.remainder, "name": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        names = (*_fields(type(value)), *_COMPUTED.get(type(value), ()))
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return json_number(value) if isinstance(value, float) else value


def schema(name: str, title: str, kind: type, first: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of what is written of a dataclass, after properties that come `first`.

    `name` is the schema's, with its version: `gate:1`.
    """
    definitions: dict[str, Any] = {"number": _NUMBER, "Slice": _SLICE}
    root = _object(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:demur:schema:{name}",
        "title": title,
        **root,
        "required": [*first, *root["required"]],
        "properties": {**first, **root["properties"]},
        "$defs": definitions,
    }


def heading(version: int) -> dict[str, Any]:
    """The schema of what every such document begins with."""
    return {
        "version": {"const": version, "description": "Rises when a reader of it must change."},
        "demur": {"type": "string", "description": "The version of demur that wrote it."},
    }


def _fields(kind: Any) -> list[str]:
    return [one.name for one in fields(kind) if one.name not in _UNWRITTEN]


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """An object with all of a dataclass's fields, and what is said of them."""
    hints = get_type_hints(kind)
    properties = {name: _written(name, hints[name], definitions) for name in _fields(kind)}
    for name in _COMPUTED.get(kind, ()):
        hint = get_type_hints(getattr(kind, name).fget)["return"]
        properties[name] = _written(name, hint, definitions)
    return {
        "description": " ".join((kind.__doc__ or "").replace("`", "").split()),
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _written(name: str, hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """How a field of this type is written."""
    if hint is str and name in _CHOICES:
        return {"enum": list(_CHOICES[name])}
    if hint is Any:
        return {}
    if hint is float:
        return {"$ref": "#/$defs/number"}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if is_dataclass(hint):
        return _reference(hint, definitions)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        (inner,) = (one for one in arguments if one is not NoneType)
        return _or_null(_written(name, inner, definitions))
    if origin is Mapping:
        return {
            "type": "object",
            "additionalProperties": _written("", arguments[1], definitions),
        }
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _written("", arguments[0], definitions)}
    if origin is tuple:
        items = [_written("", one, definitions) for one in arguments]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    raise TypeError(f"nothing says how {name}, a {hint}, is written")


def _reference(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # so that it comes before what it refers to
        definitions[kind.__name__] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if schema == {"$ref": "#/$defs/number"}:
        return schema
    if "type" in schema and not isinstance(schema["type"], list) and len(schema) == 1:
        return {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
