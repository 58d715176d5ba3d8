"""JSON, for programs: one object a line and evaluation, see `schemas/alerts.schema.json`."""

from __future__ import annotations

from demur.interop.json import json_line
from demur.monitor.report import data
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator


def write(evaluation: Evaluation, evaluator: Evaluator) -> str:
    """The evaluation as one line."""
    return json_line(data(evaluation, evaluator))
