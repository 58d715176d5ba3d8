"""The JSON Schema of the journal's lines, made from the table of their fields."""

from __future__ import annotations

import json
from typing import Any

from demur.service.journal.fields import DECISION, FIELDS, LOST, OUTCOME, Field
from demur.service.journal.line import FORMAT

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_KINDS: dict[str, dict[str, Any]] = {
    "string": _TEXT,
    "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"},
    "int": {"type": "integer", "minimum": 0},
    "bool": {"type": "boolean"},
    "double": {"type": "number"},
    "strings": _TEXTS,
    "shadow": {
        "type": "object",
        "additionalProperties": False,
        "required": ["action", "rule", "digest"],
        "properties": {"action": _TEXT, "rule": {"type": ["string", "null"]}, "digest": _TEXT},
    },
    "reasons": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["signal", "kind", "detail", "rules"],
            "properties": {"signal": _TEXT, "kind": _TEXT, "detail": _TEXT, "rules": _TEXTS},
        },
    },
}
_SIGNALS = {"type": "object", "description": "Signals by name, as the policy declares them."}
_TITLES = {
    DECISION: "A decision, with its record: further keys are stages",
    OUTCOME: "What became of a trace",
    LOST: "Lines that are missing",
}


def journal_schema() -> dict[str, Any]:
    """The schema of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:demur:schema:journal:{FORMAT}",
        "title": "A line of demur's journal",
        "type": "object",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in _TITLES],
        "$defs": {kind: _line(kind) for kind in _TITLES},
    }


def journal_schema_text() -> str:
    """The schema as it stands in `schemas/journal.schema.json`."""
    return json.dumps(journal_schema(), indent=2, ensure_ascii=False) + "\n"


def _line(kind: str) -> dict[str, Any]:
    tops = ["", "demur", *(["decision"] if kind == DECISION else [])]
    parts = {top: _object([one for one in FIELDS if _top(one) == top], kind) for top in tops}
    line = parts.pop("")
    properties = {**line["properties"], **parts}
    required = [*line["required"], *parts]
    if kind == OUTCOME:
        properties["outcome"] = _SIGNALS
        required.append("outcome")
    return {
        "title": _TITLES[kind],
        "type": "object",
        "additionalProperties": _SIGNALS if kind == DECISION else False,
        "required": required,
        "properties": properties,
    }


def _object(fields: list[Field], kind: str) -> dict[str, Any]:
    allowed = [one for one in fields if kind in one.needed_in or _may_be_in(one, kind)]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [_name(one) for one in allowed if _is_needed(one, kind)],
        "properties": {_name(one): _property(one, kind) for one in allowed},
    }


def _may_be_in(field: Field, kind: str) -> bool:
    """Whether a field that no line must have may be in lines of this kind."""
    if field.needed_in:
        return False
    if field.path == "demur.kind":
        return kind != DECISION
    return kind == DECISION or (kind == OUTCOME and field.path != "demur.bypassed_action")


def _is_needed(field: Field, kind: str) -> bool:
    return kind in field.needed_in or (field.path == "demur.kind" and kind != DECISION)


def _property(field: Field, kind: str) -> dict[str, Any]:
    value = _KINDS[field.kind]
    if field.path == "demur.kind":
        value = {"const": kind}
    if field.path == "demur.journal":
        value = {"const": FORMAT}
    if field.is_nullable:
        value = {"anyOf": [value, {"type": "null"}]}
    return {"description": field.about, **value}


def _top(field: Field) -> str:
    top, dot, _ = field.path.partition(".")
    return top if dot else ""


def _name(field: Field) -> str:
    return field.path.rpartition(".")[2]
