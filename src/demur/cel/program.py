"""An expression compiled to a function of its variables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from demur.backends.python.expressions import Writer
from demur.cel.check import check
from demur.cel.environment import Declared, Environment
from demur.cel.parse import parse
from demur.functions.values import EvaluationError, Uint, entries, error, map_key
from demur.tree import Expression, Variable, walk
from demur.types import Type, parse_signature, parse_type


class Program:
    """A compiled expression: call it with its variables' values.

    `type` is the type of its value, as text; `tree` the typed tree; `source` the Python that runs.
    """

    def __init__(self, text: str, tree: Expression, type: Type, names: Mapping[str, Type]) -> None:
        self.text = text
        self.tree = tree
        self.type = str(type)
        self._types = names
        self._run: Any = None
        self._source = ""

    @property
    def source(self) -> str:
        """The Python that runs."""
        self._compiled()
        return self._source

    def _compiled(self) -> Any:
        """The generated function, made when it is first needed: checking alone needs none."""
        run = self._run
        if run is None:
            names = {node.name for node in walk(self.tree) if isinstance(node, Variable)}
            variables = {name: f"read({name.removeprefix('.')!r})" for name in names}
            writer = Writer(optimistic=False, variables=variables)
            self._source = f"lambda read: {writer.write(self.tree)}"
            run = self._run = eval(compile_source(self._source), writer.names)
        return run

    def __call__(self, variables: Mapping[str, Any] | None = None) -> Any:
        """The expression's value with these variables. Raises `EvaluationError` where it has none."""
        run = self._compiled()
        given = variables or {}

        def read(name: str) -> Any:
            if name not in given:
                raise error(f"no such variable: {name}")
            return adapted(given[name], self._types.get(name))

        try:
            return exported(run(read))
        except RecursionError:
            raise error("the values are nested too deeply") from None

    def __repr__(self) -> str:
        return f"Program({self.text!r}, type={self.type!r})"


def compile(
    expression: str,
    variables: Mapping[str, str] | None = None,
    *,
    container: str = "",
    functions: Mapping[str, tuple[str, ...]] | None = None,
    check_types: bool = True,
) -> Program:
    """Compiles a CEL expression.

    `variables` are types by name: `{"a": "int", "tags": "list(string)", "anything": "dyn"}`.
    `container` is the namespace in which names are resolved; `functions` declares signatures for
    checking alone. With `check_types=False` types are found out during evaluation, as CEL allows.
    Raises `ExpressionError`, which shows the place and the mend.
    """
    names = {name: parse_type(type) for name, type in (variables or {}).items()}
    environment = Environment(
        variables=names if check_types else dict.fromkeys(names, Type("dyn")),
        container=container,
        functions={
            name: tuple(Declared(name, parse_signature(one)) for one in signatures)
            for name, signatures in (functions or {}).items()
        },
        dynamic=not check_types,
    )
    tree, type = check(expression, parse(expression), environment)
    return Program(expression, tree, type, names)


def compile_source(source: str) -> Any:
    """Python's code object for generated source."""
    import builtins

    return builtins.compile(source, "<demur>", "eval")


def adapted(value: Any, type: Type | None = None) -> Any:
    """A Python value as CEL's: times, tuples, boolean keys, an int where a double or uint is declared."""
    name = "dyn" if type is None else type.name
    if value.__class__ is int:
        return float(value) if name == "double" else Uint(value) if name == "uint" else value
    if isinstance(value, datetime | timedelta):
        from demur.functions import timestamps

        if isinstance(value, datetime):
            return timestamps.from_datetime(value)
        return timestamps.from_timedelta(value)
    if isinstance(value, list | tuple):
        inner = type.parameters[0] if type is not None and name == "list" else None
        return [adapted(element, inner) for element in value]
    if isinstance(value, dict):
        inner = type.parameters[1] if type is not None and name == "map" else None
        return {map_key(key): adapted(element, inner) for key, element in value.items()}
    return value


def exported(value: Any) -> Any:
    """A CEL value as Python's: maps with plain keys."""
    if value.__class__ is list:
        return [exported(element) for element in value]
    if value.__class__ is dict:
        return {key: exported(element) for key, element in entries(value)}
    return value


__all__ = ["EvaluationError", "Program", "compile"]
