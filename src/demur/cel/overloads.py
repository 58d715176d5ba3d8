"""Which overloads of a function a call means, by the types of its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demur.cel import syntax
from demur.cel.environment import Declared, library
from demur.cel.macros import FORMS
from demur.cel.names import CLOCKS, NO_CLOCK
from demur.functions import extensions
from demur.suggestions import did_you_mean
from demur.tree import Call, Constant, Expression, ListLiteral
from demur.types import BOOL, DYN, NULL, NUMBERS, STRING, Type, list_of

if TYPE_CHECKING:
    from demur.cel.check import Checker

MAXIMUM_FORMS = 4
"""How many forms of a function a message shows at most."""


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
        checker.report("DM311", message, name_span, _ONE_RECORD.get(name, _MANY_RECORDS))
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
            one
            for one in _matches(checker, declared, (DYN,) * len(types))
            if not _is_specific(one[0])
        ]
    if not matches:
        if checker.environment.dynamic:
            return _fails(checker, f"no such overload: {name}", span)
        _no_overload(checker, name, declared, types, name_span)
        return checker.failed(span)
    result = matches[0][1]
    if len(matches) > 1:
        results = {checker.inference.final(one) for _, one in matches}
        result = results.pop() if len(results) == 1 else DYN
    identifier = "|".join(overload.identifier for overload, _ in matches)
    return checker.typed(Call(identifier, arguments, "", span), result)


def _matches(
    checker: Checker, declared: list[Declared], types: tuple[Type, ...]
) -> list[tuple[Declared, Type]]:
    """The overloads that take these types, with their results; one where the types are known.

    An open type is then known to be what the first overload takes that fits, as in CEL's other
    implementations; so one that takes anything comes first.
    """
    known = all(map(_is_known, types))
    matches: list[tuple[Declared, Type]] = []
    for overload in declared if known else sorted(declared, key=_is_specific):
        signature = checker.inference.instantiate(overload.signature)
        if checker.inference.accepts_all(signature.parameters, types):
            matches.append((overload, signature.result))
            if known or not _is_specific(overload):
                break
    return matches


def _fails(checker: Checker, message: str, span: syntax.Span) -> Expression:
    text = checker.typed(Constant(message, "string", span), STRING)
    return checker.typed(Call("logic.fail", (text,), "", span), DYN)


_OTHER_NAMES = {
    "avg": "mean",
    "average": "mean",
    "concat": "+",
    "count": "size",
    "float": "double",
    "ends_with": "endsWith",
    "fullmatch": "matches",
    "includes": "contains",
    "isEmpty": "size() == 0",
    "len": "size",
    "length": "size",
    "lower": "lowerAscii",
    "match": "matches",
    "re_match": "matches",
    "regex_match": "matches",
    "reduce": "sum",
    "str": "string",
    "search": "matches",
    "starts_with": "startsWith",
    "strip": "trim",
    "toLowerCase": "lowerAscii",
    "toUpperCase": "upperAscii",
    "typeof": "type",
    "upper": "upperAscii",
}
"""Functions that people know from elsewhere, by what does the same here."""
_OTHER_FORMS = {
    "coalesce": "CEL writes `a.?b.orValue(c)`.",
    "default": "CEL writes `a.?b.orValue(c)`.",
    "ifelse": "CEL writes `condition ? a : b`.",
    "iif": "CEL writes `condition ? a : b`.",
    "defined": "`has(…)` asks whether a signal or field is there.",
    "exists": "`has(…)` asks whether a signal or field is there.",
    "is_null": "It is never null; `has(…)` asks whether a signal or field is there.",
    "isnull": "It is never null; `has(…)` asks whether a signal or field is there.",
    "empty": "CEL writes `size(x) == 0`.",
    "not": "CEL writes `!a`.",
    "and": "CEL writes `a && b`.",
    "or": "CEL writes `a || b`.",
    "accuracy": "It is a share: `rate(a == b)`.",
    "precision": "It is a share of some records: `rate(correct, where)`.",
    "recall": "It is a share of some records: `rate(found, where)`.",
    "f1": "Make metrics of precision and recall: `rate(correct, where)`.",
    "median": "It is `quantile(x, 0.5)`.",
    "percentile": "It is `quantile(x, 0.95)`.",
    **{f"p{share}": f"It is `quantile(x, 0.{share})`." for share in (50, 90, 95, 99)},
    **dict.fromkeys(CLOCKS, NO_CLOCK),
}
"""Functions of elsewhere for which CEL has no function, and how it is written."""
_ONE_RECORD = {
    "count": "Of one record's list: `xs.size()`.",
    "max": "Of one record: `math.greatest(a, b)`, or `xs.max()` of a list.",
    "mean": "Of one record's list: `xs.sum() / double(xs.size())`.",
    "min": "Of one record: `math.least(a, b)`, or `xs.min()` of a list.",
    "sum": "Of one record's list: `xs.sum()`.",
}
"""What does for one record what an aggregate does for many."""
_MANY_RECORDS = "It takes many records: give it a name in `metrics`, and require a bound in a gate."


def _unknown_function(
    checker: Checker, name: str, span: syntax.Span, name_span: syntax.Span, *, method: bool
) -> Expression:
    if checker.environment.dynamic:
        return _fails(checker, f"no such function: {name}", span)
    others = list(checker.environment.overloads(name))
    if not others and extensions.is_installed(name):
        return _broken(checker, name, span, name_span)
    if others:
        form = f"x.{name}(…)" if others[0].signature.method else f"{name}(x)"
        advice = f"Write `{form}`."
    elif name.lower() in _OTHER_FORMS:
        advice = _OTHER_FORMS[name.lower()]
    elif name in _OTHER_NAMES:
        advice = f"CEL has `{_OTHER_NAMES[name]}` for it."
    else:
        known = [*library(), *checker.environment.functions, *FORMS]
        advice = did_you_mean(name, [one for one in known if one[0] not in "_@!-"])
    kind = "method" if method else "function"
    checker.report("DM305", f"There is no {kind} `{name}`.", name_span, advice)
    return checker.failed(span)


def _broken(checker: Checker, name: str, span: syntax.Span, name_span: syntax.Span) -> Expression:
    """A function that an installed package provides, and that is no function."""
    try:
        extensions.load(name)
    except extensions.ExtensionError as failure:
        checker.report("DM313", failure.message, name_span, failure.help)
    return checker.failed(span)


def method_instead(checker: Checker, name: str) -> str | None:
    """The advice to call what was read as a field, where a method has this name."""
    meant = _OTHER_NAMES.get(name, name)
    is_method = any(one.signature.method for one in checker.environment.overloads(meant))
    return f"Call the method: `.{meant}(…)`." if is_method else None


def _no_overload(
    checker: Checker,
    name: str,
    declared: list[Declared],
    types: tuple[Type, ...],
    span: syntax.Span,
) -> None:
    method = declared[0].signature.method
    counts = sorted({len(one.signature.parameters) - method for one in declared})
    given = len(types) - method
    if given not in counts:
        takes = " or ".join(map(str, counts))
        plural = "" if counts == [1] else "s"
        message = f"`{name}` takes {takes} argument{plural}, and here are {given}."
        checker.report("DM306", message, span, _forms(checker, name, declared, types))
        return
    final = tuple(map(checker.inference.final, types))
    message = f"`{_symbol(name)}` does not take ({', '.join(map(str, final))})."
    checker.report("DM306", message, span, _advice(checker, name, declared, final))


def _advice(
    checker: Checker, name: str, declared: list[Declared], types: tuple[Type, ...]
) -> str | None:
    if name == "mean" and types[0] == BOOL:
        return "The share of records for which it holds is `rate(…)`."
    if name == "_[_]" and types[0] == STRING:
        return "A part of a text is `.substring(0, 1)`."
    if name in _ADVICE:
        return _ADVICE[name]
    if any(type.name == "optional" for type in types):
        return "An optional's value is taken out with `.orValue(…)`."
    if name == "_+_" and STRING in types:
        return "Convert the other with `string(…)`."
    if name in _ORDERED and types[0] == BOOL and types[1] != BOOL:
        return "Comparisons do not follow each other: write `a < b && b < c`."
    if len(types) == 2 and set(types) <= NUMBERS and types[0] != types[1]:
        return "Write both as the same type: `1.0` is a double, `1` an int, `1u` a uint."
    if name in ("_==_", "_!=_"):
        if NULL in types:
            return "It is never null; `has(…)` asks whether a signal or field is there."
        if set(types) == {BOOL, STRING}:
            return "Write `true` and `false` without quotes."
        return "Both must have the same type: convert one of them, as with `string(…)`."
    return _forms(checker, name, declared, types)


_ORDERED = frozenset(("_<_", "_<=_", "_>_", "_>=_"))
_ADVICE = {
    "_in_": "`in` asks for an element of a list or a key of a map; "
    "`.contains(…)` asks for a part of a string.",
    "_[_]": "A list is indexed by an int, a map by a key of its own type.",
}


def _forms(
    checker: Checker, name: str, declared: list[Declared], types: tuple[Type, ...]
) -> str | None:
    """The forms that begin with the first operand's type, or all where none does; not too many."""
    fitting: list[str] = []
    for one in declared:
        signature = checker.inference.instantiate(one.signature)
        if types and checker.inference.accepts_all(signature.parameters[:1], types[:1]):
            fitting.append(_form(name, signature.parameters, method=signature.method))
    forms = fitting or [
        _form(name, one.signature.parameters, method=one.signature.method) for one in declared
    ]
    unique = list(dict.fromkeys(forms))
    if len(unique) > MAXIMUM_FORMS:
        return None
    return f"It is written {' or '.join(f'`{form}`' for form in unique)}."


def _symbol(name: str) -> str:
    return "[…]" if name == "_[_]" else syntax.OPERATORS.get(name, (name.strip("_"), 0))[0]


def _form(name: str, parameters: tuple[Type, ...], *, method: bool) -> str:
    """A call with types in place of its operands; a type that may be any is a dot."""
    texts = list(map(_plain, parameters))
    if name in syntax.OPERATORS:
        symbol = syntax.OPERATORS[name][0]
        return f" {symbol} ".join(texts) if len(texts) == 2 else f"{symbol}{texts[0]}"
    if method:
        return f"{texts[0]}.{name}({', '.join(texts[1:])})"
    return f"{name}({', '.join(texts)})"


def _plain(type: Type) -> str:
    """The type as a person would name it: `list`, where its elements may be anything."""
    if type.is_parameter:
        return "…"
    if not type.parameters or all(part.is_parameter for part in type.parameters):
        return type.name
    return f"{type.name}({', '.join(map(_plain, type.parameters))})"


def _is_known(type: Type) -> bool:
    """Whether nothing in the type is left to the values."""
    return (
        type not in (DYN, NULL) and not type.is_parameter and all(map(_is_known, type.parameters))
    )


def _is_specific(declared: Declared) -> bool:
    """Whether the overload does not take any values at all, as equality does."""
    parameters = declared.signature.parameters
    return not parameters or not all(type.is_parameter for type in parameters)
