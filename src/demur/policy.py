"""The compiled policy: shapes of signals, rules and responses over the typed tree of `demur.tree`.

Loading it must cost a service next to nothing, so its records are plain classes; `runtime.bundle`
stores them as canonical JSON.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from demur.tree import Expression

ACTIONS = ("answer", "flag", "fallback", "escalate", "abstain", "refuse")
"""The actions from mildest to strictest; a decision is the strictest that fired."""
ANSWERED = frozenset(ACTIONS[:3])
"""The actions after which the user has an answer."""
INCOMPLETE = "incomplete"
"""In place of the action: the request broke off before its last stage, and nothing had stopped it."""
STRICTNESS = {action: rank for rank, action in enumerate(ACTIONS)}

RECORD_KEYS = (
    "id", "trace_id", "span_id", "time", "demur", "run", "error", "decision", "outcome",
)  # fmt: skip
"""What a record holds beside its stages, which therefore cannot have these names."""


class Shape:
    """What a signal's value must be to be known.

    `type` is the kind of value (`string`, `double`, `list`, `map`, `object`, …); `of` is the shape
    of a list's elements or a map's values, `fields` those of an object. Bounds are inclusive;
    `maximum_size` counts characters, bytes, elements or entries. `optional` makes absence
    legitimate; `pii` marks personal data, `unit` and `otel` are for people and telemetry. `zone` is
    the IANA time zone, or `UTC`, of a timestamp that names none.

    All that is in something personal is personal too. So is a map of which the values have anything
    personal: its keys say whose they are. `has_personal` says whether anything in it is personal.
    """

    __slots__ = (
        "enum",
        "fields",
        "has_personal",
        "maximum",
        "maximum_size",
        "minimum",
        "of",
        "optional",
        "otel",
        "pii",
        "type",
        "unit",
        "zone",
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
        zone: str | None = None,
    ) -> None:
        pii = pii or (type == "map" and of is not None and of.has_personal)
        if pii:
            of = None if of is None else of.as_personal()
            fields = None if fields is None else {n: one.as_personal() for n, one in fields.items()}
        parts = [*(fields or {}).values(), *([] if of is None else [of])]
        self.type = type
        self.of = of
        self.fields = fields
        self.has_personal: bool = pii or any(one.has_personal for one in parts)
        self.enum = enum
        self.minimum = minimum
        self.maximum = maximum
        self.maximum_size = maximum_size
        self.optional = optional
        self.pii = pii
        self.unit = unit
        self.otel = otel
        self.zone = zone

    def as_personal(self) -> Shape:
        """The same shape, marked as personal."""
        if self.pii:
            return self
        given: dict[str, Any] = {name: getattr(self, name) for name in Shape.__slots__}
        del given["has_personal"]
        given["pii"] = True
        return Shape(**given)


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

    @property
    def stops(self) -> bool:
        """Whether the user then gets no answer, so that no later stage is reached."""
        return self.action not in ANSWERED


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
    afterwards. `definitions` are in an order in which each reads only earlier ones, and so is
    `derived`: what computes a signal, by stage and name. `requires` are the functions that others
    provide, by their entry points' names. `evaluation`
    holds the sections that are judged over many records (metrics, suites, gates, alerts,
    invariants, failures, and the policy's own facts) as JSON data with typed expressions.
    """

    __slots__ = (
        "about",
        "definitions",
        "derived",
        "evaluation",
        "failures",
        "language",
        "name",
        "outcome",
        "owner",
        "parameters",
        "requires",
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
        derived: Mapping[tuple[str, str], Expression] | None = None,
        requires: tuple[str, ...] = (),
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
        self.derived = derived or {}
        self.requires = requires

    def replaced(self, **changes: Any) -> Policy:
        """The policy with other values for these of its parts."""
        return Policy(**{name: getattr(self, name) for name in Policy.__slots__} | changes)


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
    return objects_of({**policy.stages, "outcome": policy.outcome})


def objects_of(stages: Mapping[str, Mapping[str, Shape]]) -> dict[str, Shape]:
    """Every object's shape in the signals of these stages, by the name of its type."""
    found: dict[str, Shape] = {}
    for stage, signals in stages.items():
        for name, shape in signals.items():
            found.update(objects(f"{stage}.{name}", shape))
    return found


def declared_shapes(stages: Mapping[str, Mapping[str, Shape]]) -> dict[str, Shape]:
    """The shape of every signal, and of every object's field, by its path: `request.documents[].score`."""
    found = {
        f"{stage}.{name}": one for stage, signals in stages.items() for name, one in signals.items()
    }
    for holder, inner in objects_of(stages).items():
        found.update({f"{holder}.{name}": part for name, part in (inner.fields or {}).items()})
    return found
