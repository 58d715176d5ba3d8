"""JSON, for programs: one object a line and evaluation, see `schemas/alerts.schema.json`."""

from __future__ import annotations

import json

from demur.monitor.report import data
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator


def write(evaluation: Evaluation, evaluator: Evaluator) -> str:
    """The evaluation as one line."""
    return json.dumps(data(evaluation, evaluator), ensure_ascii=False, allow_nan=False) + "\n"
