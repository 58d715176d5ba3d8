"""JSON, for programs: every series with all its points, versioned; see `schemas/trend.schema.json`."""

from __future__ import annotations

from demur.interop.json import json_text
from demur.report import version
from demur.report.json_form import plain
from demur.runs.trend import Trend

VERSION = 1
"""Rises when a reader of the format must change."""


def write(trend: Trend) -> str:
    """The trend as one object. A number that JSON has not is the text `Infinity` or null."""
    return json_text({"version": VERSION, "demur": version(), **plain(trend)})
