"""Derived signals: each expression typed, from nothing that is known later, and in no circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.decided import decided_expression
from demur.language.document import PolicyDocument
from demur.language.expressions import CheckedExpression, signals_of
from demur.language.nodes import MappingNode, ScalarNode, locate
from demur.language.ordering import ordered
from demur.language.surroundings import Surroundings
from demur.policy import type_of
from demur.tree import Expression, Signal
from demur.types import parse_type

Name = tuple[str, str]
"""A signal by its stage and its own name."""


def check_derived(
    root: MappingNode,
    document: PolicyDocument,
    surroundings: Surroundings,
    definitions: Mapping[str, CheckedExpression],
    diagnostics: list[Diagnostic],
) -> dict[Name, CheckedExpression]:
    """The derived signals, in an order in which each reads only those before it."""
    checked: dict[Name, CheckedExpression] = {}
    for (stage, name), scalar in _written(root):
        if stage == "outcome":
            advice = "Declare it at a stage."
            diagnostics.append(finding("DM418", "The outcome is not derived.", scalar.span, advice))
            continue
        shape = surroundings.stages[stage][name]
        expected = parse_type(type_of(shape, f"{stage}.{name}"))
        path = ("stages", stage, name, "derive")
        found = decided_expression(path, scalar, surroundings, expected, diagnostics)
        if found is None:
            continue
        later = _later(found.tree, definitions, tuple(document.stages), stage)
        if later is None:
            checked[stage, name] = found
        else:
            diagnostics.append(
                finding(
                    "DM417",
                    f"`{stage}.{name}` reads `{later.stage}.{later.name}`, which is known only at "
                    f"stage `{later.stage}`.",
                    found.span,
                    f"Declare `{name}` at stage `{later.stage}`.",
                )
            )
    return _ordered(checked, definitions, diagnostics)


def _written(root: MappingNode) -> Iterator[tuple[Name, ScalarNode]]:
    """What the file says of derived signals, those of the outcome included."""
    stages = root.get("stages")
    sections = [("outcome", root.get("outcome"))]
    if isinstance(stages, MappingNode):
        sections += [(entry.key.text, entry.value) for entry in stages.entries]
    for stage, signals in sections:
        for entry in signals.entries if isinstance(signals, MappingNode) else ():
            scalar = locate(entry.value, ("derive",))
            # A bare object may have a field of this name; with a type it is what derives.
            typed = isinstance(entry.value, MappingNode) and entry.value.get("type") is not None
            if typed and isinstance(scalar, ScalarNode):
                yield (stage, entry.key.text), scalar


def _later(
    tree: Expression,
    definitions: Mapping[str, CheckedExpression],
    stages: tuple[str, ...],
    stage: str,
) -> Signal | None:
    """A signal that the expression reads and that is known only after the stage."""
    later = frozenset(stages[stages.index(stage) + 1 :])
    return next((one for one in signals_of(tree, definitions) if one.stage in later), None)


def _ordered(
    checked: Mapping[Name, CheckedExpression],
    definitions: Mapping[str, CheckedExpression],
    diagnostics: list[Diagnostic],
) -> dict[Name, CheckedExpression]:
    """The derived signals, each after those it needs; a circle is reported and left out."""
    needs = {
        name: {(node.stage, node.name) for node in signals_of(one.tree, definitions)}
        for name, one in checked.items()
    }
    order, circles = ordered(needs)
    for name, wanted in circles.items():
        others = " and ".join(f"`{'.'.join(one)}`" for one in sorted(wanted))
        message = f"`{'.'.join(name)}` needs {others}, and so itself."
        diagnostics.append(finding("DM404", message, checked[name].span))
    return {name: checked[name] for name in order}
