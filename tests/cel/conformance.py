"""Runs CEL conformance vectors: `python tests/cel/conformance.py FILE [--verbose]`.

A vector is a line of JSON as `google/cel-spec` defines them, in protobuf's JSON form. Prints the
ids of those that fail, and at the end `N passed, M failed`.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from demur.cel import (
    EvaluationError,
    ExpressionError,
    Optional,
    TypeValue,
    Uint,
    compile,
)
from demur.functions.timestamps import parse_duration, parse_timestamp
from demur.types import Type, parse_type

Vector = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    """Runs the file; returns 0 if every vector passed, else 1."""
    passed = failed = 0
    for vector in read(Path(arguments[0])):
        problem = run(vector)
        if problem is None:
            passed += 1
        else:
            failed += 1
            print(f"{vector['id']}: {problem}" if "--verbose" in arguments else vector["id"])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def read(path: Path) -> Iterator[Vector]:
    """The vectors of a file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def run(vector: Vector) -> str | None:
    """What went otherwise than the vector says, or None."""
    try:
        return _run(vector)
    except Exception as crash:
        return f"crashed: {type(crash).__name__}: {crash}"


def _run(vector: Vector) -> str | None:
    expects_error = "eval_error" in vector
    bindings = {
        name: value_of(binding["value"]) for name, binding in vector.get("bindings", {}).items()
    }
    try:
        program = compile(
            vector["expr"],
            _variables(vector, bindings),
            container=vector.get("container", ""),
            functions=_functions(vector),
            check_types=not vector.get("disable_check", False),
            macros=not vector.get("disable_macros", False),
        )
    except ExpressionError as problem:
        return None if expects_error else f"does not compile: {problem}"
    typed = vector.get("typed_result")
    if typed is not None:
        expected_type = type_of(typed["deduced_type"])
        if parse_type(program.type) != expected_type:
            return f"type {program.type}, expected {expected_type}"
    if vector.get("check_only"):
        return None
    try:
        found = program(bindings)
    except EvaluationError as error:
        return None if expects_error else f"error: {error}"
    if expects_error:
        return f"{found!r}, expected an error"
    expected = value_of(typed["result"] if typed is not None else vector["value"])
    return None if same(found, expected) else f"{found!r}, expected {expected!r}"


def _variables(vector: Vector, bindings: Mapping[str, Any]) -> dict[str, str]:
    declared = {
        entry["name"]: str(type_of(entry["ident"]["type"]))
        for entry in vector.get("type_env", ())
        if "ident" in entry
    }
    return {**dict.fromkeys(bindings, "dyn"), **declared}


def _functions(vector: Vector) -> dict[str, tuple[str, ...]]:
    return {
        entry["name"]: tuple(
            f"{entry['name']}({', '.join(str(type_of(p)) for p in one.get('params', ()))})"
            f" -> {type_of(one['result_type'])}"
            for one in entry["function"]["overloads"]
        )
        for entry in vector.get("type_env", ())
        if "function" in entry
    }


_PRIMITIVES = {"INT64": "int", "UINT64": "uint"}
_WELL_KNOWN = {"TIMESTAMP": "timestamp", "DURATION": "duration", "ANY": "dyn"}


def type_of(json_type: Mapping[str, Any]) -> Type:
    """A `cel.expr.Type`."""
    ((kind, detail),) = json_type.items()
    match kind:
        case "primitive":
            return Type(_PRIMITIVES.get(detail, detail.lower()))
        case "well_known":
            return Type(_WELL_KNOWN[detail])
        case "list_type":
            return Type("list", (type_of(detail["elem_type"]),))
        case "map_type":
            return Type("map", (type_of(detail["key_type"]), type_of(detail["value_type"])))
        case "abstract_type":
            name = "optional" if detail["name"] == "optional_type" else detail["name"]
            return Type(name, tuple(map(type_of, detail.get("parameter_types", ()))))
        case "type_param":
            return Type(detail)
        case "type":
            return Type("type")
        case "null" | "dyn":
            return Type(kind)
        case _:
            raise ValueError(f"a type that demur has not: {json_type}")


def value_of(json_value: Mapping[str, Any]) -> Any:
    """A `cel.expr.Value`."""
    ((kind, content),) = json_value.items()
    match kind:
        case "null_value":
            return None
        case "int64_value":
            return int(content)
        case "uint64_value":
            return Uint(content)
        case "double_value":
            return float(content)
        case "bytes_value":
            return base64.b64decode(content)
        case "list_value":
            return [value_of(element) for element in content.get("values", ())]
        case "map_value":
            return {
                value_of(entry["key"]): value_of(entry["value"])
                for entry in content.get("entries", ())
            }
        case "type_value":
            return TypeValue(content)
        case "object_value":
            return _object(content)
        case "bool_value" | "string_value":
            return content
        case _:
            raise ValueError(f"a value that demur has not: {json_value}")


def _object(content: Mapping[str, Any]) -> Any:
    match content["@type"].rpartition(".")[2]:
        case "Timestamp":
            return parse_timestamp(content["value"])
        case "Duration":
            return parse_duration(content["value"])
        case _:
            raise ValueError(f"a message: {content['@type']}")


def same(found: Any, expected: Any) -> bool:
    """Whether two values are the same, their types included; NaN is the same as NaN."""
    if isinstance(found, Optional):
        found = found.value if found.present else None
    if found.__class__ is not expected.__class__:
        return False
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            same(value, expected[key]) for key, value in found.items()
        )
    if isinstance(found, float) and math.isnan(found):
        return math.isnan(expected)
    return bool(found == expected)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
