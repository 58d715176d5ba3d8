"""The JSON Schema of a policy's records, for who produces them.

What the schema takes has every declared signal, and each is known: it says of a record what
`demur.backends.python.reading` finds when it reads the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from demur.functions.values import INT_MAX, INT_MIN, UINT_MAX
from demur.interop.json import json_text
from demur.policy import Policy, Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LARGEST = 1.7976931348623157e308
"""The greatest double: what is beyond is infinite."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
_ZONE = r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
_PART = "([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION = f"^[-+]?(0|({_PART})+)$"
_JSON = "json"
"""The name of the schema of any JSON value whose numbers are doubles."""
_ANY = {"$ref": f"#/$defs/{_JSON}"}
_IDENTITY: Mapping[str, Mapping[str, Any]] = {
    "id": {"description": "Which case it is: pairs a run with its baseline."},
    "trace_id": {"type": "string", "description": "Which request it is."},
    "span_id": {"type": "string", "description": "Which part of the request it is."},
    "time": {"type": "string", "format": "date-time", "description": "When it was decided."},
    "demur": {"type": "object", "description": "What the journal says of its own line."},
    "decision": {"type": "object", "description": "What was decided, in a journal's line."},
}
"""What a record may hold beside its signals."""


def write(policy: Policy, digest: str, stage: str | None = None, *, closed: bool = False) -> str:
    """The schema as text.

    Every signal of `stage`, the last by default, and of those before it must be there if it is neither
    optional nor derived; the outcome need never be. `closed` refuses keys that the policy does not declare,
    which it would not read. Raises ValueError for a stage that there is not.
    """
    return json_text(schema(policy, digest, stage, closed=closed))


def schema(
    policy: Policy, digest: str, stage: str | None = None, *, closed: bool = False
) -> dict[str, Any]:
    """The schema as JSON data; see `write`."""
    stages = list(policy.stages)
    needed = stages if stage is None else stages[: stages.index(stage) + 1]
    version = f" {policy.version}" if policy.version else ""
    required = {
        stage: [
            name
            for name, shape in shapes.items()
            if not shape.optional and (stage, name) not in policy.derived
        ]
        for stage, shapes in policy.stages.items()
    }
    parts = {
        stage: _object(
            shapes, required[stage], closed, [name for at, name in policy.derived if at == stage]
        )
        for stage, shapes in policy.stages.items()
        if shapes
    }
    for name in parts.keys() - set(needed):
        parts[name]["description"] = f"Not needed yet at stage {stage}."
    if policy.outcome:
        # What is not known yet is left out.
        parts["outcome"] = _object(policy.outcome, (), closed)
        parts["outcome"]["description"] = "Known only afterwards."
    return {
        "$schema": DIALECT,
        "title": f"A record of {policy.name}{version}",
        "description": policy.about,
        "$comment": f"Written by demur from the policy with digest {digest}.",
        "type": "object",
        "properties": {**_IDENTITY, **parts},
        **_required([name for name in needed if required[name]]),
        **({"additionalProperties": False} if closed else {}),
        **({"$defs": {_JSON: _ANY_VALUE}} if _has_dyn(policy) else {}),
    }


def _object(
    shapes: Mapping[str, Shape], required: Sequence[str], closed: bool, derived: Sequence[str] = ()
) -> dict[str, Any]:
    """An object with these signals or fields, of which those `required` must be there.

    Null is as absent for those `derived`, as it is for optional ones.
    """
    return {
        "type": "object",
        "properties": {
            name: _signal(shape, closed, shape.optional or name in derived)
            for name, shape in shapes.items()
        },
        **_required(required),
        **({"additionalProperties": False} if closed else {}),
    }


def _required(names: Sequence[str]) -> dict[str, Any]:
    return {"required": list(names)} if names else {}


def _signal(shape: Shape, closed: bool, nullable: bool) -> dict[str, Any]:
    known = {**_value(shape, closed), **_described(shape)}
    return {"anyOf": [known, {"type": "null"}]} if nullable else known


def _value(shape: Shape, closed: bool) -> dict[str, Any]:
    """What a known value of the shape is."""
    written = _TYPES[shape.type](shape, closed)
    if shape.enum is not None:
        written["enum"] = list(shape.enum)
    return written


def _described(shape: Shape) -> dict[str, Any]:
    said = [
        f"In {shape.unit}." if shape.unit else "",
        "Personal." if shape.pii else "",
        f"OpenTelemetry: {shape.otel}." if shape.otel else "",
    ]
    text = " ".join(one for one in said if one)
    return {"description": text} if text else {}


def _whole(least: int, most: int) -> Callable[[Shape, bool], dict[str, Any]]:
    def written(shape: Shape, closed: bool) -> dict[str, Any]:
        del closed
        low = least if shape.minimum is None else max(least, int(shape.minimum))
        high = most if shape.maximum is None else min(most, int(shape.maximum))
        return {"type": "integer", "minimum": low, "maximum": high}

    return written


def _double(shape: Shape, closed: bool) -> dict[str, Any]:
    del closed
    low = -_LARGEST if shape.minimum is None else shape.minimum
    high = _LARGEST if shape.maximum is None else shape.maximum
    return {"type": "number", "minimum": low, "maximum": high}


def _text(shape: Shape, closed: bool) -> dict[str, Any]:
    del closed
    return {"type": "string", **_sized("maxLength", shape)}


def _sized(key: str, shape: Shape) -> dict[str, Any]:
    return {} if shape.maximum_size is None else {key: shape.maximum_size}


def _bytes(shape: Shape, closed: bool) -> dict[str, Any]:
    """Base64 text of so many bytes: groups of four characters, the last perhaps padded."""
    del closed
    four, two, one = "[A-Za-z0-9+/]{4}", "[A-Za-z0-9+/]{3}=", "[A-Za-z0-9+/]{2}=="
    if shape.maximum_size is None:
        pattern = f"^({four})*({two}|{one})?$"
    else:
        whole, rest = divmod(shape.maximum_size, 3)
        shorter = f"({four}){{0,{whole - 1}}}({four}|{two}|{one})" if whole else ""
        longest = ["", f"({four}){{{whole}}}{one}", f"({four}){{{whole}}}({one}|{two})"][rest]
        pattern = f"^({'|'.join(each for each in (shorter, longest) if each)})?$"
    return {"type": "string", "contentEncoding": "base64", "pattern": pattern}


def _timestamp(shape: Shape, closed: bool) -> dict[str, Any]:
    """RFC 3339 text; with a zone declared also text that names none, if clocks showed it once."""
    del closed
    whole = f"{_DAY}[Tt]{_TIME}{_ZONE}"
    if shape.zone is None:
        return {"type": "string", "format": "date-time", "pattern": f"^{whole}$"}
    return {"type": "string", "pattern": f"^({whole}|{_DAY}[Tt ]{_TIME})$"}


def _list(shape: Shape, closed: bool) -> dict[str, Any]:
    return {"type": "array", "items": _elements(shape, closed), **_sized("maxItems", shape)}


def _map(shape: Shape, closed: bool) -> dict[str, Any]:
    values = _elements(shape, closed)
    return {"type": "object", "additionalProperties": values, **_sized("maxProperties", shape)}


def _elements(shape: Shape, closed: bool) -> dict[str, Any]:
    """The elements of a list, or the values of a map: each must be known."""
    if shape.of is None:
        return _ANY
    return {**_value(shape.of, closed), **_described(shape.of)}


def _dyn(shape: Shape, closed: bool) -> dict[str, Any]:
    del closed
    known = {**_ANY, "not": {"type": "null"}}
    for key in ("maxLength", "maxItems", "maxProperties"):
        known |= _sized(key, shape)
    return known


_ANY_VALUE: Mapping[str, Any] = {
    "type": ["null", "boolean", "number", "string", "array", "object"],
    "minimum": -_LARGEST,
    "maximum": _LARGEST,
    "items": _ANY,
    "additionalProperties": _ANY,
}

_TYPES: Mapping[str, Callable[[Shape, bool], dict[str, Any]]] = {
    "bool": lambda shape, closed: {"type": "boolean"},
    "int": _whole(INT_MIN, INT_MAX),
    "uint": _whole(0, UINT_MAX),
    "double": _double,
    "string": _text,
    "bytes": _bytes,
    "timestamp": _timestamp,
    "duration": lambda shape, closed: {"type": "string", "pattern": _DURATION},
    "list": _list,
    "map": _map,
    "object": lambda shape, closed: _object(
        shape.fields or {},
        [name for name, field in (shape.fields or {}).items() if not field.optional],
        closed,
    ),
    "dyn": _dyn,
}
"""How a value of each declared type is written in JSON."""


def _has_dyn(policy: Policy) -> bool:
    def inside(shape: Shape) -> bool:
        parts = [*(shape.fields or {}).values(), *([shape.of] if shape.of else [])]
        return shape.type == "dyn" or any(map(inside, parts))

    every = [*policy.stages.values(), policy.outcome]
    return any(inside(shape) for shapes in every for shape in shapes.values())
