"""Arithmetic over numbers that are found elsewhere: a metric over its aggregates, a limit over a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from demur.functions.values import EvaluationError
from demur.policy import Policy, Shape
from demur.runtime.evaluator import Evaluator
from demur.tree import Expression, Signal, Variable, rebuilt

Formula = Callable[[Sequence[float | None]], float | None]
"""What the numbers come to; None where one of them is None or infinite, or there is no value."""


def formula(tree: Expression, names: Sequence[str], evaluator: Evaluator) -> Formula:
    """The expression as a function of the numbers that its variables of these names stand for."""
    if isinstance(tree, Variable) and tree.name in names:
        at = names.index(tree.name)
        return lambda values: values[at]

    def change(node: Expression) -> Expression:
        if isinstance(node, Variable) and node.name in names:
            return Signal("number", node.name, "double", node.span)
        return rebuilt(node, change)

    policy = _policy_of_numbers(evaluator.policy, names)
    compiled = Evaluator(policy, evaluator.digest).prepare([change(tree)])

    def compute(values: Sequence[float | None]) -> float | None:
        record: Mapping[str, Any] = {"number": dict(zip(names, values, strict=True))}
        value = compiled(record)[0]
        return None if isinstance(value, EvaluationError) or value != value else float(value)

    return compute


def _policy_of_numbers(policy: Policy, names: Sequence[str]) -> Policy:
    """A policy whose only signals are these numbers, with the parameters of the given one."""
    return policy.replaced(
        runbook=None,
        stages={"number": {name: Shape("double") for name in names}},
        outcome={},
        definitions={},
        failures={},
        rules=(),
        evaluation={},
        derived={},
        requires=(),
    )
