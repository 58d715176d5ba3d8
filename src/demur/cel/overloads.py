"""Which overloads of a function a call means, by the types of its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demur.cel import syntax
from demur.cel.environment import Declared, library
from demur.cel.macros import MACROS
from demur.suggestions import did_you_mean
from demur.tree import Call, Constant, Expression, ListLiteral
from demur.types import DYN, NULL, NUMBERS, STRING, Type, list_of

if TYPE_CHECKING:
    from demur.cel.check import Checker


def call(
    checker: Checker,
    name: str,
    arguments: tuple[Expression, ...],
    span: syntax.Span,
    name_span: syntax.Span,
    *,
    method: bool = False,
) -> Expression:
    """A call of the function `name`, of the overloads that its arguments' types fit."""
    declared = [
        overload
        for overload in checker.environment.overloads(name)
        if overload.signature.method == method
    ]
    if not declared:
        return _unknown_function(checker, name, span, name_span, method=method)
    allowed = [one for one in declared if one.scope in checker.environment.scopes]
    if not allowed:
        message = f"`{name}` may only be called in {declared[0].scope}."
        checker.report("DM311", message, name_span)
        return checker.failed(span)
    if len(arguments) > 2 and allowed[0].gathers:
        types = [checker.type_of(argument) for argument in arguments]
        gathered = ListLiteral(arguments, (), "", span)
        arguments = (checker.typed(gathered, list_of(checker.join(types))),)
    return _overload(checker, name, allowed, arguments, span, name_span)


def _overload(
    checker: Checker,
    name: str,
    declared: list[Declared],
    arguments: tuple[Expression, ...],
    span: syntax.Span,
    name_span: syntax.Span,
) -> Expression:
    types = tuple(checker.type_of(argument) for argument in arguments)
    matches = _matches(checker, declared, types)
    if not matches and checker.environment.dynamic:
        matches = [
            one for one in _matches(checker, declared, (DYN,) * len(types)) if _is_general(one[0])
        ]
    if not matches:
        if checker.environment.dynamic:
            return _fails(checker, f"no such overload: {name}", span)
        _no_overload(checker, name, declared, types, name_span)
        return checker.failed(span)
    general = [match for match in matches if _is_general(match[0])]
    matches = general[:1] or matches
    results = {str(checker.inference.resolve(result)) for _, result in matches}
    result = matches[0][1] if len(results) == 1 else DYN
    identifier = "|".join(overload.identifier for overload, _ in matches)
    return checker.typed(Call(identifier, arguments, "", span), result)


def _matches(
    checker: Checker, declared: list[Declared], types: tuple[Type, ...]
) -> list[tuple[Declared, Type]]:
    """The overloads that take these types, with their results; one where the types are known."""
    matches: list[tuple[Declared, Type]] = []
    for overload in declared:
        signature = checker.inference.instantiate(overload.signature)
        if checker.inference.accepts_all(signature.parameters, types):
            matches.append((overload, signature.result))
            if all(map(_is_known, types)):
                break
    return matches


def _fails(checker: Checker, message: str, span: syntax.Span) -> Expression:
    text = checker.typed(Constant(message, "string", span), STRING)
    return checker.typed(Call("logic.fail", (text,), "", span), DYN)


def _unknown_function(
    checker: Checker, name: str, span: syntax.Span, name_span: syntax.Span, *, method: bool
) -> Expression:
    if checker.environment.dynamic:
        return _fails(checker, f"no such function: {name}", span)
    others = list(checker.environment.overloads(name))
    if others:
        form = f"x.{name}(…)" if others[0].signature.method else f"{name}(x)"
        advice = f"Write `{form}`."
    else:
        known = [*library(), *checker.environment.functions, *(macro for macro, _, _ in MACROS)]
        advice = did_you_mean(name, [one for one in known if one[0] not in "_@!-"])
    checker.report("DM305", f"There is no {_kind(method)} `{name}`.", name_span, advice)
    return checker.failed(span)


def _no_overload(
    checker: Checker,
    name: str,
    declared: list[Declared],
    types: tuple[Type, ...],
    span: syntax.Span,
) -> None:
    found = ", ".join(str(checker.inference.final(type)) for type in types)
    written = syntax.OPERATORS.get(name, (name.strip("_"), 0))[0]
    forms = {_form(one.signature.parameters) for one in declared}
    advice = f"It takes {' or '.join(sorted(forms))}." if len(forms) <= 4 else None
    if len(types) == 2 and set(types) <= NUMBERS and types[0] != types[1]:
        advice = "Write both as the same type: `1.0` is a double, `1` an int, `1u` a uint."
    checker.report("DM306", f"`{written}` does not take ({found}).", span, advice)


def _kind(method: bool) -> str:
    return "method" if method else "function"


def _form(parameters: tuple[Type, ...]) -> str:
    return f"({', '.join(map(str, parameters))})"


def _is_known(type: Type) -> bool:
    """Whether nothing in the type is left to the values."""
    return (
        type not in (DYN, NULL) and not type.is_parameter and all(map(_is_known, type.parameters))
    )


def _is_general(declared: Declared) -> bool:
    """Whether the overload takes any values at all, as equality does."""
    parameters = declared.signature.parameters
    return bool(parameters) and all(type.is_parameter for type in parameters)
