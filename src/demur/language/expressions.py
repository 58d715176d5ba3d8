"""Expressions and messages of a policy file: parsed, checked, and their problems placed in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demur.cel import syntax
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.cel.problems import EXPRESSION_CODES, ExpressionError, Problem
from demur.diagnostics import Diagnostic, Severity, Span
from demur.functions.regular_expressions import compile_pattern
from demur.functions.values import EvaluationError
from demur.language.guards import unguarded
from demur.language.nodes import ScalarNode
from demur.language.written import advice_beside, changed_by_yaml
from demur.tree import Call, Constant, Expression, Reference, Signal, Variable, walk
from demur.types import Type

_NOT_OF_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """An expression of the file that is right: where it stands, its syntax and its typed tree.

    `offset` is where its text begins in the scalar's content: 0, or later within a message.
    """

    path: Path
    scalar: ScalarNode
    syntax: syntax.Node
    tree: Expression
    type: Type
    offset: int = 0

    @property
    def text(self) -> str:
        """The expression as written."""
        return self.scalar.text[self.offset :] if self.offset == 0 else self._part()

    def _part(self) -> str:
        end = self.scalar.text.find("}}", self.offset)
        return self.scalar.text[self.offset : end if end >= 0 else None]

    def span_of(self, node: Expression | syntax.Node) -> Span:
        """Where a part of the expression stands in the file."""
        start, end = node.span
        return self.scalar.span_of(self.offset + start, self.offset + end)

    @property
    def span(self) -> Span:
        """Where the whole expression stands in the file."""
        return self.span_of(self.syntax)


def checked_expression(
    path: Path,
    scalar: ScalarNode,
    environment: Environment,
    expected: Type | None,
    *,
    text: str | None = None,
    offset: int = 0,
    optional: frozenset[str] = frozenset(),
) -> tuple[CheckedExpression | None, list[Diagnostic]]:
    """The checked expression in a scalar, or the diagnostics of why there is none.

    `optional` are the paths of optional signals and fields, which must be read under a guard.
    """
    written = scalar.text if text is None else text
    changed = changed_by_yaml(scalar, written, offset)
    if changed:
        return None, changed
    try:
        node = parse(written)
        tree, type = check(written, node, environment, expected)
    except ExpressionError as error:
        return None, [placed(problem, scalar, offset) for problem in error.problems]
    if reads_wrong(tree, environment):
        return None, []
    problems = [
        Problem(
            "DM310",
            f"`{name}` is optional and is read without asking whether it is there.",
            *span,
            f"Write `has({name}) && …`, or give what to take in its place.",
        )
        for name, span in unguarded(tree, optional)
    ]
    problems.extend(_pattern_problems(tree))
    if problems:
        return None, [placed(problem, scalar, offset) for problem in problems]
    return CheckedExpression(path, scalar, node, tree, type, offset), []


def reads_wrong(tree: Expression, environment: Environment) -> bool:
    """Whether an expression reads what is wrong itself, so that it is neither right nor wrong."""
    return any(isinstance(node, Variable) and node.name in environment.wrong for node in walk(tree))


def _pattern_problems(tree: Expression) -> Iterator[Problem]:
    """The constant patterns that RE2 refuses."""
    for node in walk(tree):
        if isinstance(node, Call) and node.function.startswith("regular_expressions.matches"):
            pattern = node.arguments[1]
            if isinstance(pattern, Constant) and isinstance(pattern.value, str):
                if "\b" in pattern.value:
                    advice = "Write the pattern as r'…', in which a backslash stays one."
                    message = "The pattern holds a backspace, which `\\b` is in a string."
                    yield Problem("DM312", message, *pattern.span, advice)
                    continue
                try:
                    compile_pattern(pattern.value, quotes=True)
                except EvaluationError as refused:
                    foreign = _NOT_OF_RE2.search(pattern.value)
                    advice = "RE2 has no look-around and no back-references." if foreign else None
                    yield Problem("DM312", f"{refused}.", *pattern.span, advice)


def placed(problem: Problem, scalar: ScalarNode, offset: int = 0) -> Diagnostic:
    """A problem of an expression as a diagnostic in the file."""
    length = len(scalar.text)
    start = min(offset + problem.start, length)
    end = min(max(offset + problem.end, start), length)
    advice = advice_beside(scalar, start, end) if problem.code == "DM301" else None
    return Diagnostic(
        problem.code,
        EXPRESSION_CODES[problem.code][0],
        Severity.ERROR,
        problem.message,
        scalar.span_of(start, end),
        advice or problem.help,
    )


@dataclass(frozen=True, slots=True)
class Message:
    """A text with expressions in `{{ }}`: its parts in order."""

    scalar: ScalarNode
    parts: tuple[str | CheckedExpression, ...]

    def compiled(self) -> tuple[str | Expression, ...]:
        """The parts as the compiled policy holds them."""
        return tuple(part if isinstance(part, str) else part.tree for part in self.parts)


def checked_message(
    path: Path, scalar: ScalarNode, environment: Environment, optional: frozenset[str]
) -> tuple[Message | None, list[Diagnostic]]:
    """The message in a scalar, or the diagnostics of why there is none."""
    diagnostics: list[Diagnostic] = []
    parts: list[str | CheckedExpression] = []
    text = scalar.text
    position = 0
    while (opening := text.find("{{", position)) >= 0:
        closing = text.find("}}", opening)
        if closing < 0:
            problem = Problem(
                "DM301", "The `{{` is not closed.", opening, opening + 2, "Close it with `}}`."
            )
            return None, [*diagnostics, placed(problem, scalar)]
        if opening > position:
            parts.append(text[position:opening])
        expression, problems = checked_expression(
            path,
            scalar,
            environment,
            None,
            text=text[opening + 2 : closing],
            offset=opening + 2,
            optional=frozenset(),
        )
        diagnostics.extend(problems)
        if expression is not None:
            parts.append(expression)
        position = closing + 2
    if position < len(text):
        parts.append(text[position:])
    return (None if diagnostics else Message(scalar, tuple(parts))), diagnostics


def signals_of(tree: Expression, definitions: Mapping[str, CheckedExpression]) -> Iterator[Signal]:
    """The signals that an expression reads, also through definitions, each of which is gone through once."""
    pending = [tree]
    seen: set[str] = set()
    while pending:
        inner: list[Expression] = []
        for node in walk(pending.pop()):
            if isinstance(node, Signal):
                yield node
            elif isinstance(node, Reference) and node.name in definitions and node.name not in seen:
                seen.add(node.name)
                inner.append(definitions[node.name].tree)
        pending.extend(reversed(inner))
