"""The JSON Schemas of policy and test files, and validation by them.

Editors read the same schemas, so that the editor and the command line say the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from pydantic import BaseModel

from demur.diagnostics import Diagnostic
from demur.language.document import PolicyDocument, ScalarType, Signal
from demur.language.document_forms import NAME_FORM
from demur.language.document_of_tests import TestDocument
from demur.language.nodes import Node, plain
from demur.language.schema_violations import diagnosed, span_at

__all__ = [
    "policy_schema",
    "schema_texts",
    "span_at",
    "test_schema",
    "validate",
]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file."""
    return _schema(PolicyDocument, "A demur policy file")


def test_schema() -> dict[str, Any]:
    """The JSON Schema of a policy test file."""
    return _schema(TestDocument, "A demur policy test file")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    if "Signal" in definitions:
        _rename(schema, "#/$defs/Signal", "#/$defs/SignalSpec")
        definitions["SignalSpec"] = _signal_spec()
    _tidy(schema)
    return {"$schema": DIALECT, **schema, "title": title}


def _signal_spec() -> dict[str, Any]:
    """A signal's three forms: a type alone, the long form, and an object's fields alone.

    The form is told before its parts are looked at, so each part is validated once however deep it
    is. A mapping without `type` is an object's fields if all its values can be signals.
    """
    is_long = [
        {"required": ["type"]},
        {"not": {"additionalProperties": {"type": ["string", "object"]}}},
    ]
    fields = {
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/SignalSpec"},
        "propertyNames": {"pattern": NAME_FORM, "maxLength": 100},
    }
    return {
        "description": Signal.__doc__,
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": {"enum": list(get_args(ScalarType))},
        "else": {
            "if": {"type": "object", "anyOf": is_long},
            "then": {"$ref": "#/$defs/Signal"},
            "else": fields,
        },
    }


def _rename(node: Any, old: str, new: str) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and value == old:
                node[key] = new
            else:
                _rename(value, old, new)
    elif isinstance(node, list):
        for item in node:
            _rename(item, old, new)


def _tidy(node: Any) -> None:
    """Names of entries are checked as such, and what only repeats something is left out."""
    if isinstance(node, dict):
        if {"type": "null"} in node.get("anyOf", ()):
            _drop_null(node)
        patterns = node.pop("patternProperties", None)
        if patterns:
            ((pattern, value),) = patterns.items()
            node["additionalProperties"] = value
            node["propertyNames"] = {"pattern": pattern, **node.get("propertyNames", {})}
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("enum"), list) or isinstance(node.get("const"), int):
            node.pop("type", None)
        if isinstance(node.get("default"), dict):
            node["default"] = {k: v for k, v in node["default"].items() if v is not None}
        for value in node.values():
            _tidy(value)
    elif isinstance(node, list):
        for item in node:
            _tidy(item)


def _drop_null(node: dict[str, Any]) -> None:
    """A key is left out rather than null."""
    branches = [branch for branch in node["anyOf"] if branch != {"type": "null"}]
    node.pop("default", None)
    if len(branches) == 1:
        del node["anyOf"]
        for key, value in branches[0].items():
            node.setdefault(key, value)
    else:
        node["anyOf"] = branches


def _is_number(_: object, value: object) -> bool:
    """A NaN or an infinity is no number of JSON, and compares with no bound."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _is_whole(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """A pattern's `$` is the end of the text, as in JSON Schema; Python's allows a line feed."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield ValidationError(pattern)


_Validator: Any = extend(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_whole}
    ),
)


@cache
def _validator(kind: str) -> Any:
    return _Validator(policy_schema() if kind == "policy" else test_schema())


def validate(root: Node, kind: str = "policy") -> list[Diagnostic]:
    """Every violation of the schema of a `policy` or `test` file, with its place."""
    found: list[Diagnostic] = []
    for error in _validator(kind).iter_errors(plain(root)):
        for leaf in _leaves(error):
            found.extend(diagnosed(leaf, root))
    return list(dict.fromkeys(found))


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The violations behind one: those of the alternative that was probably meant."""
    if error.validator not in ("anyOf", "oneOf"):
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    likely = [errors for errors in branches.values() if not _is_of_another_kind(errors)]
    if not likely:
        yield error
        return
    for inner in min(likely, key=lambda errors: _unlikeliness(errors, error.instance)):
        inner.parent = error.parent
        inner.path.extendleft(reversed(error.path))
        yield from _leaves(inner)


def _is_of_another_kind(errors: list[ValidationError]) -> bool:
    """Whether an alternative is for another kind of value: text where a mapping stands."""
    return any(
        not error.path
        and (
            error.validator == "type"
            or (error.validator in ("enum", "const") and not isinstance(error.instance, str))
        )
        for error in errors
    )


def _unlikeliness(errors: list[ValidationError], instance: Any) -> tuple[int, int, int]:
    """How unlikely it is that this alternative was meant: no key in common, many violations."""
    strange = 0
    for error in errors:
        if not error.path and error.validator == "required" and isinstance(instance, dict):
            known = set(error.schema.get("properties", {}))  # type: ignore[union-attr]
            strange = max(strange, 0 if set(instance) & known else 1)
    return (strange, -max((len(error.path) for error in errors), default=0), len(errors))


def schema_texts() -> dict[str, str]:
    """The files in `schemas/` that this module defines, by name."""
    schemas = {"policy.schema.json": policy_schema(), "test.schema.json": test_schema()}
    return {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


if __name__ == "__main__":
    for name, text in schema_texts().items():
        (Path("schemas") / name).write_text(text, encoding="utf-8", newline="\n")
