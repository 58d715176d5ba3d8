"""Rows to judge."""

from __future__ import annotations

from demur.measure.demands import Row
from demur.measure.evidence import Evidence
from demur.measure.evidence.rates import Rate
from demur.measure.judge import judge
from demur.measure.results import Judgement, Measured, Slice

OPERATORS = ("<", "<=", ">", ">=")


def row(
    value: float | None,
    limit: float | None,
    evidence: Evidence | None = None,
    *,
    samples: int = 100,
    unknown: int = 0,
) -> Row:
    """A row for a value that is held against a fixed limit."""
    return Row(Slice(), Measured(value, value, samples, unknown), limit, evidence=evidence)


def rate(successes: int, samples: int, limit: float) -> Row:
    """A row for a rate."""
    return row(successes / samples, limit, Rate(successes, samples), samples=samples)


def one(
    only: Row, operator: str = "<=", confidence: float | None = 0.95, min_samples: int = 1
) -> Judgement:
    """The judgement of a single row."""
    (found,) = judge([only], operator, confidence, min_samples, "holm")
    return found
