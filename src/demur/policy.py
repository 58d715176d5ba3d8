"""The compiled policy: a typed tree that the back ends read, and nothing else.

Loading a compiled policy must cost a service next to nothing, so this module imports nothing and
its records are plain classes; `bundle` writes them as canonical JSON and reads them back. Types
are written as in `demur.types` (`list(string)`). `span` is where an expression stands in its own
text, for messages of the compiler; it is no part of the policy and is not stored.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

ACTIONS = ("answer", "flag", "fallback", "escalate", "abstain", "refuse")
"""The actions from mildest to strictest; a decision is the strictest that fired."""
ANSWERED = frozenset(ACTIONS[:3])
"""The actions after which the user has an answer."""
STRICTNESS = {action: rank for rank, action in enumerate(ACTIONS)}


class Constant:
    """A value known at compile time; a type's name for a constant of type `type`."""

    __slots__ = ("span", "type", "value")
    __match_args__ = ("value", "type")

    def __init__(self, value: Any, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.value = value
        self.type = type
        self.span = span


class Variable:
    """A variable of the surroundings, or one bound by a comprehension or `Bind`."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Signal:
    """A signal of a record: `stage.name`."""

    __slots__ = ("name", "span", "stage", "type")
    __match_args__ = ("stage", "name", "type")

    def __init__(self, stage: str, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.stage = stage
        self.name = name
        self.type = type
        self.span = span


class Parameter:
    """A tunable number of the policy: `params.name`."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Reference:
    """A named expression of the policy, computed once: a definition."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Field:
    """A field of an object, or the value at a key of a map: `operand.name`."""

    __slots__ = ("name", "operand", "span", "type")
    __match_args__ = ("operand", "name", "type")

    def __init__(
        self, operand: Expression, name: str, type: str, span: tuple[int, int] = (0, 0)
    ) -> None:
        self.operand = operand
        self.name = name
        self.type = type
        self.span = span


class Has:
    """Whether a signal, field or key is there: `has(operand)`."""

    __slots__ = ("operand", "span", "type")
    __match_args__ = ("operand", "type")

    def __init__(
        self, operand: Signal | Field, type: str = "bool", span: tuple[int, int] = (0, 0)
    ) -> None:
        self.operand = operand
        self.type = type
        self.span = span


class Call:
    """A function's overload applied.

    `function` is an overload's identifier, or several joined by `|` where the types that are
    known at compile time leave a choice, which the values then make.
    """

    __slots__ = ("arguments", "function", "span", "type")
    __match_args__ = ("function", "arguments", "type")

    def __init__(
        self,
        function: str,
        arguments: tuple[Expression, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.type = type
        self.span = span


class ListLiteral:
    """A list; the elements at the indices in `optional` are optionals, left out when empty."""

    __slots__ = ("elements", "optional", "span", "type")
    __match_args__ = ("elements", "optional", "type")

    def __init__(
        self,
        elements: tuple[Expression, ...],
        optional: tuple[int, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.elements = elements
        self.optional = optional
        self.type = type
        self.span = span


class MapLiteral:
    """A map; the entries at the indices in `optional` have optional values, left out when empty."""

    __slots__ = ("entries", "optional", "span", "type")
    __match_args__ = ("entries", "optional", "type")

    def __init__(
        self,
        entries: tuple[tuple[Expression, Expression], ...],
        optional: tuple[int, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.entries = entries
        self.optional = optional
        self.type = type
        self.span = span


class Comprehension:
    """A macro over the elements of a list, the keys of a map, or the value of an optional.

    `kind` is `all`, `exists`, `exists_one`, `list`, `map`, `map_entry`, `optional_map` or
    `optional_flat_map`; `variables` are one (element or key) or two (index or key, and value);
    `condition` filters the elements first, `body` is computed for each that is left.
    """

    __slots__ = ("body", "condition", "kind", "source", "span", "type", "variables")
    __match_args__ = ("kind", "source", "variables", "condition", "body", "type")

    def __init__(
        self,
        kind: str,
        source: Expression,
        variables: tuple[str, ...],
        condition: Expression | None,
        body: Expression,
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.kind = kind
        self.source = source
        self.variables = variables
        self.condition = condition
        self.body = body
        self.type = type
        self.span = span


class Bind:
    """`body` with a variable that stands for `value`, computed at most once."""

    __slots__ = ("body", "span", "type", "value", "variable")
    __match_args__ = ("variable", "value", "body", "type")

    def __init__(
        self,
        variable: str,
        value: Expression,
        body: Expression,
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.variable = variable
        self.value = value
        self.body = body
        self.type = type
        self.span = span


Expression = (
    Constant
    | Variable
    | Signal
    | Parameter
    | Reference
    | Field
    | Has
    | Call
    | ListLiteral
    | MapLiteral
    | Comprehension
    | Bind
)


class Shape:
    """What a signal's value must be to be known.

    `type` is the kind of value (`string`, `double`, `list`, `map`, `object`, …); `of` is the shape
    of a list's elements or a map's values, `fields` those of an object. Bounds are inclusive;
    `maximum_size` counts characters, bytes, elements or entries. `optional` makes absence
    legitimate; `pii` marks personal data, `unit` and `otel` are for people and telemetry.
    """

    __slots__ = (
        "enum",
        "fields",
        "maximum",
        "maximum_size",
        "minimum",
        "of",
        "optional",
        "otel",
        "pii",
        "type",
        "unit",
    )

    def __init__(
        self,
        type: str,
        *,
        of: Shape | None = None,
        fields: Mapping[str, Shape] | None = None,
        enum: tuple[Any, ...] | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        maximum_size: int | None = None,
        optional: bool = False,
        pii: bool = False,
        unit: str | None = None,
        otel: str | None = None,
    ) -> None:
        self.type = type
        self.of = of
        self.fields = fields
        self.enum = enum
        self.minimum = minimum
        self.maximum = maximum
        self.maximum_size = maximum_size
        self.optional = optional
        self.pii = pii
        self.unit = unit
        self.otel = otel


class ParameterValue:
    """A parameter's type, value and inclusive bounds."""

    __slots__ = ("maximum", "minimum", "type", "value")

    def __init__(
        self, type: str, value: Any, minimum: float | None = None, maximum: float | None = None
    ) -> None:
        self.type = type
        self.value = value
        self.minimum = minimum
        self.maximum = maximum


class Response:
    """What follows when a rule fires: an action, the failure it counts as, and the words.

    `say` is for the user, `why` for engineers; both are texts interleaved with expressions.
    """

    __slots__ = ("action", "failure", "say", "why")

    def __init__(
        self,
        action: str,
        failure: str | None = None,
        say: tuple[str | Expression, ...] = (),
        why: tuple[str | Expression, ...] = (),
    ) -> None:
        self.action = action
        self.failure = failure
        self.say = say
        self.why = why


class Rule:
    """A condition and what follows when it holds, or when it stays unknown.

    `section` is `scope` or `rules`; a scope entry's condition is already negated here, so every
    rule fires when its condition is true. `stage` is the index of the last stage it reads.
    `on_unknown` is None where an unknown condition is ignored.
    """

    __slots__ = ("condition", "name", "on_unknown", "response", "section", "stage")

    def __init__(
        self,
        name: str,
        section: str,
        stage: int,
        condition: Expression,
        response: Response,
        on_unknown: Response | None,
    ) -> None:
        self.name = name
        self.section = section
        self.stage = stage
        self.condition = condition
        self.response = response
        self.on_unknown = on_unknown


class Policy:
    """A compiled policy.

    `stages` maps each stage, in pipeline order, to its signals' shapes; `outcome` those known only
    afterwards. `definitions` are in an order in which each reads only earlier ones. `evaluation`
    holds the sections that are judged over many records (metrics, suites, gates, alerts,
    invariants, failures, and the policy's own facts) as JSON data with typed expressions.
    """

    __slots__ = (
        "about",
        "definitions",
        "evaluation",
        "failures",
        "language",
        "name",
        "outcome",
        "owner",
        "parameters",
        "rules",
        "runbook",
        "stages",
        "version",
    )

    def __init__(
        self,
        *,
        language: int,
        name: str,
        version: str | None,
        about: str,
        owner: str,
        runbook: str | None,
        stages: Mapping[str, Mapping[str, Shape]],
        outcome: Mapping[str, Shape],
        parameters: Mapping[str, ParameterValue],
        definitions: Mapping[str, Expression],
        failures: Mapping[str, Mapping[str, Any]],
        rules: tuple[Rule, ...],
        evaluation: Mapping[str, Any],
    ) -> None:
        self.language = language
        self.name = name
        self.version = version
        self.about = about
        self.owner = owner
        self.runbook = runbook
        self.stages = stages
        self.outcome = outcome
        self.parameters = parameters
        self.definitions = definitions
        self.failures = failures
        self.rules = rules
        self.evaluation = evaluation


def children(node: Expression) -> tuple[Expression, ...]:
    """The expression's direct parts, in source order."""
    parts = _PARTS.get(node.__class__)
    return () if parts is None else parts(node)


def _parts_of_map(node: MapLiteral) -> tuple[Expression, ...]:
    return tuple([part for entry in node.entries for part in entry])


def _parts_of_comprehension(node: Comprehension) -> tuple[Expression, ...]:
    if node.condition is None:
        return (node.source, node.body)
    return (node.source, node.condition, node.body)


_PARTS: dict[type, Callable[[Any], tuple[Expression, ...]]] = {
    Field: lambda node: (node.operand,),
    Has: lambda node: (node.operand,),
    Call: lambda node: node.arguments,
    ListLiteral: lambda node: node.elements,
    MapLiteral: _parts_of_map,
    Comprehension: _parts_of_comprehension,
    Bind: lambda node: (node.value, node.body),
}


def walk(node: Expression) -> list[Expression]:
    """The expression and everything in it, outermost first."""
    found: list[Expression] = []
    pending = [node]
    while pending:
        current = pending.pop()
        found.append(current)
        parts = children(current)
        if parts:
            pending.extend(parts[::-1])
    return found


def free_variables(node: Expression) -> frozenset[str]:
    """The variables that the expression reads and does not bind itself."""
    if isinstance(node, Variable):
        return frozenset((node.name,))
    if isinstance(node, Comprehension):
        inner = free_variables(node.body)
        if node.condition is not None:
            inner |= free_variables(node.condition)
        return free_variables(node.source) | (inner - frozenset(node.variables))
    if isinstance(node, Bind):
        return free_variables(node.value) | (free_variables(node.body) - {node.variable})
    found: frozenset[str] = frozenset()
    for child in children(node):
        found |= free_variables(child)
    return found


def type_of(shape: Shape, path: str) -> str:
    """The type of a signal's values; an object's type is named by its place (`request.user`)."""
    if shape.type == "object":
        return f"object({path})"
    if shape.type == "list":
        return f"list({'dyn' if shape.of is None else type_of(shape.of, f'{path}[]')})"
    if shape.type == "map":
        return f"map(string, {'dyn' if shape.of is None else type_of(shape.of, f'{path}{{}}')})"
    return shape.type


def objects(path: str, shape: Shape) -> dict[str, Shape]:
    """Every object's shape in a signal's, by the name of its type as `type_of` gives it."""
    if shape.type == "object":
        found = {path: shape}
        for name, field in (shape.fields or {}).items():
            found.update(objects(f"{path}.{name}", field))
        return found
    if shape.of is None:
        return {}
    return objects(f"{path}[]" if shape.type == "list" else f"{path}{{}}", shape.of)


def all_objects(policy: Policy) -> dict[str, Shape]:
    """Every object's shape in the policy's signals, by the name of its type."""
    found: dict[str, Shape] = {}
    for stage, signals in (*policy.stages.items(), ("outcome", policy.outcome)):
        for name, shape in signals.items():
            found.update(objects(f"{stage}.{name}", shape))
    return found
