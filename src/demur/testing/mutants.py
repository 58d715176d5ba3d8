"""Mutants of a policy: each is the compiled policy with one thing changed, as a slip would.

A comparison with another operator or another boundary, a number one step off, a condition negated,
`&&` for `||`, a rule left out, an action one step milder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from demur.backends.python.decisions import reachable
from demur.cel.render import render
from demur.functions.values import INT_MAX, INT_MIN
from demur.policy import ACTIONS, STRICTNESS, ParameterValue, Policy, Response, Rule
from demur.runtime.encoding import write_expression
from demur.testing.variants import changed, changed_rule, milder, with_entry
from demur.tree import (
    Call,
    Constant,
    Expression,
    ListLiteral,
    MapLiteral,
    Parameter,
    children,
    rebuilt,
    walk,
)

_COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "less_or_equal": ("less", "greater_or_equal"),
    "greater_or_equal": ("greater", "less_or_equal"),
    "less": ("less_or_equal", "greater"),
    "greater": ("greater_or_equal", "less"),
    "equals": ("differs",),
    "differs": ("equals",),
}
"""What each comparison is changed into: its boundary, then its direction. Longest names first."""
_SWAPPED = {"logic.and": "logic.or", "logic.or": "logic.and"}
Definitions = Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one change.

    `place` is `rule NAME`, `define NAME`, `params NAME` or `on_unknown`; `rules` are the rules that
    the change can reach; `change` says in words what is other.
    """

    place: str
    rules: tuple[str, ...]
    change: str
    policy: Policy


def mutants(policy: Policy) -> list[Mutant]:
    """Every mutant of the policy, in the order of its text."""
    return [
        *_of_parameters(policy),
        *_of_definitions(policy),
        *_of_rules(policy),
        *_of_unknown(policy),
    ]


def _of_parameters(policy: Policy) -> Iterator[Mutant]:
    for name, value in policy.parameters.items():
        rules = tuple(rule.name for rule in policy.rules if name in _parameters_read(rule, policy))
        if not rules or value.type not in ("int", "double"):
            continue
        for other in _stepped(value.value):
            if _is_within(other, value):
                replaced = ParameterValue(value.type, other, value.minimum, value.maximum)
                parameters = with_entry(policy.parameters, name, replaced)
                yield Mutant(
                    f"params {name}",
                    rules,
                    f"`{_number(value.value)}` became `{_number(other)}`",
                    changed(policy, parameters=parameters),
                )


def _of_definitions(policy: Policy) -> Iterator[Mutant]:
    for name, tree in policy.definitions.items():
        rules = tuple(r.name for r in policy.rules if name in reachable(policy, (r.condition,)))
        # A definition that the compiler made stands for a part of the rules that read it.
        place = f"rule {rules[0]}" if name.startswith("@") and rules else f"define {name}"
        if rules:
            for words, other in _variants(tree, policy.definitions):
                definitions = with_entry(policy.definitions, name, other)
                yield Mutant(place, rules, words, changed(policy, definitions=definitions))


def _of_rules(policy: Policy) -> Iterator[Mutant]:
    for at, rule in enumerate(policy.rules):
        for words, other in _variants_of_rule(rule, policy.definitions):
            rules = (*policy.rules[:at], *other, *policy.rules[at + 1 :])
            yield Mutant(f"rule {rule.name}", (rule.name,), words, changed(policy, rules=rules))


def _variants_of_rule(
    rule: Rule, definitions: Definitions
) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    yield "was left out", ()
    action = _milder(rule.response)
    if action is not None:
        response = milder(rule.response, action)
        words = f"`{rule.response.action}` became `{action}`"
        yield words, (changed_rule(rule, response=response),)
    condition = rule.condition
    if not _is_comparison(condition):
        negated = _negated(condition)
        words = _words(condition, negated, definitions)
        yield words, (changed_rule(rule, condition=negated),)
    for words, other in _variants(condition, definitions):
        yield words, (changed_rule(rule, condition=other),)


def _of_unknown(policy: Policy) -> Iterator[Mutant]:
    """The action for the unknown one step milder, for all rules at once that share it."""
    sharing: dict[str, list[Rule]] = {}
    for rule in policy.rules:
        if rule.on_unknown is not None:
            sharing.setdefault(_key(rule.on_unknown), []).append(rule)
    for key, rules in sharing.items():
        response = rules[0].on_unknown
        action = None if response is None else _milder(response)
        if response is None or action is None:
            continue
        words = f"`{response.action}` became `{action}`"
        is_own = len(rules) == 1
        yield Mutant(
            f"rule {rules[0].name}" if is_own else "on_unknown",
            tuple(rule.name for rule in rules),
            f"for the unknown, {words}" if is_own else words,
            changed(
                policy,
                rules=tuple(
                    changed_rule(rule, on_unknown=milder(rule.on_unknown, action))
                    if rule.on_unknown is not None and _key(rule.on_unknown) == key
                    else rule
                    for rule in policy.rules
                ),
            ),
        )


def _key(response: Response) -> str:
    """What tells responses apart."""
    texts = [
        part if isinstance(part, str) else write_expression(part)
        for text in (response.say, response.why)
        for part in text
    ]
    return repr((response.action, response.failure, texts))


def _milder(response: Response) -> str | None:
    rank = STRICTNESS[response.action]
    return ACTIONS[rank - 1] if rank else None


def _variants(node: Expression, definitions: Definitions) -> Iterator[tuple[str, Expression]]:
    """The expression with one change, wherever in it, and the change in words."""
    for other in _alternatives(node):
        yield _words(node, other, definitions), other
    is_limit = isinstance(node, Call) and node.function.startswith("limits.")
    parts = dict.fromkeys(children(node)[:1] if is_limit else children(node))
    for part in parts:
        if isinstance(part, Constant) and part.type in ("int", "double"):
            for value in _stepped(part.value):
                other = _with_part(node, part, Constant(value, part.type, part.span))
                yield _words_of_number(node, other, part, value, definitions), other
    for part in parts:
        for words, other in _variants(part, definitions):
            yield words, _with_part(node, part, other)


def _with_part(node: Expression, part: Expression, other: Expression) -> Expression:
    return rebuilt(node, lambda child: other if child is part else child)


def _alternatives(node: Expression) -> Iterator[Expression]:
    """The changes at this place but those of numbers: the operator, and operands negated."""
    if not isinstance(node, Call):
        return
    functions = node.function.split("|")
    for others in zip(*map(_other_functions, functions), strict=True):
        yield Call("|".join(others), node.arguments, node.type, node.span)
    if node.function in _SWAPPED:
        for operand in node.arguments:
            if _is_negatable(operand):
                yield _with_part(node, operand, _negated(operand))
    if node.function == "logic.conditional":
        test = node.arguments[0]
        if not _is_comparison(test):
            yield _with_part(node, test, _negated(test))


def _other_functions(function: str) -> tuple[str, ...]:
    if function in _SWAPPED:
        return (_SWAPPED[function],)
    family, _, name = function.partition(".")
    if family != "comparison":
        return ()
    for known, others in _COMPARISONS.items():
        if name == known or name.startswith(f"{known}_"):
            return tuple(f"comparison.{other}{name.removeprefix(known)}" for other in others)
    return ()


def _is_comparison(node: Expression) -> bool:
    return isinstance(node, Call) and node.function.startswith("comparison.")


def _is_negatable(node: Expression) -> bool:
    """Whether negation is a change of its own: not where another operator is the same change."""
    return not (
        _is_comparison(node) or (isinstance(node, Call) and node.function in _SWAPPED)
    ) and not isinstance(node, Constant)


def _negated(node: Expression) -> Expression:
    if isinstance(node, Call) and node.function == "logic.not":
        return node.arguments[0]
    return Call("logic.not", (node,), "bool", node.span)


def _stepped(value: float) -> list[float]:
    """The number one step up and one down: a unit in its last decimal place, at most 1."""
    if isinstance(value, int):
        return [other for other in (value + 1, value - 1) if INT_MIN <= other <= INT_MAX]
    exact = Decimal(repr(value)).normalize()
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int):
        return []
    step = Decimal(1).scaleb(min(exponent, 0))
    return [other for other in (float(exact + step), float(exact - step)) if other != value]


def _is_within(number: float, bounds: ParameterValue) -> bool:
    return (bounds.minimum is None or number >= bounds.minimum) and (
        bounds.maximum is None or number <= bounds.maximum
    )


def _parameters_read(rule: Rule, policy: Policy) -> set[str]:
    trees = (*reachable(policy, (rule.condition,)).values(), rule.condition)
    return {part.name for tree in trees for part in walk(tree) if isinstance(part, Parameter)}


def _words(node: Expression, other: Expression, definitions: Definitions) -> str:
    return f"`{render(node, definitions)}` became `{render(other, definitions)}`"


def _words_of_number(
    node: Expression, other: Expression, part: Expression, value: float, definitions: Definitions
) -> str:
    """A changed number with the operation that it is in, or with its place in a list or map."""
    match node:
        case MapLiteral(entries=entries):
            keys = [key for key, one in entries if one is part]
            place = f" at `{render(keys[0])}`" if keys else ", a key of a map"
        case ListLiteral(elements=elements):
            place = f" at index {next(at for at, one in enumerate(elements) if one is part)}"
        case _:
            return _words(node, other, definitions)
    return f"`{render(part)}` became `{_number(value)}`{place}"


def _number(value: float) -> str:
    return repr(value)
