"""Macros: calls that bind variables or look at their argument's form (cel-spec, "Macros")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from demur.cel import syntax
from demur.cel.environment import library
from demur.suggestions import closest
from demur.tree import Bind, Comprehension, Constant, Expression, Field, Has, Signal, Variable
from demur.types import BOOL, DYN, Type, list_of, map_of, optional_of

if TYPE_CHECKING:
    from demur.cel.check import Checker

Macro = Callable[["Checker", syntax.Call], "Expression | None"]


def _has(checker: Checker, node: syntax.Call) -> Expression | None:
    argument = node.arguments[0]
    if not isinstance(argument, syntax.Select):
        message = "`has` asks for a field or a signal."
        checker.report("DM308", message, argument.span, _right_forms("has"))
        return checker.failed(node.span)
    operand = checker.visit(argument)
    if isinstance(operand, Field | Signal):
        return checker.typed(Has(operand, "bool", node.span), BOOL)
    if checker.type_of(operand).name == "optional":
        return checker.call("hasValue", (operand,), node.span, node.name_span, method=True)
    if isinstance(operand, Constant) and operand.value is None:
        return checker.failed(node.span)
    message = "`has` asks for a field or a signal."
    checker.report("DM308", message, argument.span, _right_forms("has"))
    return checker.failed(node.span)


def _variables(checker: Checker, node: syntax.Call, count: int) -> tuple[str, ...] | None:
    """The names that a macro's first `count` arguments declare, or None and a problem."""
    names: list[str] = []
    for argument in node.arguments[:count]:
        name = _block_variable(argument) or (
            argument.name
            if isinstance(argument, syntax.Identifier) and not argument.absolute
            else None
        )
        if name is None or name in names:
            message = "Here stands the name of a variable."
            if name is not None:
                message = f"The macro has two variables `{name}`."
            checker.report("DM308", message, argument.span, _right_forms(node.function))
            return None
        names.append(name)
    return tuple(names)


def _elements(checker: Checker, source: Expression) -> tuple[Type, Type] | None:
    """The types of index or key, and of value, of what a macro goes over."""
    type = checker.type_of(source)
    if type.name == "list":
        return Type("int"), type.parameters[0]
    if type.name == "map":
        return type.parameters[0], type.parameters[1]
    if type == DYN or type.is_parameter or checker.environment.dynamic:
        return DYN, DYN
    checker.report("DM306", f"Macros go over lists and maps, and this is {type}.", source.span)
    return None


def _over(kind: str, names: int, *, filtered: bool = False, boolean: bool = False) -> Macro:
    """A comprehension of this kind with one or two variables.

    `filtered`: a condition stands before the body. `boolean`: the body is a condition.
    """

    def expand(checker: Checker, node: syntax.Call) -> Expression | None:
        assert node.target is not None
        variables = _variables(checker, node, names)
        source = checker.visit(node.target)
        types = _elements(checker, source)
        if variables is None or types is None:
            return checker.failed(node.span)
        is_map = checker.type_of(source).name == "map"
        element = types if names == 2 else (types[0] if is_map else types[1],)
        checker.enter(dict(zip(variables, element, strict=True)))
        condition = checker.visit(node.arguments[names]) if filtered else None
        body = checker.visit(node.arguments[-1])
        checker.leave()
        for part in (condition, body if boolean else None):
            if part is not None:
                _must_be_condition(checker, part)
        body_type = checker.type_of(body)
        if kind == "filter":
            kept = checker.typed(Variable(variables[0], "", node.span), element[0])
            comprehension = Comprehension("list", source, variables, body, kept, "", node.span)
            return checker.typed(comprehension, list_of(element[0]))
        comprehension = Comprehension(kind, source, variables, condition, body, "", node.span)
        return checker.typed(comprehension, _result(kind, types[0], body_type))

    return expand


def _result(kind: str, key: Type, body: Type) -> Type:
    match kind:
        case "list":
            return list_of(body)
        case "map":
            return map_of(key, body)
        case "map_entry":
            return body if body.name == "map" else map_of(DYN, DYN)
        case _:
            return BOOL


def _must_be_condition(checker: Checker, part: Expression) -> None:
    type = checker.type_of(part)
    if not checker.environment.dynamic and not checker.inference.accepts(BOOL, type):
        final = checker.inference.final(type)
        checker.report(
            "DM306", f"The condition of a macro is a bool, and this is {final}.", part.span
        )


def _optional(kind: str) -> Macro:
    def expand(checker: Checker, node: syntax.Call) -> Expression | None:
        assert node.target is not None
        variables = _variables(checker, node, 1)
        source = checker.visit(node.target)
        inner = checker.inference.fresh()
        fits = checker.inference.accepts(optional_of(inner), checker.type_of(source))
        if not fits and not checker.environment.dynamic:
            message = f"This is {checker.type_of(source)}, and must be an optional."
            checker.report("DM306", message, source.span)
        if variables is None:
            return checker.failed(node.span)
        checker.enter({variables[0]: inner if fits else DYN})
        body = checker.visit(node.arguments[1])
        checker.leave()
        type = checker.type_of(body)
        result = optional_of(type) if kind == "optional_map" else type
        return checker.typed(
            Comprehension(kind, source, variables, None, body, "", node.span), result
        )

    return expand


def _bind(checker: Checker, node: syntax.Call) -> Expression | None:
    if node.target != syntax.Identifier("cel"):
        return None
    variables = _variables(checker, node, 1)
    value = checker.visit(node.arguments[1])
    if variables is None:
        return checker.failed(node.span)
    checker.enter({variables[0]: checker.type_of(value)})
    body = checker.visit(node.arguments[2])
    checker.leave()
    return checker.typed(Bind(variables[0], value, body, "", node.span), checker.type_of(body))


def _block(checker: Checker, node: syntax.Call) -> Expression | None:
    """`cel.block([a, b], result)`: each element is bound to `cel.index(n)` for those after it."""
    if node.target != syntax.Identifier("cel") or not isinstance(node.arguments[0], syntax.List):
        return None
    bound: list[tuple[str, Expression]] = []
    for position, element in enumerate(node.arguments[0].elements):
        value = checker.visit(element)
        name = f"@index{position}"
        bound.append((name, value))
        checker.enter({name: checker.type_of(value)})
    body = checker.visit(node.arguments[1])
    for name, value in reversed(bound):
        checker.leave()
        body = checker.typed(Bind(name, value, body, "", node.span), checker.type_of(body))
    return body


def _block_name(checker: Checker, node: syntax.Call) -> Expression | None:
    name = _block_variable(node)
    type = None if name is None else checker.local(name)
    if name is None or type is None:
        return None
    return checker.typed(Variable(name, "", node.span), type)


def _block_variable(node: syntax.Node) -> str | None:
    """The variable that `cel.index(0)` or `cel.iterVar(0, 0)` names."""
    if not isinstance(node, syntax.Call) or node.target != syntax.Identifier("cel"):
        return None
    prefixes = {"index": "@index", "iterVar": "@it", "accuVar": "@ac"}
    if node.function not in prefixes:
        return None
    numbers = [part.value for part in node.arguments if isinstance(part, syntax.Literal)]
    return prefixes[node.function] + ":".join(map(str, numbers))


MACROS: Mapping[tuple[str, bool, int], Macro] = {
    ("has", False, 1): _has,
    ("all", True, 2): _over("all", 1, boolean=True),
    ("exists", True, 2): _over("exists", 1, boolean=True),
    ("exists_one", True, 2): _over("exists_one", 1, boolean=True),
    ("existsOne", True, 2): _over("exists_one", 1, boolean=True),
    ("filter", True, 2): _over("filter", 1, boolean=True),
    ("map", True, 2): _over("list", 1),
    ("map", True, 3): _over("list", 1, filtered=True),
    ("all", True, 3): _over("all", 2, boolean=True),
    ("exists", True, 3): _over("exists", 2, boolean=True),
    ("exists_one", True, 3): _over("exists_one", 2, boolean=True),
    ("existsOne", True, 3): _over("exists_one", 2, boolean=True),
    ("transformList", True, 3): _over("list", 2),
    ("transformList", True, 4): _over("list", 2, filtered=True),
    ("transformMap", True, 3): _over("map", 2),
    ("transformMap", True, 4): _over("map", 2, filtered=True),
    ("transformMapEntry", True, 3): _over("map_entry", 2),
    ("transformMapEntry", True, 4): _over("map_entry", 2, filtered=True),
    ("optMap", True, 2): _optional("optional_map"),
    ("optFlatMap", True, 2): _optional("optional_flat_map"),
    ("bind", True, 3): _bind,
    ("block", True, 2): _block,
    ("index", True, 1): _block_name,
    ("iterVar", True, 2): _block_name,
    ("accuVar", True, 2): _block_name,
}
"""Each macro by its name, whether it is called on something, and how many arguments it takes."""

FORMS: Mapping[str, tuple[str, ...]] = {
    "has": ("has(a.b)",),
    "all": ("xs.all(x, x > 0)", "xs.all(i, x, x > i)"),
    "exists": ("xs.exists(x, x > 0)", "xs.exists(i, x, x > i)"),
    "exists_one": ("xs.exists_one(x, x > 0)", "xs.exists_one(i, x, x > i)"),
    "existsOne": ("xs.existsOne(x, x > 0)", "xs.existsOne(i, x, x > i)"),
    "filter": ("xs.filter(x, x > 0)",),
    "map": ("xs.map(x, x + 1)", "xs.map(x, x > 0, x + 1)"),
    "transformList": ("xs.transformList(i, x, x + i)", "xs.transformList(i, x, x > 0, x + i)"),
    "transformMap": ("m.transformMap(k, v, v + 1)", "m.transformMap(k, v, v > 0, v + 1)"),
    "transformMapEntry": (
        "m.transformMapEntry(k, v, {v: k})",
        "m.transformMapEntry(k, v, v > 0, {v: k})",
    ),
    "optMap": ("o.optMap(x, x + 1)",),
    "optFlatMap": ("o.optFlatMap(x, optional.of(x))",),
    "bind": ("cel.bind(x, 1 + 1, x * x)",),
}
"""How each macro is written."""


def _right_forms(name: str) -> str:
    return f"Write {' or '.join(f'`{form}`' for form in FORMS[name])}."


_OTHER_NAMES = {"any": "exists", "some": "exists", "every": "all", "forEach": "map"}
"""Macros that people know from elsewhere, by what does the same here."""


def refuse_misuse(checker: Checker, node: syntax.Call) -> bool:
    """Reports a call with a macro's name, or nearly one, that has none of its forms; whether it did.

    Its arguments are not looked at: they may name variables that only the macro would bind.
    """
    name = node.function
    environment = checker.environment
    if environment.dynamic or environment.overloads(name) or node.absolute:
        return False
    candidates = [*FORMS, *library()]
    meant = name if name in FORMS else _OTHER_NAMES.get(name) or closest(name, candidates) or ""
    if meant not in FORMS or (meant == "bind" and node.target != syntax.Identifier("cel")):
        return False
    if name == meant:
        message = f"The macro `{name}` is not written in this form."
        asked = name == "exists" and node.target is None
        advice = "`has(a.b)` asks whether it is there." if asked else _right_forms(name)
        checker.report("DM308", message, node.name_span, advice)
    else:
        message = f"There is no function or macro `{name}`."
        checker.report("DM305", message, node.name_span, _right_forms(meant))
    return True
