"""The expression language on its own: CEL as a library.

>>> import demur
>>> program = demur.cel.compile("a + 1 > b", {"a": "int", "b": "int"})
>>> program({"a": 1, "b": 1})
True
"""

from __future__ import annotations

from demur.cel.problems import ExpressionError, Problem
from demur.cel.program import Program, compile
from demur.functions.values import (
    Duration,
    EvaluationError,
    Optional,
    Reason,
    Timestamp,
    TypeValue,
    Uint,
)

__all__ = [
    "Duration",
    "EvaluationError",
    "ExpressionError",
    "Optional",
    "Problem",
    "Program",
    "Reason",
    "Timestamp",
    "TypeValue",
    "Uint",
    "compile",
]
