"""A compiled policy as JSON data, and back. An expression is an array `[kind, type, …]`.

Readers raise LookupError, TypeError, ValueError or AttributeError on data that is no policy;
`bundle` turns those into its own error.
"""

from __future__ import annotations

from demur.functions.values import Duration, Timestamp, Uint
from demur.policy import ParameterValue, Policy, Response, Rule, Shape
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
    from collections.abc import Callable
    from typing import Any


def write_expression(node: Expression) -> list[Any]:
    """An expression as JSON data."""
    write = write_expression
    match node:
        case Constant(value=value):
            return ["constant", node.type, _write_value(value)]
        case Variable(name=name):
            return ["variable", node.type, name]
        case Signal(stage=stage, name=name):
            return ["signal", node.type, stage, name]
        case Parameter(name=name):
            return ["parameter", node.type, name]
        case Reference(name=name):
            return ["reference", node.type, name]
        case Field(operand=operand, name=name):
            return ["field", node.type, write(operand), name]
        case Has(operand=operand):
            return ["has", node.type, write(operand)]
        case Call(function=function, arguments=arguments):
            return ["call", node.type, function, *map(write, arguments)]
        case ListLiteral(elements=elements, optional=optional):
            return ["list", node.type, list(optional), *map(write, elements)]
        case MapLiteral(entries=entries, optional=optional):
            pairs = [[write(key), write(value)] for key, value in entries]
            return ["map", node.type, list(optional), *pairs]
        case Comprehension(kind=kind, source=source, variables=variables, body=body):
            condition = None if node.condition is None else write(node.condition)
            parts = [kind, write(source), list(variables), condition, write(body)]
            return ["comprehension", node.type, *parts]
        case Bind(variable=variable, value=value, body=body):
            return ["bind", node.type, variable, write(value), write(body)]


def read_expression(data: Any) -> Expression:
    """The expression that `write_expression` wrote. Raises LookupError, TypeError or ValueError."""
    return _READERS[data[0]](data)


def _read_map(data: Any) -> MapLiteral:
    entries = tuple((read_expression(key), read_expression(value)) for key, value in data[3:])
    return MapLiteral(entries, tuple(data[2]), data[1])


def _read_comprehension(data: Any) -> Comprehension:
    _, type, kind, source, variables, condition, body = data
    filtered = None if condition is None else read_expression(condition)
    return Comprehension(
        kind, read_expression(source), tuple(variables), filtered, read_expression(body), type
    )


def _read_has(data: Any) -> Has:
    operand = read_expression(data[2])
    if not isinstance(operand, Signal | Field):
        raise TypeError("has() of neither a signal nor a field")
    return Has(operand, data[1])


def _read_many(data: Any) -> tuple[Expression, ...]:
    return tuple([read_expression(part) for part in data])


_READERS: dict[str, Callable[[Any], Expression]] = {
    "constant": lambda d: Constant(_read_value(d[2], d[1]), d[1]),
    "variable": lambda d: Variable(d[2], d[1]),
    "signal": lambda d: Signal(d[2], d[3], d[1]),
    "parameter": lambda d: Parameter(d[2], d[1]),
    "reference": lambda d: Reference(d[2], d[1]),
    "field": lambda d: Field(read_expression(d[2]), d[3], d[1]),
    "has": _read_has,
    "call": lambda d: Call(d[2], _read_many(d[3:]), d[1]),
    "list": lambda d: ListLiteral(_read_many(d[3:]), tuple(d[2]), d[1]),
    "map": _read_map,
    "comprehension": _read_comprehension,
    "bind": lambda d: Bind(d[2], read_expression(d[3]), read_expression(d[4]), d[1]),
}


def _write_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Timestamp | Duration):
        return value.nanoseconds
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    return int(value) if isinstance(value, Uint) else value


def _read_value(value: Any, type: str) -> Any:
    match type:
        case "bytes":
            return bytes.fromhex(value)
        case "timestamp":
            return Timestamp(value)
        case "duration":
            return Duration(value)
        case "uint":
            return Uint(value)
        case "double":
            return float(value)
        case _:
            return value


_SHAPE_TYPES: dict[str, tuple[type, ...]] = {
    "enum": (list,),
    "minimum": (int, float),
    "maximum": (int, float),
    "maximum_size": (int,),
    "optional": (bool,),
    "pii": (bool,),
    "unit": (str,),
    "otel": (str,),
    "zone": (str,),
}


def _write_shape(shape: Shape) -> dict[str, Any]:
    written: dict[str, Any] = {"type": shape.type}
    for field in _SHAPE_TYPES:
        value = getattr(shape, field)
        if value is not None and value is not False:
            written[field] = list(value) if isinstance(value, tuple) else value
    if shape.of is not None:
        written["of"] = _write_shape(shape.of)
    if shape.fields is not None:
        written["fields"] = {name: _write_shape(field) for name, field in shape.fields.items()}
    return written


def _of(value: Any, *types: type) -> Any:
    """`value`, if it is of one of these types; a bool is no number. Raises TypeError."""
    if value.__class__ in types:
        return value
    raise TypeError(f"{type(value).__name__} where another type belongs")


_NONE = type(None)


def _read_shape(data: Any) -> Shape:
    given = dict(data)
    for name, types in _SHAPE_TYPES.items():
        if name in given:
            _of(given[name], *types)
    type = given.pop("type")
    if type not in _TYPES:
        raise ValueError(f"no such type: {type}")
    if "of" in given:
        given["of"] = _read_shape(given["of"])
    if "fields" in given:
        given["fields"] = {name: _read_shape(field) for name, field in given["fields"].items()}
    if "enum" in given:
        given["enum"] = tuple([_of(value, str, int) for value in given["enum"]])
    return Shape(type, **given)


_TYPES = frozenset(
    "bool int uint double string bytes timestamp duration list map object dyn".split()
)


def _write_response(response: Response | None) -> list[Any] | None:
    if response is None:
        return None
    return [
        response.action,
        response.failure,
        [_write_part(part) for part in response.say],
        [_write_part(part) for part in response.why],
    ]


def _write_part(part: str | Expression) -> Any:
    return part if isinstance(part, str) else write_expression(part)


def _read_response(data: Any) -> Response | None:
    if data is None:
        return None
    action, failure, say, why = data
    if action not in _ACTIONS:
        raise ValueError(f"no such action: {action}")
    return Response(action, _of(failure, str, _NONE), _read_text(say), _read_text(why))


_ACTIONS = frozenset(("answer", "flag", "fallback", "escalate", "abstain", "refuse"))


def _read_text(parts: Any) -> tuple[str | Expression, ...]:
    return tuple([part if isinstance(part, str) else read_expression(part) for part in parts])


def write_policy(policy: Policy) -> dict[str, Any]:
    """A compiled policy as JSON data."""
    parts: dict[str, Any] = {}
    # Left out where there are none, so that a policy without them has the digest it always had.
    if policy.derived:
        parts["derive"] = [
            [stage, name, write_expression(tree)] for (stage, name), tree in policy.derived.items()
        ]
    if policy.requires:
        parts["requires"] = list(policy.requires)
    return {
        "demur": policy.language,
        "policy": policy.name,
        "version": policy.version,
        "about": policy.about,
        "owner": policy.owner,
        "runbook": policy.runbook,
        "stages": [
            [stage, {name: _write_shape(shape) for name, shape in signals.items()}]
            for stage, signals in policy.stages.items()
        ],
        "outcome": {name: _write_shape(shape) for name, shape in policy.outcome.items()},
        "params": {
            name: [one.type, _write_value(one.value), one.minimum, one.maximum]
            for name, one in policy.parameters.items()
        },
        "define": [[name, write_expression(tree)] for name, tree in policy.definitions.items()],
        "failures": policy.failures,
        "rules": [
            [
                rule.name,
                rule.section,
                rule.stage,
                write_expression(rule.condition),
                _write_response(rule.response),
                _write_response(rule.on_unknown),
            ]
            for rule in policy.rules
        ],
        "evaluation": policy.evaluation,
        **parts,
    }


def read_policy(data: Any) -> Policy:
    """The compiled policy that `write_policy` wrote."""
    return Policy(
        language=data["demur"],
        name=data["policy"],
        version=data["version"],
        about=data["about"],
        owner=data["owner"],
        runbook=data["runbook"],
        stages={
            stage: {name: _read_shape(shape) for name, shape in signals.items()}
            for stage, signals in data["stages"]
        },
        outcome={name: _read_shape(shape) for name, shape in data["outcome"].items()},
        parameters={
            name: ParameterValue(
                _of(type, str),
                _read_value(value, type),
                _of(minimum, int, float, _NONE),
                _of(maximum, int, float, _NONE),
            )
            for name, (type, value, minimum, maximum) in data["params"].items()
        },
        definitions={name: read_expression(tree) for name, tree in data["define"]},
        failures=data["failures"],
        rules=tuple([_read_rule(rule) for rule in data["rules"]]),
        evaluation=data["evaluation"],
        derived={
            (_of(stage, str), _of(name, str)): read_expression(tree)
            for stage, name, tree in data.get("derive", ())
        },
        requires=tuple([_of(name, str) for name in data.get("requires", ())]),
    )


def _read_rule(data: Any) -> Rule:
    name, section, stage, condition, response, on_unknown = data
    answer = _read_response(response)
    if answer is None:
        raise ValueError("a rule without a response")
    return Rule(
        _of(name, str),
        _of(section, str),
        _of(stage, int),
        read_expression(condition),
        answer,
        _read_response(on_unknown),
    )
