"""The JSON Schema of a gate's JSON, made from the dataclasses that the JSON is written from."""

from __future__ import annotations

import json
from typing import Any

from demur.measure.results import VERDICTS, GateResult
from demur.report.gates.json import VERSION
from demur.report.json_form import heading, schema


def gate_schema() -> dict[str, Any]:
    """The schema of what `demur gate --format json` writes."""
    verdict = {"enum": list(VERDICTS), "description": "The gate's."}
    title = "The result of demur gate --format json"
    return schema(f"gate:{VERSION}", title, GateResult, {**heading(VERSION), "verdict": verdict})


def gate_schema_text() -> str:
    """The schema as it stands in `schemas/gate.schema.json`."""
    return json.dumps(gate_schema(), indent=2, ensure_ascii=False) + "\n"
