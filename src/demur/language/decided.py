"""Expressions that are evaluated when a decision is made, and so know neither it nor the outcome."""

from __future__ import annotations

from demur.cel import syntax
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.cel.problems import ExpressionError
from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.expressions import CheckedExpression, Path, checked_expression
from demur.language.nodes import ScalarNode
from demur.language.surroundings import Surroundings
from demur.types import Type

_FORBIDDEN = {
    "outcome": ("DM402", "`outcome` is known only afterwards.", "Read it in `metrics`."),
    "decision": ("DM403", "The decision is not made yet.", "Read it in `metrics`."),
}


def decided_expression(
    path: Path,
    scalar: ScalarNode,
    surroundings: Surroundings,
    expected: Type | None,
    diagnostics: list[Diagnostic],
    environment: Environment | None = None,
) -> CheckedExpression | None:
    """The checked expression in a scalar; None, and diagnostics, where it is wrong.

    It may name what rules may, or what another `environment` has.
    """
    for name in _FORBIDDEN.keys() & names_in(scalar.text):
        start = max(scalar.text.find(f"{name}."), 0)
        code, message, advice = _FORBIDDEN[name]
        span = scalar.span_of(start, start + len(name))
        diagnostics.append(finding(code, message, span, advice))
        return None
    checked, problems = checked_expression(
        path,
        scalar,
        environment or surroundings.for_rules,
        expected,
        optional=surroundings.optional,
    )
    diagnostics.extend(problems)
    return checked


def names_in(text: str) -> set[str]:
    """The names that an expression begins its paths with."""
    try:
        pending: list[syntax.Node] = [parse(text)]
    except ExpressionError:
        return set()
    found: set[str] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, syntax.Identifier):
            found.add(node.name)
        pending.extend(syntax.children(node))
    return found
