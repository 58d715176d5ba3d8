"""The JSON Schema of a trend's JSON, made from the dataclasses that the JSON is written from."""

from __future__ import annotations

import json
from typing import Any

from demur.report.json_form import heading, schema
from demur.report.trends.json import VERSION
from demur.runs.trend import Trend


def trend_schema() -> dict[str, Any]:
    """The schema of what `demur trend --format json` writes."""
    title = "The result of demur trend --format json"
    return schema(f"trend:{VERSION}", title, Trend, heading(VERSION))


def trend_schema_text() -> str:
    """The schema as it stands in `schemas/trend.schema.json`."""
    return json.dumps(trend_schema(), indent=2, ensure_ascii=False) + "\n"
