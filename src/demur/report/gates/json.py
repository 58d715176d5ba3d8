"""JSON, for programs: everything that was found, versioned; see `schemas/gate.schema.json`."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from demur.interop.json import json_text
from demur.measure.results import GateResult, Judgement, Requirement, Slice
from demur.report import version
from demur.report.gates.wording import json_number

VERSION = 1
"""Rises when a reader of the format must change."""


def write(result: GateResult) -> str:
    """The result as one object. A number that JSON has not is the text `Infinity` or null."""
    shown = {
        "version": VERSION,
        "demur": version(),
        "verdict": result.verdict,
        **_plain(result),
    }
    shown.pop("policy_text")
    return json_text(shown)


def _plain(value: Any) -> Any:
    if isinstance(value, Slice):
        return {"of": dict(value.of), "remainder": value.remainder, "name": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        found = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        if isinstance(value, Requirement):
            found["verdict"] = value.verdict
        if isinstance(value, Judgement):
            found["cases"] = list(value.cases)
        return found
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return json_number(value) if isinstance(value, float) else value
