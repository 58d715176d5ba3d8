"""Verification at the door: statements that check a record's signals, so that rules need not.

The generated statements return None from their function as soon as something is not as declared;
the record is then decided by the precise form, which finds out what and why.
"""

from __future__ import annotations

from demur.backends.python.expressions import Writer
from demur.backends.python.reading import read
from demur.functions.values import INT_MAX, INT_MIN
from demur.policy import Shape
from demur.tree import (
    Comprehension,
    Expression,
    Field,
    Has,
    Reference,
    Signal,
    free_variables,
    walk,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def fields_read(expressions: Iterable[Expression]) -> dict[str, set[str]]:
    """For each object type, by name, the fields that these expressions read or ask for."""
    found: dict[str, set[str]] = {}
    for expression in expressions:
        for node in walk(expression):
            part = node.operand if isinstance(node, Has) else node
            if isinstance(part, Field) and part.operand.type.startswith("object("):
                found.setdefault(part.operand.type[7:-1], set()).add(part.name)
    return found


class Fused:
    """A macro over a signal's elements, computed in the loop that verifies them.

    `beginning` is what `variable` is before the loop; `result` reads the macro's value after it.
    """

    __slots__ = ("beginning", "node", "result", "variable")

    def __init__(self, node: Comprehension, variable: str) -> None:
        self.node = node
        self.variable = variable
        self.beginning, result = _FUSED[node.kind]
        self.result = result.format(variable)

    def statement(self, writer: Writer, element: str) -> str:
        """The statement for one element, which is in the Python variable `element`."""
        node = self.node
        names = {node.variables[0]: element}
        write = writer.write if node.kind == "list" else writer.condition
        body = writer.within(names, lambda: write(node.body))
        text = _FUSED_STATEMENTS[node.kind].format(self.variable, body)
        if node.condition is None:
            return text
        condition = node.condition
        return f"if {writer.within(names, lambda: writer.condition(condition))}: {text}"


_FUSED = {
    "all": ("True", "{}"),
    "exists": ("False", "{}"),
    "exists_one": ("0", "({} == 1)"),
    "list": ("[]", "{}"),
}
_FUSED_STATEMENTS = {
    "all": "if not {1}: {0} = False",
    "exists": "if {1}: {0} = True",
    "exists_one": "if {1}: {0} += 1",
    "list": "{0}.append({1})",
}


def fused(expressions: Iterable[Expression]) -> dict[str, tuple[Fused, ...]]:
    """By signal, the macros that can be computed while its elements are verified.

    Those are macros straight over the signal whose bodies need nothing but the element.
    """
    found: dict[str, list[Fused]] = {}
    for expression in expressions:
        for node in walk(expression):
            if (
                isinstance(node, Comprehension)
                and node.kind in _FUSED
                and isinstance(node.source, Signal)
                and node.source.type.startswith("list(")
                and len(node.variables) == 1
                and not free_variables(node)
                and not any(_reads_more(part, node) for part in walk(node))
            ):
                path = f"{node.source.stage}.{node.source.name}"
                count = sum(map(len, found.values()))
                found.setdefault(path, []).append(Fused(node, f"m{count}"))
    return {path: tuple(macros) for path, macros in found.items()}


def _reads_more(part: Expression, macro: Comprehension) -> bool:
    """Whether a part of the macro reads what may not be verified yet when its elements are."""
    return isinstance(part, Reference | Signal) and part is not macro.source


class Verifier:
    """Writes the checks of signals; `fields` says which fields of which objects are read."""

    def __init__(
        self,
        writer: Writer,
        fields: Mapping[str, set[str]],
        fused: Mapping[str, tuple[Fused, ...]],
    ) -> None:
        self._writer = writer
        self._fields = fields
        self._fused = fused
        self._parts: dict[tuple[str, str], str] = {}
        self.lines: list[str] = []

    def part(self, holder: str, name: str) -> str | None:
        """The variable that holds the verified field of the object in the variable `holder`."""
        return self._parts.get((holder, name))

    def signal(self, variable: str, source: str, name: str, shape: Shape, path: str) -> None:
        """Reads `source[name]` into `variable` and checks it; an optional signal may be None."""
        if shape.optional:
            self._line(1, f"{variable} = {source}.get({name!a})")
            self._line(1, f"if {variable} is not None:")
            self._value(2, variable, shape, path, may_convert=True)
            self._line(2, "pass")
        else:
            self._line(1, f"{variable} = {source}[{name!a}]")
            self._value(1, variable, shape, path, may_convert=True)

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _unless(self, depth: int, condition: str) -> None:
        self._line(depth, f"if {condition}: return None")

    def _value(
        self, depth: int, variable: str, shape: Shape, path: str, *, may_convert: bool
    ) -> None:
        """Checks a variable that holds the value.

        A value that has to be converted (an int where a double is declared, or the other way round)
        is, where the variable is what the rules read; inside a list or an object the record goes to
        the precise form.
        """
        match shape.type:
            case "bool":
                self._unless(depth, f"{variable} is not True and {variable} is not False")
            case "string" | "int" if shape.enum is not None and shape.type == "string":
                self._unless(depth, f"{variable} not in {self._set(shape)}")
            case "string":
                size = (
                    ""
                    if shape.maximum_size is None
                    else (f" or len({variable}) > {shape.maximum_size!r}")
                )
                self._unless(depth, f"{variable}.__class__ is not str{size}")
            case "int":
                low = INT_MIN if shape.minimum is None else max(INT_MIN, shape.minimum)
                high = INT_MAX if shape.maximum is None else min(INT_MAX, shape.maximum)
                outside = f"not {low!r} <= {variable} <= {high!r}"
                if shape.enum is not None:
                    outside = f"{variable} not in {self._set(shape)}"
                if may_convert:
                    self._line(depth, f"if {variable}.__class__ is not int:")
                    self._read(depth + 1, variable, shape)
                    self._unless(depth, outside)
                else:
                    self._unless(depth, f"{variable}.__class__ is not int or {outside}")
            case "double":
                self._double(depth, variable, shape, may_convert=may_convert)
            case "list" if iterates(shape):
                self._list(depth, variable, shape, path)
            case "object":
                self._unless(depth, f"{variable}.__class__ is not dict")
                self._object_fields(depth, variable, shape, path)
            case _:
                if may_convert:
                    self._read(depth, variable, shape)
                else:
                    self._line(depth, "return None")

    def _read(self, depth: int, variable: str, shape: Shape) -> None:
        """Reads the variable's value as the precise form does; what is unknown raises."""
        call, shape_name = self._writer.bind(read, "read"), self._writer.bind(shape, "shape")
        self._line(depth, f"{variable} = {call}({variable}, {shape_name}, '')")

    def _double(self, depth: int, variable: str, shape: Shape, *, may_convert: bool) -> None:
        if may_convert:
            self._line(depth, f"if {variable}.__class__ is not float:")
            self._unless(depth + 1, f"{variable}.__class__ is not int")
            self._line(depth + 1, f"{variable} = float({variable})")
            prefix = ""
        else:
            prefix = f"{variable}.__class__ is not float or "
        infinity = self._writer.bind(float("inf"), "infinity")
        low = f"-{infinity} <" if shape.minimum is None else f"{float(shape.minimum)!r} <="
        high = f"< {infinity}" if shape.maximum is None else f"<= {float(shape.maximum)!r}"
        self._unless(depth, f"{prefix}not {low} {variable} {high}")

    def _list(self, depth: int, variable: str, shape: Shape, path: str) -> None:
        size = (
            "" if shape.maximum_size is None else (f" or len({variable}) > {shape.maximum_size!r}")
        )
        self._unless(depth, f"{variable}.__class__ is not list{size}")
        fused = self._fused.get(path, ())
        for one in fused:
            self._line(depth, f"{one.variable} = {one.beginning}")
        element = self._writer.fresh("e")
        self._line(depth, f"for {element} in {variable}:")
        assert shape.of is not None
        inner = shape.of
        if inner.type == "object" and self._checks_by_reading(inner, f"{path}[]"):
            self._object_fields(depth + 1, element, inner, f"{path}[]")
        else:
            self._value(depth + 1, element, inner, f"{path}[]", may_convert=False)
        for one in fused:
            self._line(depth + 1, one.statement(self._writer, element))

    def _checks_by_reading(self, shape: Shape, path: str) -> bool:
        """Whether a required field is read: `x["f"]` then fails by itself on all but mappings."""
        fields = shape.fields or {}
        return any(not fields[name].optional for name in self._fields.get(path, ()))

    def _object_fields(self, depth: int, variable: str, shape: Shape, path: str) -> None:
        for name in sorted(self._fields.get(path, ())):
            field = (shape.fields or {})[name]
            part = self._writer.fresh("e")
            if field.optional:
                self._line(depth, f"{part} = {variable}.get({name!a})")
                self._line(depth, f"if {part} is not None:")
                self._value(depth + 1, part, field, f"{path}.{name}", may_convert=False)
                self._line(depth + 1, "pass")
            else:
                self._line(depth, f"{part} = {variable}[{name!a}]")
                self._parts[variable, name] = part
                self._value(depth, part, field, f"{path}.{name}", may_convert=False)

    def _set(self, shape: Shape) -> str:
        return self._writer.bind(frozenset(shape.enum or ()))


def iterates(shape: Shape) -> bool:
    """Whether a list's elements are verified in a loop of plain Python."""
    return shape.type == "list" and shape.of is not None and shape.of.type in _ITERATED


_ITERATED = frozenset(("bool", "int", "double", "string", "list", "object"))
