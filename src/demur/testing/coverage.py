"""Which outcomes of the rules' conditions the tests brought about: true, false and unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demur.backends.python.decisions import reachable, signals_read
from demur.cel.render import render
from demur.diagnostics import Span
from demur.functions.values import EvaluationError
from demur.policy import Policy, Response, Rule
from demur.runtime.evaluator import Evaluator
from demur.testing.variants import changed
from demur.tree import Call, Expression, Has, Parameter, Reference, Signal, walk

OUTCOMES = ("true", "false", "unknown")
_COMPOUND = frozenset(("logic.and", "logic.or", "logic.conditional"))


@dataclass(frozen=True, slots=True)
class ConditionCoverage:
    """How often a condition had each outcome that it can have."""

    text: str
    counts: Mapping[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """The outcomes that no test brought about."""
        return tuple(outcome for outcome, count in self.counts.items() if not count)


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """A rule's condition as a whole, first, and the conditions within it where it has several.

    `span` is where the policy file has the rule, None where it was included from another file.
    """

    rule: str
    section: str
    span: Span | None
    conditions: tuple[ConditionCoverage, ...]


@dataclass(frozen=True, slots=True)
class PolicyCoverage:
    """The coverage of one policy, by all test files that test it."""

    policy: str
    rules: tuple[RuleCoverage, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of all policies that were tested."""

    policies: tuple[PolicyCoverage, ...]

    @property
    def conditions(self) -> tuple[ConditionCoverage, ...]:
        """All conditions of all rules."""
        return tuple(
            one for policy in self.policies for rule in policy.rules for one in rule.conditions
        )

    @property
    def possible(self) -> int:
        """How many outcomes there are."""
        return sum(len(one.counts) for one in self.conditions)

    @property
    def covered(self) -> int:
        """How many of them some test brought about."""
        return self.possible - sum(len(one.missing) for one in self.conditions)

    @property
    def percent(self) -> float | None:
        """Covered of possible outcomes, rounded down to a tenth; None where there are none."""
        return percent(self.covered, self.possible)


def percent(part: int, whole: int) -> float | None:
    """Rounded down to a tenth, so that only all is 100; None of nothing."""
    return math.floor(part * 1000 / whole) / 10 if whole else None


class Meter:
    """Counts the outcomes of one policy's conditions over records."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._conditions = [_conditions(rule, policy) for rule in policy.rules]
        self._counts = [
            [dict.fromkeys(_possible(tree, policy), 0) for tree in trees]
            for trees in self._conditions
        ]
        self._probes: dict[int, Evaluator] = {}

    def count(self, policy: Policy, record: Mapping[str, Any], stage: str | None) -> None:
        """Counts a record at a stage. `policy` is the meter's, perhaps with other parameters."""
        for probe, state in self._probe(policy).outcomes(record, stage):
            rule, at = map(int, probe.name.split())
            outcome = "unknown" if isinstance(state, EvaluationError) else str(state).lower()
            counts = self._counts[rule][at]
            if outcome in counts:
                counts[outcome] += 1

    def read(self, shown: str, spans: Mapping[tuple[str, str], Span]) -> PolicyCoverage:
        """What was counted. `spans` has the rules' places by section and name."""
        definitions = self._policy.definitions
        return PolicyCoverage(
            shown,
            tuple(
                RuleCoverage(
                    rule.name,
                    rule.section,
                    spans.get((rule.section, rule.name)),
                    tuple(
                        ConditionCoverage(render(tree, definitions), dict(count))
                        for tree, count in zip(trees, counts, strict=True)
                        if count
                    ),
                )
                for rule, trees, counts in zip(
                    self._policy.rules, self._conditions, self._counts, strict=True
                )
            ),
        )

    def _probe(self, policy: Policy) -> Evaluator:
        """A policy whose rules are the conditions: compiled once, evaluated as any rule."""
        if id(policy) not in self._probes:
            rules = tuple(
                Rule(f"{rule} {at}", "rules", self._policy.rules[rule].stage, tree, _NOTHING, None)
                for rule, trees in enumerate(self._conditions)
                for at, tree in enumerate(trees)
            )
            self._probes[id(policy)] = Evaluator(changed(policy, rules=rules), "")
        return self._probes[id(policy)]


_NOTHING = Response("answer")


def _conditions(rule: Rule, policy: Policy) -> list[Expression]:
    """The rule's condition, and the conditions that it combines where it combines any."""
    whole = rule.condition
    parts = list(_atoms(whole, policy))
    return [whole] if len(parts) == 1 else [whole, *parts]


def _atoms(node: Expression, policy: Policy) -> Iterator[Expression]:
    match node:
        case Call(function="logic.not", arguments=(operand,)):
            yield from _atoms(operand, policy)
        case Call(function="logic.and" | "logic.or", arguments=operands):
            for operand in operands:
                yield from _atoms(operand, policy)
        case Call(function="logic.conditional", arguments=(test, *branches)):
            yield from _atoms(test, policy)
            for branch in branches:
                yield from _atoms(branch, policy)
        case Reference(name=name) if _combines(policy.definitions[name], policy):
            yield from _atoms(policy.definitions[name], policy)
        case _:
            yield node


def _combines(node: Expression, policy: Policy) -> bool:
    """Whether a definition is made of several conditions."""
    match node:
        case Call(function="logic.not", arguments=(operand,)):
            return _combines(operand, policy)
        case Reference(name=name):
            return _combines(policy.definitions[name], policy)
        case Call(function=function):
            return function in _COMPOUND and node.type == "bool"
        case _:
            return False


def _possible(node: Expression, policy: Policy) -> tuple[str, ...]:
    """The outcomes that the condition can have by its type; none for a constant."""
    trees = [*reachable(policy, (node,)).values(), node]
    if not signals_read(trees):
        varies = any(isinstance(part, Parameter) for tree in trees for part in walk(tree))
        return OUTCOMES[:2] if varies else ()
    match node:
        case Has(operand=Signal(stage=stage, name=name)):
            is_optional = policy.stages[stage][name].optional
            return OUTCOMES[:2] if is_optional else ("true", "unknown")
        case Call(function="logic.not", arguments=(operand,)):
            return _negated(_possible(operand, policy))
        case _:
            return OUTCOMES


def _negated(outcomes: tuple[str, ...]) -> tuple[str, ...]:
    opposite = {"true": "false", "false": "true", "unknown": "unknown"}
    return tuple(outcome for outcome in OUTCOMES if opposite[outcome] in outcomes)
