"""Expressions in words, for readers who know no CEL.

A table says how each function reads, and how its negation does. What has no words is shown as CEL,
so nothing is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from demur.cel.render import render
from demur.functions.values import Duration, Timestamp
from demur.policy import ParameterValue
from demur.runtime.decision import display
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    Parameter,
    Reference,
    Signal,
    Variable,
    walk,
)

_PHRASES: Mapping[str, tuple[str, str]] = {
    "comparison.equals": ("{0} is {1}", "{0} is not {1}"),
    "comparison.differs": ("{0} is not {1}", "{0} is {1}"),
    "comparison.less_or_equal": ("{0} is at most {1}", "{0} is above {1}"),
    "comparison.less": ("{0} is below {1}", "{0} is at least {1}"),
    "comparison.greater_or_equal": ("{0} is at least {1}", "{0} is below {1}"),
    "comparison.greater": ("{0} is above {1}", "{0} is at most {1}"),
    "timestamps.less_or_equal": ("{0} is not after {1}", "{0} is after {1}"),
    "timestamps.less": ("{0} is before {1}", "{0} is not before {1}"),
    "timestamps.greater_or_equal": ("{0} is not before {1}", "{0} is before {1}"),
    "timestamps.greater": ("{0} is after {1}", "{0} is not after {1}"),
    "lists.contains": ("{0} is among {1}", "{0} is not among {1}"),
    "maps.contains": ("{1} has {0}", "{1} does not have {0}"),
    "strings.contains": ("{0} contains {1}", "{0} does not contain {1}"),
    "strings.starts_with": ("{0} begins with {1}", "{0} does not begin with {1}"),
    "strings.ends_with": ("{0} ends with {1}", "{0} does not end with {1}"),
    "regular_expressions.matches": (
        "{0} matches the pattern {1}",
        "{0} does not match the pattern {1}",
    ),
}
"""Conditions by the beginning of the overload's identifier: as they read, and as their negations do."""
_VALUES: Mapping[str, str] = {
    "lists.size": "the number of {0}",
    "maps.size": "the number of entries of {0}",
    "strings.size": "the length of {0}",
    "lists.max": "the highest of {0}",
    "lists.min": "the lowest of {0}",
    "lists.sum": "the sum of {0}",
    "lists.mean": "the mean of {0}",
    "maps.value": "the entry of {0} for {1}",
    "arithmetic.add": "{0} plus {1}",
    "arithmetic.subtract": "{0} minus {1}",
    "arithmetic.multiply": "{0} times {1}",
    "arithmetic.divide": "{0} divided by {1}",
    "arithmetic.known": "{0}",
    "limits.sized": "{0}",
    "limits.affordable": "{0}",
    "conversions.double_of": "{0}",
    "conversions.int_of_int": "{0}",
    "logic.conditional": "{1} if {0}, otherwise {2}",
    "strings.lower_ascii": "{0} in lower case",
    "aggregates.rate_where": "the share for which {0}",
    "aggregates.rate": "the share of records for which {0}",
    "aggregates.count_where": "the number of records for which {0}",
    "aggregates.count": "the number of records",
    "aggregates.mean": "the mean of {0}",
    "aggregates.sum": "the sum of {0}",
    "aggregates.min": "the lowest of {0}",
    "aggregates.max": "the highest of {0}",
    "aggregates.quantile": "the value of {0} that a share of {1} of the records does not exceed",
    "aggregates.ratio": "the sum of {0} divided by the sum of {1}",
    "aggregates.distinct": "the number of different values of {0}",
    "aggregates.unknown_rate": "the share of records in which {0} is unknown",
    "aggregates.unique_rate": "the number of different values of {0} for each record",
    "aggregates.drift": "how far {0} is distributed from the baseline",
    "aggregates.kolmogorov_smirnov": "the Kolmogorov-Smirnov distance of {0} from the baseline",
    "aggregates.jensen_shannon": "the Jensen-Shannon distance of {0} from the baseline",
    "aggregates.psi": "the population stability index of {0} against the baseline",
}
"""Values, likewise."""
_LOOPS: Mapping[str, tuple[str, str]] = {
    "exists": (
        "for at least one of {source}, {body}",
        "for none of {source} it holds that {body}",
    ),
    "all": ("for every one of {source}, {body}", "not for every one of {source}, {body}"),
    "exists_one": (
        "for exactly one of {source}, {body}",
        "not for exactly one of {source}, {body}",
    ),
}
_ARITHMETIC = ("arithmetic.add", "arithmetic.subtract", "arithmetic.multiply", "arithmetic.divide")
_DECISION: Mapping[str, tuple[str, str]] = {
    "decision.answered": ("the user gets an answer", "the user gets no answer"),
    "decision.declined": ("no answer is given", "an answer is given"),
}
Parameters = Mapping[str, ParameterValue]


def words(node: Expression, parameters: Parameters | None = None) -> str:
    """The expression in words, plain text in one line. Parameters are named with their values."""
    return _Words(parameters or {}).of(node)


def named(name: str) -> str:
    """A name as words: `best_score` is `best score`."""
    return name.replace("_", " ").replace(".", " ")


class _Words:
    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._it: list[str] = []
        self._kept: dict[str, Expression] = {}

    def of(self, node: Expression, negated: bool = False) -> str:
        """The words of a node; `negated` of a condition's opposite."""
        match node:
            case Call(function="logic.not", arguments=(operand,)):
                return self.of(operand, not negated)
            case Call(function="logic.and" | "logic.or" as function, arguments=operands):
                joint = "and" if (function == "logic.and") != negated else "or"
                return f", {joint} ".join(self._operand(one, negated) for one in operands)
            case Call(
                function="comparison.equals_bool" | "comparison.differs_bool", arguments=sides
            ) if isinstance(sides[1], Constant):
                is_so = sides[1].value == (node.function == "comparison.equals_bool")
                return self.of(sides[0], negated == is_so)
            case Call():
                return self._call(node, negated)
            case Comprehension():
                return self._comprehension(node, negated)
            case Bind(variable=variable, value=value, body=body) if variable[0] == "@":
                self._kept[variable] = value
                return self.of(body, negated)
            case Variable(name=name) if name in self._kept:
                return self.of(self._kept[name], negated)
            case Has(operand=operand):
                return f"{self._value(operand)} is {'not ' if negated else ''}given"
            case Variable(name=name) if name in _DECISION:
                return _DECISION[name][negated]
            case _ if node.type == "bool" and not isinstance(node, Constant):
                what = f"“{self._value(node)}”"
                return f"{what} does not hold" if negated else f"{what} holds"
            case _:
                return self._value(node)

    def _operand(self, node: Expression, negated: bool) -> str:
        """An operand of `and` or `or`, in brackets where it is one of both itself, or a loop."""
        text = self.of(node, negated)
        inner = node
        if isinstance(inner, Call) and inner.function == "logic.not":
            inner = inner.arguments[0]
        compound = _is(inner, "logic.and") or _is(inner, "logic.or")
        return f"({text})" if compound or isinstance(inner, Comprehension) else text

    def _value(self, node: Expression) -> str:
        match node:
            case Signal(stage=stage, name=name):
                return f"{named(stage)} {named(name)}"
            case Parameter(name=name):
                value = self._parameters.get(name)
                return named(name) + (f" ({display(value.value)})" if value else "")
            case Reference(name=name):
                return named(name)
            case Variable(name=name):
                return "it" if self._it[-1:] == [name] else named(name)
            case Field(operand=Variable(name=name), name=field) if self._it[-1:] == [name]:
                return f"its {named(field)}"
            case Field(operand=operand, name=field):
                return f"the {named(field)} of {self.of(operand)}"
            case ListLiteral(elements=elements, optional=()):
                return _any_of([self.of(one) for one in elements])
            case Constant(value=value):
                return _constant(value)
            case _:
                return render(node)

    def _call(self, node: Call, negated: bool) -> str:
        identifier = node.function.partition("|")[0]
        arguments = [self._argument(node, one) for one in node.arguments]
        for prefix, phrases in _PHRASES.items():
            if identifier.startswith(prefix):
                text = phrases[negated].format(*arguments)
                return _one_of(text) if _is_list(node.arguments[-1]) else text
        kept = ""
        if identifier.endswith("_where") and not identifier.startswith("aggregates.count"):
            kept = f"of the records for which {arguments.pop()}, "
        for prefix, phrase in _VALUES.items():
            if identifier.startswith(prefix) and phrase.count("{") == len(arguments):
                text = kept + phrase.format(*arguments)
                return f"it is not so that {text}" if negated else text
        if node.type == "bool":
            return f"{render(node)} is {'false' if negated else 'true'}"
        return render(node)

    def _argument(self, call: Call, node: Expression) -> str:
        text = self.of(node)
        is_inner = any(_is(node, one) for one in _ARITHMETIC)
        return f"({text})" if is_inner and any(_is(call, one) for one in _ARITHMETIC) else text

    def _comprehension(self, node: Comprehension, negated: bool) -> str:
        source = self.of(node.source)
        nested = any(isinstance(one, Comprehension) for one in walk(node.body))
        if len(node.variables) != 1 or nested or self._it:
            text = render(node)
            return f"{text} is {'false' if negated else 'true'}" if node.type == "bool" else text
        self._it.append(node.variables[0])
        try:
            body = self.of(node.body)
            kept = "" if node.condition is None else f" for which {self.of(node.condition)}"
        finally:
            self._it.pop()
        if node.kind in _LOOPS:
            return _LOOPS[node.kind][negated].format(source=source + kept, body=body)
        if body == "it":
            return f"those of {source}{kept}"
        return f"{body.removeprefix('its ')} of each of {source}{kept}"


def _is(node: Expression, prefix: str) -> bool:
    return isinstance(node, Call) and node.function.startswith(prefix)


def _is_list(node: Expression) -> bool:
    return isinstance(node, ListLiteral) or (
        isinstance(node, Constant) and isinstance(node.value, list)
    )


def _one_of(text: str) -> str:
    """Among listed values reads better as one of them."""
    return text.replace(" is not among ", " is none of ").replace(" is among ", " is one of ")


def _any_of(parts: list[str]) -> str:
    if len(parts) < 2:
        return parts[0] if parts else "nothing"
    return f"{', '.join(parts[:-1])} or {parts[-1]}"


def _constant(value: object) -> str:
    match value:
        case str():
            return f"“{value}”"
        case list():
            return _any_of([_constant(one) for one in value])
        case Timestamp() | Duration() | bool() | None:
            return display(value)
        case float() if value.is_integer() and abs(value) < 1e15:
            return f"{int(value)}"
        case _:
            return display(value)
