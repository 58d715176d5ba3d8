"""Typed tree to a Python expression, precise or optimistic."""

from __future__ import annotations

from demur.backends.python import support
from demur.functions import find
from demur.functions.values import EvaluationError, TypeValue
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
    Parameter,
    Reference,
    Signal,
    Variable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_HASHED = frozenset(
    ("lists.contains_string", "lists.contains_int", "lists.contains_uint", "lists.contains_bytes")
)
"""Memberships in which a literal list may be a set: Python's equality is CEL's for these types."""

MAXIMUM_NESTED = 8
"""List comprehensions within one another: Python's compiler ends the process at some twenty."""


class Writer:
    """Writes expressions; collects in `names` the objects that the generated code refers to.

    `signals`, `references` and `variables` map names to the Python text that reads them;
    `parameters` to their values; `computed` the ids of nodes that an earlier statement computed to
    the text of its result. `read_field` writes a checked read of an object's field and
    `has_part` a test for one, which only a policy with declared shapes has.
    """

    def __init__(
        self,
        *,
        optimistic: bool,
        signals: Mapping[tuple[str, str], str] | None = None,
        references: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        variables: Mapping[str, str] | None = None,
        read_field: Callable[[Writer, Field], str] | None = None,
        has_part: Callable[[Writer, Signal | Field], str] | None = None,
        computed: Mapping[int, str] | None = None,
    ) -> None:
        self.optimistic = optimistic
        self.names: dict[str, Any] = {}
        self._signals = {} if signals is None else signals
        self._references = {} if references is None else references
        self._parameters = {} if parameters is None else parameters
        self._variables = dict(variables or {})
        self._read_field = read_field
        self._has_part = has_part
        self._computed = {} if computed is None else computed
        self._bound: dict[Any, str] = {}
        self._count = 0
        self._nested = 0

    def bind(self, value: Any, hint: str = "k") -> str:
        """A name for an object in the generated code; the same object has one name."""
        key = (id(value), hint)
        if key not in self._bound:
            name = f"{hint}{len(self.names)}"
            self._bound[key] = name
            self.names[name] = value
        return self._bound[key]

    def support(self, function: Callable[..., Any]) -> str:
        """The name of a function of `support`, for generated code."""
        self.names[function.__name__] = function
        return function.__name__

    def write(self, node: Expression) -> str:
        """The expression as Python text that evaluates to its value or raises `EvaluationError`."""
        computed = self._computed.get(id(node))
        if computed is not None:
            return computed
        match node:
            case Constant():
                return self._constant(node)
            case Variable(name=name):
                return self._variables[name]
            case Signal(stage=stage, name=name):
                text = self._signals[stage, name]
                return text if self.optimistic else f"{self.support(support.known)}({text})"
            case Parameter(name=name):
                return self._value(self._parameters[name])
            case Reference(name=name):
                return self._references[name]
            case Field():
                return self._field(node)
            case Has():
                return self._has(node)
            case Call():
                return self._call(node)
            case ListLiteral():
                return self._list(node)
            case MapLiteral():
                return self._map(node)
            case Comprehension():
                return self._comprehension(node)
            case Bind():
                return self._bind(node)

    def condition(self, node: Expression) -> str:
        """A condition as Python text that evaluates to True or False."""
        text = self.write(node)
        return text if node.type == "bool" else f"{self.support(support.truth)}({text})"

    def _value(self, value: Any) -> str:
        if value is None or value is True or value is False:
            return repr(value)
        if value.__class__ is str:
            return ascii(value)
        if value.__class__ is int or (value.__class__ is float and value - value == 0.0):
            return f"({value!r})" if value < 0 else repr(value)
        return self.bind(value)

    def _constant(self, node: Constant) -> str:
        if node.type == "uint":
            from demur.functions.values import Uint

            return self.bind(Uint(node.value))
        if node.type == "type":
            return self.bind(TypeValue(node.value))
        return self._value(node.value)

    def _field(self, node: Field) -> str:
        operand = node.operand
        if operand.type.startswith("object("):
            assert self._read_field is not None
            return self._read_field(self, node)
        if operand.type.startswith("map(") and self.optimistic:
            return f"{self.write(operand)}[{node.name!a}]"
        return f"{self.support(support.select)}({self.write(operand)}, {node.name!a})"

    def _has(self, node: Has) -> str:
        part = node.operand
        if isinstance(part, Signal) or part.operand.type.startswith("object("):
            assert self._has_part is not None
            return self._has_part(self, part)
        return f"{self.support(support.has)}({self.write(part.operand)}, {part.name!a})"

    def _call(self, node: Call) -> str:
        special = _SPECIAL.get(node.function)
        if special is not None:
            text = special(self, node)
            if text is not None:
                return text
        if "|" in node.function or any(map(_is_untyped, node.arguments)):
            function = self.bind(support.dispatcher(node.function), "dispatch")
            return f"{function}({self._arguments(node)})"
        overload = find(node.function)
        if overload.inline is not None:
            return overload.inline.format(*map(self.write, node.arguments))
        return f"{self.bind(overload.python, 'f')}({self._arguments(node)})"

    def _arguments(self, node: Call) -> str:
        return ", ".join(map(self.write, node.arguments))

    def _list(self, node: ListLiteral) -> str:
        text = ", ".join(map(self.write, node.elements))
        if node.optional:
            return f"{self.support(support.make_list)}([{text}], {node.optional!r})"
        return f"[{text}]"

    def _map(self, node: MapLiteral) -> str:
        constants = [key.value for key, _ in node.entries if isinstance(key, Constant)]
        plain = all(isinstance(key, str) for key in constants) and len(constants) == len(
            node.entries
        )
        if plain and len(set(constants)) == len(constants) and not node.optional:
            inner = (f"{self.write(key)}: {self.write(value)}" for key, value in node.entries)
            return f"{{{', '.join(inner)}}}"
        parts = (self.write(part) for entry in node.entries for part in entry)
        return f"{self.support(support.make_map)}({', '.join((repr(node.optional), *parts))})"

    def fresh(self, prefix: str = "v") -> str:
        """A Python variable's name that is in no other use."""
        self._count += 1
        return f"{prefix}{self._count}"

    def within(self, names: Mapping[str, str], write: Callable[[], str]) -> str:
        """What `write` gives while these variables read as these texts."""
        before = self._variables
        self._variables = {**before, **names}
        try:
            return write()
        finally:
            self._variables = before

    def _bind(self, node: Bind) -> str:
        name = self.fresh()
        value = self.write(node.value)
        if self.optimistic:
            body = self.within({node.variable: name}, lambda: self.write(node.body))
            return f"(lambda {name}: {body})({value})"
        body = self.within({node.variable: f"{name}()"}, lambda: self.write(node.body))
        return f"(lambda {name}: {body})({self.support(support.Once)}(lambda: {value}))"

    def _comprehension(self, node: Comprehension) -> str:
        name = self.fresh()
        names = dict.fromkeys(node.variables, name)
        paired = len(node.variables) == 2 or node.kind in ("map", "map_entry")
        if len(node.variables) == 2:
            names = {variable: f"{name}[{at}]" for at, variable in enumerate(node.variables)}
        source = self.write(node.source)
        if node.kind in ("optional_map", "optional_flat_map"):
            function = getattr(support, node.kind)
            body = self.within(names, lambda: self.write(node.body))
            return f"{self.support(function)}({source}, lambda {name}: {body})"
        if paired:
            source = f"{self.support(support.numbered_or_entries)}({source})"
        elif not node.source.type.startswith("list("):
            source = f"{self.support(support.keys_or_elements)}({source})"
        if not self.optimistic or node.kind not in _OPTIMISTIC or self._nested == MAXIMUM_NESTED:
            return self._precise(node, name, names, source)
        self._nested += 1
        text = self._optimistic(node, name, names, source)
        self._nested -= 1
        return text

    def _optimistic(
        self, node: Comprehension, name: str, names: Mapping[str, str], source: str
    ) -> str:
        write = self.write if node.kind == "list" else self.condition
        body = self.within(names, lambda: write(node.body))
        keep = ""
        if node.condition is not None:
            condition = node.condition
            keep = f" if {self.within(names, lambda: self.condition(condition))}"
        return _OPTIMISTIC[node.kind].format(f"[{body} for {name} in {source}{keep}]")

    def _precise(
        self, node: Comprehension, name: str, names: Mapping[str, str], source: str
    ) -> str:
        function = self.support(_PRECISE[node.kind])
        body = f"lambda {name}: {self.within(names, lambda: self.write(node.body))}"
        if node.kind in ("all", "exists", "exists_one"):
            return f"{function}({source}, {body})"
        keep = "None"
        if node.condition is not None:
            condition = node.condition
            keep = f"lambda {name}: {self.within(names, lambda: self.write(condition))}"
        return f"{function}({source}, {keep}, {body})"

    def logic(self, node: Call) -> str:
        """`&&` or `||`: Python's own where only the last operand can fail."""
        word = " and " if node.function == "logic.and" else " or "
        if self.optimistic or all(map(_is_total, node.arguments[:-1])):
            return f"({word.join(map(self.condition, node.arguments))})"
        function = support.conjunction if node.function == "logic.and" else support.disjunction
        thunks = ", ".join(f"lambda: {self.write(argument)}" for argument in node.arguments)
        return f"{self.support(function)}({thunks})"

    def is_unknown(self, node: Call) -> str:
        """Whether the operand fails; where failures are left to the precise form, it does not."""
        text = self.write(node.arguments[0])
        if self.optimistic:
            return f"({text}, False)[1]"
        return f"{self.support(support.is_unknown)}(lambda: {text})"

    def conditional(self, node: Call) -> str:
        """`?:`."""
        condition, then, otherwise = node.arguments
        return f"({self.write(then)} if {self.condition(condition)} else {self.write(otherwise)})"

    def lazily(self, node: Call) -> str:
        """`or` and `orValue`: the second operand is evaluated only where it is needed."""
        is_or = node.function == "optionals.or"
        function = self.support(support.first_present if is_or else support.value_or)
        first, second = map(self.write, node.arguments)
        return f"{function}({first}, lambda: {second})"

    def membership(self, node: Call) -> str | None:
        """`x in [constants]`: a look-up in a set."""
        value, elements = node.arguments
        if not isinstance(elements, ListLiteral) or elements.optional or value.type == "dyn":
            return None
        constants = [part.value for part in elements.elements if isinstance(part, Constant)]
        if len(constants) != len(elements.elements):
            return None
        return f"({self.write(value)} in {self.bind(frozenset(constants))})"

    def pattern(self, node: Call) -> str | None:
        """`x.matches('constant')`: the pattern is compiled once."""
        value, pattern = node.arguments
        if not self.optimistic or not isinstance(pattern, Constant) or value.type == "dyn":
            return None
        from demur.functions.regular_expressions import compile_pattern

        try:
            search = compile_pattern(pattern.value).search
        except EvaluationError:
            return None
        return f"({self.bind(search, 'search')}({self.write(value)}) is not None)"


def sized(writer: Writer, node: Call) -> str | None:
    """A value within a limit, which is asked before the value is made where a function can make much."""
    value, limit = node.arguments
    if not isinstance(value, Call) or not isinstance(limit, Constant) or value.function in _SPECIAL:
        return None
    untyped = any(map(_is_untyped, value.arguments))
    limited = support.limited(value.function, untyped, limit.value)
    return f"{writer.bind(limited, 'limited')}({', '.join(map(writer.write, value.arguments))})"


def extreme(writer: Writer, node: Call) -> str | None:
    """`max` and `min` of doubles that were verified: Python's own, which fails on an empty list."""
    source = node.arguments[0]
    verified = isinstance(source, Signal) or (
        isinstance(source, Comprehension)
        and source.kind == "list"
        and isinstance(source.body, Field)
        and source.body.operand.type.startswith("object(")
    )
    if not writer.optimistic or not verified:
        return None
    name = "max" if "max" in node.function else "min"
    return f"{name}({writer.write(source)})"


def known_number(writer: Writer, node: Call) -> str | None:
    """A computed double that must not be NaN: a test in place where the operand is a plain name."""
    text = writer.write(node.arguments[0])
    if not text.isidentifier():
        return None
    from demur.functions.arithmetic import not_a_number

    fails = writer.bind(not_a_number, "fails")
    return f"({text} if {text} == {text} else {fails}())"


def _is_untyped(node: Expression) -> bool:
    """Whether only the value will tell whether it is of the type that an overload needs."""
    return "dyn" in node.type or node.type == "null"


def _is_total(node: Expression) -> bool:
    """Whether the condition cannot fail."""
    match node:
        case Constant():
            return node.type == "bool"
        case Call(function=function) if function in ("logic.not", "logic.and", "logic.or"):
            return all(map(_is_total, node.arguments))
        case Call() if node.function.startswith("comparison.") and "|" not in node.function:
            return all(isinstance(part, Constant | Parameter) for part in node.arguments)
        case _:
            return False


_OPTIMISTIC = {
    "all": "all({})",
    "exists": "any({})",
    "exists_one": "({}.count(True) == 1)",
    "list": "{}",
}
_PRECISE: dict[str, Callable[..., Any]] = {
    "all": support.every,
    "exists": support.some,
    "exists_one": support.one,
    "list": support.each,
    "map": support.each_entry,
    "map_entry": support.new_entries,
}
_SPECIAL: dict[str, Callable[[Writer, Call], str | None]] = {
    "logic.and": Writer.logic,
    "logic.or": Writer.logic,
    "logic.conditional": Writer.conditional,
    "logic.is_unknown": Writer.is_unknown,
    "optionals.or": Writer.lazily,
    "optionals.or_value": Writer.lazily,
    "arithmetic.known": known_number,
    "limits.sized": sized,
    **dict.fromkeys(
        ("lists.max_double", "lists.min_double", "lists.max_int", "lists.min_int"), extreme
    ),
    "regular_expressions.matches": Writer.pattern,
    "regular_expressions.matches_method": Writer.pattern,
    **dict.fromkeys(_HASHED, Writer.membership),
}
"""Calls that are more than their function applied to their arguments."""
