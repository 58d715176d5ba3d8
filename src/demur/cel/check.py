"""Syntax tree to typed tree: names resolved, macros expanded, overloads chosen, types inferred."""

from __future__ import annotations

from dataclasses import replace

from demur.cel import names, overloads, syntax
from demur.cel.environment import Environment
from demur.cel.inference import Inference
from demur.cel.macros import MACROS, refuse_misuse
from demur.cel.problems import ExpressionError, Problem
from demur.suggestions import meant_or_listed
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    MapLiteral,
    Signal,
    Variable,
    walk,
)
from demur.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    STRING,
    Type,
    list_of,
    map_of,
    optional_of,
)

_OF_ANOTHER_TYPE = {
    (BOOL, DOUBLE): "The share of records for which it holds is `rate(…)`.",
    (INT, BOOL): "Compare it: `… > 0`.",
    (DOUBLE, BOOL): "Compare it: `… < 0.7`.",
    (STRING, BOOL): "Compare it: `… == 'refunds'`.",
}
"""What to write where a value of the one type stands in place of the other."""


def check(
    text: str, node: syntax.Node, environment: Environment, expected: Type | None = None
) -> tuple[Expression, Type]:
    """The typed tree of an expression and its type.

    `text` is the source, for messages; `expected` the type that its place needs. Raises
    `ExpressionError` with every problem found.
    """
    checker = Checker(environment)
    expression = checker.visit(node)
    if expected is not None and not checker.inference.accepts(
        expected, checker.type_of(expression)
    ):
        found = checker.inference.final(checker.type_of(expression))
        if not checker.problems:
            message = f"This is {found}, and must be {expected}."
            checker.report("DM309", message, node.span, _OF_ANOTHER_TYPE.get((found, expected)))
    if checker.problems:
        problems = sorted(checker.problems, key=lambda problem: (problem.start, problem.end))
        raise ExpressionError(text, tuple(dict.fromkeys(problems)))
    return expression, checker.finish(expression)


class Checker:
    """One expression's check: the problems so far, the types so far, the variables in scope."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.inference = Inference()
        self.problems: list[Problem] = []
        self._types: dict[int, Type] = {}
        self._keep: list[Expression] = []
        self._scope: list[dict[str, Type]] = []
        self._unique = 0

    def report(self, code: str, message: str, span: syntax.Span, help: str | None = None) -> None:
        """Notes a problem; the check goes on."""
        self.problems.append(Problem(code, message, span[0], span[1], help))

    def typed(self, expression: Expression, type: Type) -> Expression:
        """The expression, with its type noted."""
        self._types[id(expression)] = type
        self._keep.append(expression)
        return expression

    def type_of(self, expression: Expression) -> Type:
        """What is known of the expression's type."""
        return self.inference.resolve(self._types[id(expression)])

    def finish(self, expression: Expression) -> Type:
        """Writes every node's final type into it; gives the expression's own."""
        for node in walk(expression):
            type = self._types.get(id(node))
            if type is not None:
                node.type = str(self.inference.final(type))
        return self.inference.final(self._types[id(expression)])

    def failed(self, span: syntax.Span) -> Expression:
        """What stands for an expression with a problem, so that others can still be found."""
        return self.typed(Constant(None, "dyn", span), DYN)

    def enter(self, variables: dict[str, Type]) -> None:
        """Opens a scope with these variables."""
        self._scope.append(variables)

    def leave(self) -> None:
        """Closes the innermost scope."""
        self._scope.pop()

    def local(self, name: str) -> Type | None:
        """The type of the local variable of this name, the innermost, or None."""
        return next((scope[name] for scope in reversed(self._scope) if name in scope), None)

    def locals(self) -> list[str]:
        """The names of the local variables that an expression can write."""
        return [name for scope in self._scope for name in scope if name[0] != "@"]

    def unique(self, name: str) -> str:
        """A variable's name that no expression can write."""
        self._unique += 1
        return f"@{name}{self._unique}"

    def visit(self, node: syntax.Node) -> Expression:
        """The typed tree of a node."""
        match node:
            case syntax.Literal(kind=kind, value=value):
                return self.typed(Constant(value, kind, node.span), Type(kind))
            case syntax.Identifier():
                return names.resolve(self, node) or names.unresolved(self, node)
            case syntax.Select():
                return self._select(node)
            case syntax.Index(operand=operand, index=index, optional=optional):
                name = "_[?_]" if optional else "_[_]"
                parts = (self.visit(operand), self.visit(index))
                return self.call(name, parts, node.span, node.span)
            case syntax.List():
                return self._list(node)
            case syntax.Map():
                return self._map(node)
            case syntax.Call():
                return self._call(node)
            case syntax.Message(type_name=type_name):
                advice = "Write a map: `{'a': 1}`."
                self.report("DM304", "demur has no message types.", type_name.span, advice)
                return self.failed(node.span)

    def _select(self, node: syntax.Select) -> Expression:
        if node.optional:
            signal = names.resolve(self, replace(node, optional=False))
            if isinstance(signal, Signal) and names.resolve(self, node.operand) is None:
                return self.if_present(signal, node.span)
            return self.optional_field(self.visit(node.operand), node.field, node.span)
        named = names.resolve(self, node)
        if named is None and names.is_namespaced(self, node):
            named = names.unresolved(self, node)
        return named or self.field(self.visit(node.operand), node.field, node.span)

    def field(self, operand: Expression, name: str, span: syntax.Span) -> Expression:
        """`operand.name`."""
        type = self.type_of(operand)
        if type.name == "optional":
            return self.optional_field(operand, name, span)
        if type.name == "map":
            return self.typed(Field(operand, name, "", span), type.parameters[1])
        if type.name == "object":
            fields = self.environment.objects[type.parameters[0].name]
            if name in fields:
                return self.typed(Field(operand, name, "", span), fields[name])
            advice = meant_or_listed(name, fields, "fields")
            self.report("DM307", f"The object has no field `{name}`.", span, advice)
            return self.failed(span)
        if (
            type == DYN
            or type.is_parameter
            or self.environment.dynamic
            or self._began_open(operand)
        ):
            return self.typed(Field(operand, name, "", span), DYN)
        message = f"A value of type {type} has no fields."
        self.report("DM306", message, span, overloads.method_instead(self, name))
        return self.failed(span)

    def _began_open(self, operand: Expression) -> bool:
        """Whether it is an element of `[]`, which may be anything, whatever other uses have shown."""
        return isinstance(operand, Variable) and self._types[id(operand)].is_parameter

    def optional_field(self, operand: Expression, name: str, span: syntax.Span) -> Expression:
        """`operand.?name`: the field as an optional."""
        if isinstance(operand, Variable) and self._began_open(operand):
            operand = self.typed(Variable(operand.name, "", operand.span), DYN)
        type = self.type_of(operand)
        if type.name == "object":
            if isinstance(operand, Signal | Variable | Field):
                return self._field_if_present(operand, name, span)
            variable = self.unique("v")
            once = self.typed(Variable(variable, "", span), type)
            body = self._field_if_present(once, name, span)
            return self.typed(Bind(variable, operand, body, "", span), self.type_of(body))
        if type.name == "optional" and type.parameters[0].name == "object":
            variable = self.unique("v")
            inner = self.typed(Variable(variable, "", span), type.parameters[0])
            body = self._field_if_present(inner, name, span)
            result = self.type_of(body)
            kind = "optional_flat_map"
            return self.typed(
                Comprehension(kind, operand, (variable,), None, body, "", span), result
            )
        key = self.typed(Constant(name, "string", span), STRING)
        held = type.parameters[0] if type.name == "optional" else type
        if held.is_parameter:
            # A field of a value of which nothing is known may be anything, as in `field`.
            self.inference.accepts(held, DYN)
        return self.call("_[?_]", (operand, key), span, span)

    def _field_if_present(self, operand: Expression, name: str, span: syntax.Span) -> Expression:
        return self.if_present(self.field(operand, name, span), span)

    def if_present(self, part: Expression, span: syntax.Span) -> Expression:
        """`has(part) ? optional.of(part) : optional.none()`."""
        if not isinstance(part, Field | Signal):
            return self.failed(span)
        type = optional_of(self.type_of(part))
        there = self.typed(Has(part, "bool", span), BOOL)
        some = self.typed(Call("optionals.of", (part,), "", span), type)
        none = self.typed(Call("optionals.none", (), "", span), type)
        choice = Call("logic.conditional", (there, some, none), "", span)
        return self.typed(choice, type)

    def _list(self, node: syntax.List) -> Expression:
        elements = tuple(map(self.visit, node.elements))
        types = [
            self._unwrapped(element, position in node.optional)
            for position, element in enumerate(elements)
        ]
        literal = ListLiteral(elements, tuple(sorted(node.optional)), "", node.span)
        return self.typed(literal, list_of(self.join(types)))

    def _map(self, node: syntax.Map) -> Expression:
        entries = tuple((self.visit(key), self.visit(value)) for key, value in node.entries)
        keys = [self.type_of(key) for key, _ in entries]
        values = [
            self._unwrapped(value, position in node.optional)
            for position, (_, value) in enumerate(entries)
        ]
        literal = MapLiteral(entries, tuple(sorted(node.optional)), "", node.span)
        return self.typed(literal, map_of(self.join(keys), self.join(values)))

    def _unwrapped(self, element: Expression, optional: bool) -> Type:
        type = self.type_of(element)
        if not optional:
            return type
        inner = self.inference.fresh()
        if not self.inference.accepts(optional_of(inner), type):
            self.report("DM306", f"After `?` stands an optional, not {type}.", element.span)
        return self.inference.resolve(inner)

    def join(self, types: list[Type]) -> Type:
        """The type that all are, `dyn` where they are of several."""
        joined = self.inference.fresh()
        for type in types:
            both = self.inference.join(joined, type)
            if both is None:
                return DYN
            joined = both
        return joined

    def _call(self, node: syntax.Call) -> Expression:
        macro = MACROS.get((node.function, node.target is not None, len(node.arguments)))
        if macro is not None and self.environment.macros:
            expanded = macro(self, node)
            if expanded is not None:
                return expanded
        full = node.function if node.target is None else names.namespaced_function(self, node)
        if full in (None, node.function) and refuse_misuse(self, node):
            return self.failed(node.span)
        if full is not None:
            return self._function(node, full, node.arguments)
        assert node.target is not None
        known = len(self.problems)
        target = self.visit(node.target)
        if len(self.problems) > known and not self.environment.overloads(node.function):
            return self.failed(node.span)
        parts = (target, *map(self.visit, node.arguments))
        return self.call(node.function, parts, node.span, node.name_span, method=True)

    def _function(
        self, node: syntax.Call, name: str, arguments: tuple[syntax.Node, ...]
    ) -> Expression:
        parts = tuple(map(self.visit, arguments))
        if name == "_?_:_":
            return self._conditional(parts, node)
        if name in ("_&&_", "_||_"):
            for part in parts:
                self._must_be_bool(part, node.function)
            identifier = "logic.and" if name == "_&&_" else "logic.or"
            return self.typed(Call(identifier, parts, "", node.span), BOOL)
        full = next(
            (
                full
                for full in self.environment.qualify(name, absolute=node.absolute)
                if self.environment.overloads(full)
            ),
            name,
        )
        return self.call(full, parts, node.span, node.name_span)

    def _must_be_bool(self, part: Expression, operator: str) -> None:
        type = self.type_of(part)
        if not self.environment.dynamic and not self.inference.accepts(BOOL, type):
            symbol = syntax.OPERATORS[operator][0]
            message = f"`{symbol}` takes bools, and this is {self.inference.final(type)}."
            self.report("DM306", message, part.span)

    def _conditional(self, parts: tuple[Expression, ...], node: syntax.Call) -> Expression:
        condition, then, otherwise = parts
        self._must_be_bool(condition, "_?_:_")
        joined = self.inference.join(self.type_of(then), self.type_of(otherwise))
        if joined is None:
            if not self.environment.dynamic:
                left, right = map(str, (self.type_of(then), self.type_of(otherwise)))
                message = f"The two results have different types, {left} and {right}."
                self.report("DM306", message, node.span, "Convert one to the other's type.")
            joined = DYN
        return self.typed(Call("logic.conditional", parts, "", node.span), joined)

    def call(
        self,
        name: str,
        arguments: tuple[Expression, ...],
        span: syntax.Span,
        name_span: syntax.Span,
        *,
        method: bool = False,
    ) -> Expression:
        """A call of the function `name`, of the overloads that its arguments' types fit."""
        return overloads.call(self, name, arguments, span, name_span, method=method)
