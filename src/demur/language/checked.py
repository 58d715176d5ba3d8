"""A policy file that has been checked: each part with its typed expressions and its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demur.diagnostics import Span
from demur.language.document import PolicyDocument, Signal
from demur.language.expressions import CheckedExpression, Message, Path
from demur.language.nodes import MappingNode, Node, ScalarNode, locate, locate_key
from demur.language.source import Source
from demur.language.surroundings import Surroundings
from demur.policy import Shape, objects_of
from demur.runtime.personal import Repetition, personal_by_origin
from demur.tree import Expression


@dataclass(frozen=True, slots=True)
class CheckedResponse:
    """What follows when a rule fires; `path` is where it is written."""

    path: Path
    action: str
    failure: str | None = None
    say: Message | None = None
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule or a scope entry. `negated`: it fires when its condition is false, as in `scope`.

    `on_unknown` is the rule's own; None where the policy's applies, `ignore` where it says so.
    """

    path: Path
    name: str
    section: str
    condition: CheckedExpression
    response: CheckedResponse
    on_unknown: CheckedResponse | str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class CheckedThreshold:
    """A comparison of a metric with a bound, in a gate's `require` or an alert's `when`.

    `operator` is written with the metric on its left: `>=`, `>`, `<=`, `<`.
    """

    path: Path
    owner: str
    metric: str
    operator: str
    expression: CheckedExpression
    limit: CheckedExpression
    uses_baseline: bool


@dataclass(frozen=True, slots=True)
class CheckedPolicy:
    """Everything the lint rules and the lowering need to know of a policy file."""

    source: Source
    root: MappingNode
    document: PolicyDocument
    surroundings: Surroundings
    definitions: Mapping[str, CheckedExpression]
    derived: Mapping[tuple[str, str], CheckedExpression]
    rules: tuple[CheckedRule, ...]
    on_unknown: CheckedResponse | None
    metrics: Mapping[str, CheckedExpression]
    thresholds: tuple[CheckedThreshold, ...]
    invariants: Mapping[str, CheckedExpression]

    def expressions(self) -> Iterator[CheckedExpression]:
        """Every expression of the file, definitions first; those in messages included."""
        yield from self.definitions.values()
        yield from self.derived.values()
        for rule in self.rules:
            yield rule.condition
            responses = [rule.response, rule.on_unknown]
            for response in responses:
                if isinstance(response, CheckedResponse):
                    yield from _of_messages(response)
        if self.on_unknown is not None:
            yield from _of_messages(self.on_unknown)
        yield from self.metrics.values()
        yield from self.invariants.values()

    @property
    def personal_by_origin(self) -> frozenset[tuple[str, str]]:
        """The derived signals that are personal because of what they may repeat.

        Those of which the file says `pii: false` are not among them.
        """
        stages = self.document.stages
        said_not = [
            (stage, name) for stage, name in self.derived if "pii" in _given(stages[stage][name])
        ]
        return personal_by_origin(
            {name: one.tree for name, one in self.derived.items()},
            self.surroundings.stages,
            self._objects(),
            self._definitions(),
            said_not,
        )

    @property
    def repetition(self) -> Repetition:
        """What tells whether an expression of the file may repeat something personal."""
        origin = self.personal_by_origin
        shapes = {**self.surroundings.stages, "outcome": self.surroundings.outcome}
        return Repetition(shapes, self._objects(), self._definitions(), origin)

    def _objects(self) -> dict[str, Shape]:
        """Every object's shape by the name of its type."""
        return objects_of({**self.surroundings.stages, "outcome": self.surroundings.outcome})

    def _definitions(self) -> dict[str, Expression]:
        return {name: one.tree for name, one in self.definitions.items()}

    def node(self, path: Path) -> Node | None:
        """The value at a path of the file."""
        return locate(self.root, path)

    def key(self, path: Path) -> ScalarNode | None:
        """The key at a path of the file."""
        return locate_key(self.root, path)

    def span(self, path: Path) -> Span:
        """Where a key stands, or else the value, or else the file's first key."""
        found = locate_key(self.root, path) or locate(self.root, path)
        return (found or self.root).span


def _given(signal: Signal) -> set[str]:
    """The keys that the file has for a signal."""
    return signal.model_fields_set


def _of_messages(response: CheckedResponse) -> Iterator[CheckedExpression]:
    for message in (response.say, response.why):
        if message is not None:
            yield from (part for part in message.parts if not isinstance(part, str))
