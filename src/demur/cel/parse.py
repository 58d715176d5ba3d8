"""Text to syntax tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

from lark import Lark, Token, Transformer, UnexpectedInput

from demur.cel import syntax
from demur.cel.literals import BadLiteral, parse_number, parse_text
from demur.cel.problems import ExpressionError, Problem
from demur.cel.syntax_errors import syntax_problem
from demur.functions.values import INT_MAX

MAXIMUM_LENGTH = 100_000
MAXIMUM_DEPTH = 80
"""Deep enough for what people write, and within the nesting that Python's own compiler takes."""


def parse(text: str) -> syntax.Node:
    """The syntax tree of a CEL expression. Raises `ExpressionError` with the place and the mend."""
    if len(text) > MAXIMUM_LENGTH:
        _fail(text, "DM303", f"The expression has more than {MAXIMUM_LENGTH:,} characters.")
    if not text.strip():
        _fail(text, "DM301", "The expression is empty.")
    try:
        part: Any = _parser().parse(text)
    except UnexpectedInput as unexpected:
        raise ExpressionError(text, (syntax_problem(text, unexpected),)) from None
    except _Refused as refused:
        raise ExpressionError(text, (refused.problem,)) from None
    if "9223372036854775808" in text or "0x8" in text.lower():
        _refuse_unnegated_limit(text, part.node)
    return part.node


def _fail(text: str, code: str, message: str) -> NoReturn:
    raise ExpressionError(text, (Problem(code, message, 0, min(1, len(text))),))


class _Part:
    """A node on its way up, with the text it covers (its parentheses included) and its depth."""

    __slots__ = ("depth", "end", "node", "start")

    def __init__(self, node: syntax.Node, start: int, end: int, depth: int = 1) -> None:
        self.node = node
        self.start = start
        self.end = end
        self.depth = depth


class _Refused(Exception):
    """Carries a problem out of the parser, which knows no other way to stop."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _start(child: Any) -> int:
    return child.start_pos or 0 if isinstance(child, Token) else child.start


def _end(child: Any) -> int:
    return child.end_pos or 0 if isinstance(child, Token) else child.end


def _whole(children: list[Any], *inner: _Part) -> tuple[int, int, int]:
    """Start, end and depth of a node with these children."""
    start, end = _start(children[0]), _end(children[-1])
    depth = 1 + max((part.depth for part in inner), default=0)
    if depth > MAXIMUM_DEPTH:
        message = f"The expression is nested more than {MAXIMUM_DEPTH} deep."
        raise _Refused(
            Problem("DM303", message, start, end, "Name its parts in `define`, or as a list.")
        )
    return start, end, depth


def _present(children: list[Any]) -> list[Any]:
    """The children that are there: lark leaves None for an absent optional part."""
    return [child for child in children if child is not None]


class _Group:
    """A comma-separated run of parts: arguments, elements, entries or field values."""

    __slots__ = ("end", "items", "optional", "parts", "start")

    def __init__(
        self, children: list[Any], items: list[Any], parts: list[_Part], optional: frozenset[int]
    ) -> None:
        self.start = _start(children[0])
        self.end = _end(children[-1])
        self.items = items
        self.parts = parts
        self.optional = optional


class _Builder(Transformer[Token, Any]):
    """Builds nodes bottom-up as the parser reduces, so no tree of lark's is ever made."""

    def conditional(self, children: list[Any]) -> _Part:
        condition, then, otherwise = children[0], children[2], children[4]
        return _call("_?_:_", children, children[1], condition, then, otherwise)

    def logical_or(self, children: list[Any]) -> _Part:
        return _call("_||_", children, children[1], *children[::2])

    def logical_and(self, children: list[Any]) -> _Part:
        return _call("_&&_", children, children[1], *children[::2])

    def binary(self, children: list[Any]) -> _Part:
        left, operator, right = children
        return _call(f"_{operator}_", children, operator, left, right)

    def negations(self, children: list[Any]) -> _Part:
        part: _Part = children[-1]
        operators: list[Token] = children[:-1]
        for operator in reversed(operators):
            part = _negative(operator, part) or _call(
                f"{operator}_", [operator, part], operator, part
            )
        return part

    def select(self, children: list[Any]) -> _Part:
        return _select(children, children[0], children[-1], optional=False)

    def optional_select(self, children: list[Any]) -> _Part:
        return _select(children, children[0], children[-1], optional=True)

    def method(self, children: list[Any]) -> _Part:
        children = _present(children)
        target, name = children[0], children[2]
        _refuse_words(name, syntax.KEYWORDS)
        arguments = children[4].parts if isinstance(children[4], _Group) else []
        start, end, depth = _whole(children, target, *arguments)
        nodes = tuple(part.node for part in arguments)
        name_span = (name.start_pos, name.end_pos)
        node = syntax.Call(str(name), nodes, target.node, span=(start, end), name_span=name_span)
        return _Part(node, start, end, depth)

    def index(self, children: list[Any]) -> _Part:
        return _index(children, children[0], children[2], optional=False)

    def optional_index(self, children: list[Any]) -> _Part:
        return _index(children, children[0], children[3], optional=True)

    def message(self, children: list[Any]) -> _Part:
        children = _present(children)
        group = children[2] if isinstance(children[2], _Group) else None
        parts = group.parts if group else []
        start, end, depth = _whole(children, children[0], *parts)
        fields = tuple((name, part.node) for name, part in group.items) if group else ()
        optional = group.optional if group else frozenset[int]()
        node = syntax.Message(children[0].node, fields, optional, (start, end))
        return _Part(node, start, end, depth)

    def identifier(self, children: list[Any]) -> _Part:
        return _identifier(children, children[0], absolute=False)

    def absolute_identifier(self, children: list[Any]) -> _Part:
        return _identifier(children, children[1], absolute=True)

    def function(self, children: list[Any]) -> _Part:
        return _function(_present(children), 0)

    def absolute_function(self, children: list[Any]) -> _Part:
        return _function(_present(children), 1)

    def group(self, children: list[Any]) -> _Part:
        inner = children[1]
        return _Part(inner.node, _start(children[0]), _end(children[-1]), inner.depth)

    def list(self, children: list[Any]) -> _Part:
        children = _present(children)
        group = children[1] if isinstance(children[1], _Group) else None
        start, end, depth = _whole(children, *(group.parts if group else []))
        elements = tuple(part.node for part in group.parts) if group else ()
        node = syntax.List(elements, group.optional if group else frozenset(), (start, end))
        return _Part(node, start, end, depth)

    def map(self, children: list[Any]) -> _Part:
        children = _present(children)
        group = children[1] if isinstance(children[1], _Group) else None
        start, end, depth = _whole(children, *(group.parts if group else []))
        entries = tuple((key.node, value.node) for key, value in group.items) if group else ()
        node = syntax.Map(entries, group.optional if group else frozenset(), (start, end))
        return _Part(node, start, end, depth)

    def expressions(self, children: list[Any]) -> _Group:
        parts = children[::2]
        return _Group(children, parts, parts, frozenset())

    def elements(self, children: list[Any]) -> _Group:
        items = [child for child in children if isinstance(child, _Group)]
        parts = [item.parts[0] for item in items]
        return _Group(children, list(parts), parts, _optional(items))

    def entries(self, children: list[Any]) -> _Group:
        items = [child for child in children if isinstance(child, _Group)]
        pairs = [item.items for item in items]
        return _Group(children, pairs, [part for pair in pairs for part in pair], _optional(items))

    def field_values(self, children: list[Any]) -> _Group:
        items = [child for child in children if isinstance(child, _Group)]
        pairs = [item.items for item in items]
        return _Group(children, pairs, [part for _, part in pairs], _optional(items))

    def element(self, children: list[Any]) -> _Group:
        return _single(children, children[1], [children[1]])

    def entry(self, children: list[Any]) -> _Group:
        key, value = children[1], children[3]
        return _single(children, (key, value), [key, value])

    def field_value(self, children: list[Any]) -> _Group:
        name, value = children[1], children[3]
        return _single(children, (_field_name(name), value), [value])

    def field(self, children: list[Any]) -> Token:
        return children[0]

    def int(self, children: list[Any]) -> _Part:
        return _literal("int", children[0], parse_number)

    def uint(self, children: list[Any]) -> _Part:
        return _literal("uint", children[0], parse_number)

    def float(self, children: list[Any]) -> _Part:
        return _literal("double", children[0], parse_number)

    def string(self, children: list[Any]) -> _Part:
        return _literal("string", children[0], parse_text)

    def bytes(self, children: list[Any]) -> _Part:
        return _literal("bytes", children[0], parse_text)

    def true(self, children: list[Any]) -> _Part:
        return _literal("bool", children[0], lambda kind, text: True)

    def false(self, children: list[Any]) -> _Part:
        return _literal("bool", children[0], lambda kind, text: False)

    def null(self, children: list[Any]) -> _Part:
        return _literal("null", children[0], lambda kind, text: None)


def _call(function: str, children: list[Any], name: Token, *arguments: _Part) -> _Part:
    start, end, depth = _whole(children, *arguments)
    nodes = tuple(part.node for part in arguments)
    name_span = (name.start_pos or 0, name.end_pos or 0)
    return _Part(
        syntax.Call(function, nodes, span=(start, end), name_span=name_span), start, end, depth
    )


def _select(children: list[Any], operand: _Part, name: Token, *, optional: bool) -> _Part:
    start, end, depth = _whole(children, operand)
    node = syntax.Select(operand.node, _field_name(name), optional, (start, end))
    return _Part(node, start, end, depth)


def _index(children: list[Any], operand: _Part, index: _Part, *, optional: bool) -> _Part:
    start, end, depth = _whole(children, operand, index)
    node = syntax.Index(operand.node, index.node, optional, (start, end))
    return _Part(node, start, end, depth)


def _identifier(children: list[Any], name: Token, *, absolute: bool) -> _Part:
    start, end, depth = _whole(children)
    _refuse_reserved(name)
    return _Part(syntax.Identifier(str(name), absolute, (start, end)), start, end, depth)


def _function(children: list[Any], name_at: int) -> _Part:
    name = children[name_at]
    _refuse_reserved(name)
    group = children[name_at + 2]
    arguments = group.parts if isinstance(group, _Group) else []
    start, end, depth = _whole(children, *arguments)
    node = syntax.Call(
        str(name),
        tuple(part.node for part in arguments),
        absolute=name_at == 1,
        span=(start, end),
        name_span=(name.start_pos, name.end_pos),
    )
    return _Part(node, start, end, depth)


def _single(children: list[Any], item: Any, parts: list[_Part]) -> _Group:
    optional = frozenset((0,)) if children[0] is not None else frozenset[int]()
    return _Group(_present(children), item, parts, optional)


def _optional(items: list[_Group]) -> frozenset[int]:
    return frozenset(position for position, item in enumerate(items) if item.optional)


def _field_name(token: Token) -> str:
    _refuse_words(token, syntax.KEYWORDS)
    return str(token).strip("`")


def _literal(kind: str, token: Token, read: Callable[[str, str], Any]) -> _Part:
    start, end = token.start_pos or 0, token.end_pos or 0
    try:
        value = read(kind, str(token))
    except BadLiteral as bad:
        raise _Refused(Problem("DM302", bad.message, start, end, bad.help)) from None
    return _Part(syntax.Literal(kind, value, (start, end)), start, end)


def _negative(operator: Token, part: _Part) -> _Part | None:
    """The literal that a minus makes of a number right after it; None where it stands before others."""
    node = part.node
    if operator.value != "-" or not isinstance(node, syntax.Literal) or part.start != node.span[0]:
        return None
    if node.kind not in ("int", "double") or not isinstance(node.value, int | float):
        return None
    if str(node.value).startswith("-"):
        return None
    start, end, _ = _whole([operator, part])
    return _Part(syntax.Literal(node.kind, -node.value, (start, end)), start, end)


def _refuse_reserved(name: Token) -> None:
    _refuse_words(name, syntax.RESERVED | syntax.KEYWORDS)


def _refuse_words(name: Token, words: frozenset[str]) -> None:
    if str(name) in words:
        message = f"`{name}` is a reserved word of CEL and cannot be a name."
        raise _Refused(Problem("DM301", message, name.start_pos or 0, name.end_pos or 0))


def _refuse_unnegated_limit(text: str, node: syntax.Node) -> None:
    """-9223372036854775808 is an int; without its minus it is not."""
    if isinstance(node, syntax.Literal) and node.kind == "int" and node.value == INT_MAX + 1:
        message = f"{node.value} is too large for an int."
        raise ExpressionError(text, (Problem("DM302", message, *node.span),))
    for child in syntax.children(node):
        _refuse_unnegated_limit(text, child)


@cache
def _parser() -> Lark:
    return Lark(
        files("demur.cel").joinpath("grammar.lark").read_text("utf-8"),
        parser="lalr",
        lexer="contextual",
        transformer=_Builder(),
        keep_all_tokens=True,
        maybe_placeholders=True,
    )
