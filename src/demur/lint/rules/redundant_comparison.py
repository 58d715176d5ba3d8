"""A bool compared with true or false."""

from __future__ import annotations

from collections.abc import Iterator

from demur.cel import syntax
from demur.cel.unparse import unparse
from demur.diagnostics import Edit, Severity
from demur.language.checked import CheckedPolicy
from demur.language.expressions import CheckedExpression
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for expression in policy.expressions():
        pending: list[syntax.Node] = [expression.syntax]
        while pending:
            node = pending.pop()
            pending.extend(syntax.children(node))
            if isinstance(node, syntax.Call) and node.function in ("_==_", "_!=_"):
                yield from _found(expression, node)


def _found(expression: CheckedExpression, node: syntax.Call) -> Iterator[Finding]:
    wanted = syntax.Literal("bool", node.function == "_==_")
    if wanted in node.arguments:
        left, right = node.arguments
        mended = unparse(left if right == wanted else right)
        span = expression.span_of(node)
        edits = (Edit(span, mended, safe=True),) if expression.scalar.style == "plain" else ()
        message = f"The bool is compared with {str(wanted.value).lower()}."
        yield Finding(span, message, f"Write `{mended}`.", edits)


RULE = Rule(
    code="DM528",
    name="redundant-comparison",
    title="A bool compared with true or false",
    severity=Severity.WARNING,
    explanation="""\
Looks for `== true` and `!= false`: the bool says it itself.
""",
    wrong=HEADER
    + """\
stages:
  request:
    blocked: bool
failures:
  out_of_scope: {severity: info}
rules:
  blocked:
    when: request.blocked == true
    then: refuse
    failure: out_of_scope
    say: I can't help with that.
""",
    right=HEADER
    + """\
stages:
  request:
    blocked: bool
failures:
  out_of_scope: {severity: info}
rules:
  blocked:
    when: request.blocked
    then: refuse
    failure: out_of_scope
    say: I can't help with that.
""",
    check=_check,
)
