"""JSON, for programs: everything that was found, versioned; see `schemas/gate.schema.json`."""

from __future__ import annotations

from demur.interop.json import json_text
from demur.measure.results import GateResult
from demur.report import version
from demur.report.json_form import plain

VERSION = 1
"""Rises when a reader of the format must change."""


def write(result: GateResult) -> str:
    """The result as one object. A number that JSON has not is the text `Infinity` or null."""
    return json_text(
        {"version": VERSION, "demur": version(), "verdict": result.verdict, **plain(result)}
    )
