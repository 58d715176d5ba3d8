"""What an evaluation found, for people and for programs: one format a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator

FORMATS = tuple(sorted(one.name for one in iter_modules([str(Path(__file__).parent)])))
"""The formats' names. A format is a module with `write(evaluation, evaluator) -> str`."""


def write(name: str, evaluation: Evaluation, evaluator: Evaluator) -> str:
    """The evaluation in the format `name`, which is one of `FORMATS`; ends with a line feed."""
    return import_module(f"{__name__}.{name}").write(evaluation, evaluator)
