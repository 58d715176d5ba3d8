"""What each kind of expression in a policy file may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

from demur.cel.environment import Environment
from demur.policy import Shape, objects, type_of
from demur.tree import Expression, Parameter, Reference, Signal, Variable
from demur.types import BOOL, DOUBLE, DYN, STRING, Type, list_of, parse_type

DECISION: Mapping[str, Type] = {
    "decision.action": STRING,
    "decision.answered": BOOL,
    "decision.declined": BOOL,
    "decision.rule": STRING,
    "decision.rules": list_of(STRING),
    "decision.failure": STRING,
    "decision.failures": list_of(STRING),
    "decision.unknown": list_of(STRING),
    "decision.stage": STRING,
}
"""What metrics, invariants and slices may read of a decision."""

Stages = Mapping[str, Mapping[str, Shape]]


@dataclass(frozen=True)
class Surroundings:
    """The policy's names: signals by stage, outcome, parameters, and the definitions checked so far.

    `wrong` are the names that are declared and wrong themselves: what reads one is not checked.
    """

    stages: Stages
    outcome: Mapping[str, Shape]
    parameters: Mapping[str, Type]
    definitions: Mapping[str, Type] = field(default_factory=dict[str, Type])
    wrong: Set[str] = frozenset()

    def with_definitions(
        self, definitions: Mapping[str, Type], declared: Iterable[str] = ()
    ) -> Surroundings:
        """These surroundings with these definitions; any other that is declared is wrong itself."""
        wrong = self.wrong | (frozenset(declared) - definitions.keys())
        return replace(self, definitions=definitions, wrong=wrong)

    def for_definitions(
        self, declared: Iterable[str]
    ) -> tuple[Environment, Callable[[str, Type], None]]:
        """What definitions may name, and what makes one known that was checked; until then it is wrong.

        The one environment grows, so that many definitions take no longer than as many rules.
        """
        definitions: dict[str, Type] = {}
        wrong = {*self.wrong, *declared}
        growing = replace(self, definitions=definitions, wrong=wrong)
        environment = growing.for_rules
        variables = dict(environment.variables)

        def add(name: str, type: Type) -> None:
            definitions[name] = variables[name] = type
            wrong.discard(name)

        return replace(environment, variables=variables), add

    @cached_property
    def for_rules(self) -> Environment:
        """Signals, parameters and definitions: what is known when a rule decides."""
        return self._environment(self._signals(self.stages))

    @cached_property
    def for_invariants(self) -> Environment:
        """What rules may name, and the decision."""
        return self._environment({**self._signals(self.stages), **DECISION})

    @cached_property
    def for_metrics(self) -> Environment:
        """What rules may name, the decision and the outcome, and the aggregates."""
        names = {**self._signals(self._all_stages), **DECISION}
        return self._environment(names, frozenset(("anywhere", "metrics")))

    def for_thresholds(self, metrics: Mapping[str, Type]) -> Environment:
        """Metrics, parameters and the baseline, as numbers."""
        parameters = {f"params.{name}": type for name, type in self.parameters.items()}
        return Environment(
            variables={**self._unknown, **metrics, **parameters, "baseline": DOUBLE},
            make=self._make,
            wrong=self.wrong,
        )

    @cached_property
    def optional(self) -> frozenset[str]:
        """The declared paths of all optional signals and fields."""
        found: set[str] = set()
        for stage, signals in self._all_stages.items():
            for name, shape in signals.items():
                if shape.optional:
                    found.add(f"{stage}.{name}")
                for path, inner in objects(f"{stage}.{name}", shape).items():
                    found.update(
                        f"{path}.{part}"
                        for part, field in (inner.fields or {}).items()
                        if field.optional
                    )
        return frozenset(found)

    @cached_property
    def _all_stages(self) -> Stages:
        return {**self.stages, "outcome": self.outcome}

    @property
    def _unknown(self) -> dict[str, Type]:
        return dict.fromkeys(self.wrong, DYN)

    def _signals(self, stages: Stages) -> dict[str, Type]:
        return {
            f"{stage}.{name}": parse_type(type_of(shape, f"{stage}.{name}"))
            for stage, signals in stages.items()
            for name, shape in signals.items()
        }

    def _environment(
        self, names: Mapping[str, Type], scopes: frozenset[str] = frozenset(("anywhere",))
    ) -> Environment:
        parameters = {f"params.{name}": type for name, type in self.parameters.items()}
        fields = {
            path: {
                name: parse_type(type_of(part, f"{path}.{name}"))
                for name, part in (shape.fields or {}).items()
            }
            for stage, signals in self._all_stages.items()
            for signal, holder in signals.items()
            for path, shape in objects(f"{stage}.{signal}", holder).items()
        }
        return Environment(
            variables={**self._unknown, **self.definitions, **parameters, **names},
            make=self._make,
            wrong=self.wrong,
            objects=fields,
            scopes=scopes,
        )

    def _make(self, name: str, type: Type, span: tuple[int, int]) -> Expression:
        stage, _, rest = name.partition(".")
        if name in self.wrong:
            return Variable(name, str(type), span)
        if stage == "params":
            return Parameter(rest, str(type), span)
        if stage in self._all_stages and rest:
            return Signal(stage, rest, str(type), span)
        if name in self.definitions:
            return Reference(name, str(type), span)
        return Variable(name, str(type), span)
