"""A baseline that another policy decided: its rules, with this policy's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from demur.measure.records.relation import UnreadableTable
from demur.policy import Policy, Shape, type_of
from demur.runtime.encoding import read_expression, write_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import Constant, Expression, Parameter, Reference, Signal, rebuilt, walk


def with_metrics_of(policy: Evaluator, rules: Evaluator) -> Evaluator:
    """The rules of one policy with the metrics of the other, so that both runs are measured alike.

    The metrics take their definitions and parameters along, and the signals that the other policy does
    not declare, derived as here. Raises `UnreadableTable` where it declares one that they read as
    another type.
    """
    mine, theirs = policy.policy, rules.policy
    trees = {
        name: _on_its_own(read_expression(tree), mine)
        for name, tree in mine.evaluation.get("metrics", {}).items()
    }
    metrics = {name: write_expression(tree) for name, tree in trees.items()}
    read = frozenset(
        f"{one.stage}.{one.name}"
        for tree in trees.values()
        for one in walk(tree)
        if isinstance(one, Signal)
    )
    joined = theirs.replaced(
        evaluation={**mine.evaluation, "metrics": metrics},
        outcome=_joined("outcome", mine.outcome, theirs.outcome, read),
        stages={
            name: _joined(name, mine.stages.get(name, {}), theirs.stages.get(name, {}), read)
            for name in dict.fromkeys([*theirs.stages, *mine.stages])
        },
        derived={
            **theirs.derived,
            **{
                (stage, name): _on_its_own(tree, mine)
                for (stage, name), tree in mine.derived.items()
                if name not in theirs.stages.get(stage, {})
            },
        },
        requires=tuple(dict.fromkeys([*theirs.requires, *mine.requires])),
    )
    return Evaluator(joined, rules.digest)


def _on_its_own(tree: Expression, policy: Policy) -> Expression:
    """The expression with the definitions and parameters that it reads put in."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Reference):
            return change(policy.definitions[node.name])
        if isinstance(node, Parameter):
            return Constant(policy.parameters[node.name].value, node.type, node.span)
        return rebuilt(node, change)

    return change(tree)


def _joined(
    stage: str, mine: Mapping[str, Shape], theirs: Mapping[str, Shape], read: frozenset[str]
) -> dict[str, Shape]:
    for name in mine.keys() & theirs.keys():
        path = f"{stage}.{name}"
        types = type_of(mine[name], path), type_of(theirs[name], path)
        if path in read and types[0] != types[1]:
            raise UnreadableTable(
                f"The baseline's policy declares `{path}` as {types[1]}, and this one as {types[0]}: "
                "no metric has one meaning in both. Declare it alike, or leave out --baseline-policy."
            )
    return {**mine, **theirs}
