"""Questions that several rules ask of expressions."""

from __future__ import annotations

from collections.abc import Iterator

from demur.cel.unparse import unparse
from demur.language.checked import CheckedPolicy, CheckedResponse, CheckedRule
from demur.language.expressions import CheckedExpression
from demur.tree import Call, Constant, Expression, Parameter, Reference, walk

STRICT = frozenset(("escalate", "abstain", "refuse"))
"""The actions after which the user has no answer."""


def comparisons(policy: CheckedPolicy) -> Iterator[tuple[CheckedExpression, Call]]:
    """Every comparison in the file's expressions."""
    for expression in policy.expressions():
        for node in walk(expression.tree):
            if isinstance(node, Call) and node.function.startswith("comparison."):
                yield expression, node


def written(rule: CheckedRule) -> str:
    """The rule's condition in one spelling."""
    return unparse(rule.condition.syntax)


def responses(policy: CheckedPolicy) -> Iterator[CheckedResponse]:
    """Every response that can speak to the user, each once."""
    seen: set[tuple[str | int, ...]] = set()
    found = [rule.response for rule in policy.rules]
    found += [one.on_unknown for one in policy.rules if isinstance(one.on_unknown, CheckedResponse)]
    if policy.on_unknown is not None:
        found.append(policy.on_unknown)
    for response in found:
        if response.path not in seen:
            seen.add(response.path)
            yield response


def reads(policy: CheckedPolicy) -> tuple[set[str], set[str]]:
    """The names of all definitions and parameters that anything reads."""
    definitions: set[str] = set()
    parameters: set[str] = set()
    trees = [one.tree for one in policy.expressions()]
    trees += [one.limit.tree for one in policy.thresholds]
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, Reference):
                definitions.add(node.name)
            elif isinstance(node, Parameter):
                parameters.add(node.name)
    return definitions, parameters


def number(node: Expression) -> float | None:
    """The number that a constant is."""
    if isinstance(node, Constant) and isinstance(node.value, int | float):
        return None if isinstance(node.value, bool) else float(node.value)
    return None
