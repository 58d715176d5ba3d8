"""What a requirement that is none was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from demur.cel import syntax
from demur.cel.parse import parse
from demur.cel.problems import ExpressionError
from demur.language.checked import CheckedExpression
from demur.language.document import PolicyDocument
from demur.language.document_of_evaluation import MetricSpec
from demur.language.surroundings import Surroundings
from demur.runtime.aggregates import kind_of
from demur.tree import Call, Expression, Signal

_ENDS = {
    "rate": (0.0, 1.0),
    "unique_rate": (0.0, 1.0),
    "jensen_shannon": (0.0, 1.0),
    "kolmogorov_smirnov": (0.0, 1.0),
    "count": (0.0, inf),
    "distinct": (0.0, inf),
    "psi": (0.0, inf),
}
"""The least and the greatest value of an aggregate, whatever it reads."""
_OF_THEIR_SIGNAL = frozenset(("mean", "quantile", "min", "max"))
"""Aggregates within the bounds of what they read."""
_TOWARDS = {"higher": (">=", ">"), "lower": ("<=", "<")}
"""What is required for `==` and for `!=`, by which way is asked for."""
_ASSIGNMENT = re.compile(r"(?<![<>=!])=(?![=~>])")


def equality_meant(text: str) -> str | None:
    """The comparison that a single `=` was meant as; None where the text is something else."""
    compared = _ASSIGNMENT.sub("==", text)
    if compared == text:
        return None
    try:
        node = parse(compared)
    except ExpressionError:
        return None
    return compared if isinstance(node, syntax.Call) and node.function == "_==_" else None


def requirement_meant(
    text: str,
    node: syntax.Node,
    metrics: Mapping[str, CheckedExpression],
    document: PolicyDocument,
    surroundings: Surroundings,
    *,
    for_alert: bool,
) -> str:
    """What to write in place of an expression, of this text, that is no metric, comparison and bound.

    A requirement holds where the metric is good, the condition of an alert where it is bad.
    """
    if isinstance(node, syntax.Call) and node.function in ("_&&_", "_||_"):
        if node.function == "_||_":
            return "Make one metric of both, and bound that."
        return "Write each comparison as a requirement of its own."
    if isinstance(node, syntax.Call) and node.function in ("_==_", "_!=_"):
        for metric, bound in (node.arguments, node.arguments[::-1]):
            if isinstance(metric, syntax.Identifier) and metric.name in metrics:
                better = _way(metric.name, document, for_alert) or _towards_an_end(
                    bound, node.function == "_==_", metrics[metric.name].tree, surroundings
                )
                start, end = bound.span
                return _one_sided(metric.name, text[start:end], node.function != "_==_", better)
    name = node.name if isinstance(node, syntax.Identifier) else next(iter(metrics), "metric")
    match _way(name, document, for_alert):
        case "higher":
            return f"Write `{name} >= 0.9`."
        case "lower":
            return f"Write `{name} <= 0.1`."
        case _:
            return f"Write `{name} >= 0.9`, or `{name} <= 0.1`, whichever is meant."


def _one_sided(name: str, bound: str, strict: bool, better: str | None) -> str:
    """A metric that shall be, or not be, just some value, as a bound on the side that is good."""
    if better is not None:
        return f"Write `{name} {_TOWARDS[better][strict]} {bound}`."
    more, less = (_TOWARDS[way][strict] for way in ("higher", "lower"))
    return f"Write `{name} {less} {bound}` or `{name} {more} {bound}`, whichever is meant."


def _towards_an_end(
    bound: syntax.Node, equal: bool, tree: Expression, surroundings: Surroundings
) -> str | None:
    """Which way a bound at the end of what a metric can be leaves: nothing lies beyond the end."""
    least, most = _ends(tree, surroundings)
    if not isinstance(bound, syntax.Literal) or bound.value not in (least, most):
        return None
    return "higher" if (bound.value == most) == equal else "lower"


def _way(name: str, document: PolicyDocument, for_alert: bool) -> str | None:
    """Which way is asked for, where the metric says which is good."""
    declared = document.metrics.get(name)
    better = declared.better if isinstance(declared, MetricSpec) else None
    if better is None or not for_alert:
        return better
    return "lower" if better == "higher" else "higher"


def _ends(tree: Expression, surroundings: Surroundings) -> tuple[float, float]:
    """The least and the greatest value that a metric of one aggregate can have."""
    if not isinstance(tree, Call):
        return -inf, inf
    kind = kind_of(tree)
    if kind in _OF_THEIR_SIGNAL and isinstance(tree.arguments[0], Signal):
        read = tree.arguments[0]
        stages = {**surroundings.stages, "outcome": surroundings.outcome}
        shape = stages[read.stage][read.name]
        return (
            -inf if shape.minimum is None else shape.minimum,
            inf if shape.maximum is None else shape.maximum,
        )
    return _ENDS.get(kind, (-inf, inf))
