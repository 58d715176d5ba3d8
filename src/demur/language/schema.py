"""The JSON Schemas of policy and test files, and validation by them.

Editors read the same schemas, so that the editor and the command line say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel

from demur.diagnostics import Diagnostic, Edit, Span
from demur.language.document import PolicyDocument, ScalarType, Signal
from demur.language.document_codes import DEPRECATED_KEYS, finding
from demur.language.document_of_tests import TestDocument
from demur.language.nodes import MappingNode, Node, ScalarNode, locate, locate_key, plain
from demur.suggestions import did_you_mean

Path_ = tuple[str | int, ...]
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
    """A signal's three forms: a type alone, the long form, and an object's fields alone."""
    return {
        "description": Signal.__doc__,
        "anyOf": [
            {"enum": list(get_args(ScalarType))},
            {"$ref": "#/$defs/Signal"},
            {
                "type": "object",
                "not": {"required": ["type"]},
                "additionalProperties": {"$ref": "#/$defs/SignalSpec"},
                "minProperties": 1,
            },
        ],
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
    """Names of entries are checked as such, and what only repeats the key's name is left out."""
    if isinstance(node, dict):
        patterns = node.pop("patternProperties", None)
        if patterns:
            ((pattern, value),) = patterns.items()
            node["additionalProperties"] = value
            node["propertyNames"] = {"pattern": pattern}
        if "title" in node and isinstance(node["title"], str):
            del node["title"]
        if node.get("anyOf") and {"type": "null"} in node["anyOf"]:
            _drop_null(node)
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


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(policy_schema() if kind == "policy" else test_schema())


def validate(root: Node, kind: str = "policy") -> list[Diagnostic]:
    """Every violation of the schema of a `policy` or `test` file, with its place."""
    found: list[Diagnostic] = []
    for error in _validator(kind).iter_errors(cast("Any", plain(root))):
        for leaf in _leaves(error):
            found.extend(_diagnosed(leaf, root))
    return found


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The violations behind one: those of the alternative that was probably meant."""
    if error.validator not in ("anyOf", "oneOf"):
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    best = min(branches.values(), key=lambda errors: _unlikeliness(errors, error.instance))
    for inner in best:
        inner.parent = error.parent
        inner.path.extendleft(reversed(error.path))
        yield from _leaves(inner)


def _unlikeliness(errors: list[ValidationError], instance: Any) -> tuple[int, int, int]:
    """How unlikely it is that this alternative was meant: of another kind, then many violations."""
    other_kind = 0
    for error in errors:
        if error.path:
            continue
        wrong_value = error.validator in ("enum", "const") and not isinstance(instance, str)
        if error.validator == "type" or wrong_value:
            other_kind = 3
        elif error.validator == "not":
            other_kind = 2
        elif error.validator == "required" and isinstance(instance, dict):
            known = set(error.schema.get("properties", {}))  # type: ignore[union-attr]
            other_kind = max(other_kind, 0 if set(instance) & known else 1)
    return (other_kind, -max((len(error.path) for error in errors), default=0), len(errors))


_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    for type, name in (
        (bool, "true or false"),
        (str, "text"),
        (int, "a number"),
        (float, "a number"),
        (dict, "a mapping"),
        (list, "a list"),
    ):
        if isinstance(value, type):
            return name
    return "nothing"


def span_at(root: Node, path: Path_) -> Span:
    """The span of the value at a path, or of the nearest thing around it that has one."""
    while path:
        node = locate(root, path)
        if node is not None:
            return node.span
        path = path[:-1]
    return _heading(root, ())


def _heading(root: Node, path: Path_) -> Span:
    """The key of an entry, or the file's first key."""
    key = locate_key(root, path)
    if key is not None:
        return key.span
    node = locate(root, path)
    if isinstance(node, MappingNode) and node.entries:
        return node.entries[0].key.span
    return (node or root).span


def _diagnosed(error: ValidationError, root: Node) -> Iterator[Diagnostic]:
    path: Path_ = tuple(error.absolute_path)
    if error.parent is None:
        path = tuple(error.path)
    instance: Any = error.instance
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this"
    span = span_at(root, path)
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", {}))
            for key in instance:
                if key not in known:
                    yield _unknown_key(root, path, key, known)
        case "required":
            for key in error.validator_value:  # type: ignore[union-attr]
                if key not in instance:
                    message = f"`{key}` is missing{f' in {name}' if path else ''}."
                    advice = schema.get("properties", {}).get(key, {}).get("description")
                    yield finding("DM202", message, _heading(root, path), advice)
        case "type":
            expected = error.validator_value
            kinds = [expected] if isinstance(expected, str) else list(expected)  # type: ignore[arg-type]
            wanted = " or ".join(_KINDS[str(one)] for one in kinds)
            advice = "Write it in quotes." if wanted == "text" and _is_plain(instance) else None
            message = f"{_begin(name)} must be {wanted}, and is {kind_of(instance)}."
            yield finding("DM203", message, span, advice)
        case "enum" | "const":
            values = error.validator_value if error.validator == "enum" else [error.validator_value]
            yield _bad_value(path, instance, [str(one) for one in values], span)  # type: ignore[union-attr]
        case "pattern":
            is_name = isinstance(locate(root, path), MappingNode)
            key = locate_key(root, (*path, instance)) if is_name else None
            message = f"`{instance}` is not in the form {error.validator_value}."
            advice = "Names are lower case, begin with a letter, and have `_` between words."
            yield finding("DM205", message, key.span if key else span, advice if key else None)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            words = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "above",
                "exclusiveMaximum": "below",
            }
            message = (
                f"{_begin(name)} must be {words[str(error.validator)]} {error.validator_value}."
            )
            yield finding("DM206", message, span)
        case "not":
            yield finding("DM202", f"{_begin(name)} is not in any form of a signal.", span)
        case _:
            bound = f"{error.validator}: {error.validator_value}"
            message = f"{_begin(name)} has a size that is not possible ({bound})."
            yield finding("DM207", message, span)


def _begin(name: str) -> str:
    return name if name.startswith("`") else name.capitalize()


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | bool)


def _unknown_key(root: Node, path: Path_, key: str, known: list[str]) -> Diagnostic:
    node = locate_key(root, (*path, key))
    span = node.span if node is not None else span_at(root, path)
    right = DEPRECATED_KEYS.get(key)
    if right in known:
        edits = (Edit(span, right, safe=True),) if isinstance(node, ScalarNode) and right else ()
        return finding("DM210", f"The key is called `{right}`.", span, f"Write `{right}`.", edits)
    advice = did_you_mean(key, known) or f"The keys here: {', '.join(known)}."
    return finding("DM201", f"There is no key `{key}` here.", span, advice)


def _bad_value(path: Path_, instance: Any, values: list[str], span: Span) -> Diagnostic:
    if path == ("demur",):
        return finding("DM208", f"This demur reads language version 1, not {instance}.", span)
    advice = did_you_mean(str(instance), values) or f"One of: {', '.join(values)}."
    return finding("DM204", f"`{instance}` is no possible value here.", span, advice)


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
