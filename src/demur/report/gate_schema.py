"""The JSON Schema of a gate's JSON, made from the dataclasses that the JSON is written from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from demur.measure.results import VERDICTS, GateResult, Requirement
from demur.report.gates.json import VERSION

_SCALARS = {str: "string", bool: "boolean", int: "integer"}
_CHOICES = {"verdict": VERDICTS, "level": ("fail", "warn")}
"""Fields that are text and take these values only."""
_UNWRITTEN = {"policy_text"}
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


def gate_schema() -> dict[str, Any]:
    """The schema of what `demur gate --format json` writes."""
    definitions: dict[str, Any] = {"number": _NUMBER, "Slice": _SLICE}
    root = _object(GateResult, definitions)
    about = {
        "version": {"const": VERSION, "description": "Rises when a reader of it must change."},
        "demur": {"type": "string", "description": "The version of demur that wrote it."},
        "verdict": {"enum": list(VERDICTS), "description": "The gate's."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:demur:schema:gate:{VERSION}",
        "title": "The result of demur gate --format json",
        **root,
        "required": [*about, *root["required"]],
        "properties": {**about, **root["properties"]},
        "$defs": definitions,
    }


def gate_schema_text() -> str:
    """The schema as it stands in `schemas/gate.schema.json`."""
    return json.dumps(gate_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """An object with all of a dataclass's fields, and what is said of them."""
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind) if one.name not in _UNWRITTEN]
    properties = {name: _written(name, hints[name], definitions) for name in names}
    if kind is Requirement:
        properties["verdict"] = _written("verdict", str, definitions)
    return {
        "description": " ".join((kind.__doc__ or "").replace("`", "").split()),
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _written(name: str, hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """How a field of this type is written."""
    if name in _CHOICES:
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
