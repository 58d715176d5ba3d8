"""The policy file's structure: pydantic models, from which the JSON Schema is generated.

Where a key cannot be a Python name the field has an alias. Expressions are text here; `check` reads
them. Field descriptions are what an editor shows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from demur.backends.python.reading import read
from demur.functions.values import INT_MAX, INT_MIN, UINT_MAX, EvaluationError
from demur.language.document_forms import (
    POLICY_FORM,
    VERSION_FORM,
    Expression,
    FieldName,
    Label,
    Model,
    Name,
    Number,
    Text,
    TopName,
)
from demur.language.document_of_evaluation import Alert, Gate, Invariant, MetricSpec
from demur.language.document_of_suites import Suite
from demur.language.invisible import INVISIBLE
from demur.policy import Shape
from demur.suggestions import closest

ScalarType = Literal[
    "string", "bool", "int", "uint", "double", "bytes", "timestamp", "duration", "dyn"
]
SignalType = Literal[
    "string", "bool", "int", "uint", "double", "bytes", "timestamp", "duration", "dyn",
    "list", "map", "object",
]  # fmt: skip
Action = Literal["answer", "flag", "fallback", "escalate", "abstain", "refuse"]


def _spec(value: Any) -> Any:
    """A signal's type alone, or a bare object's fields, in the long form."""
    if isinstance(value, str):
        return {"type": value}
    if isinstance(value, dict) and "type" not in value:
        return {"type": "object", "fields": value}
    return value


class Signal(Model):
    """What a signal's value must be to be known."""

    type: SignalType = Field(description="The type of the value.")
    of: SignalSpec | None = Field(
        None, description="The elements of a list, or the values of a map."
    )
    fields: dict[FieldName, SignalSpec] | None = Field(None, description="The fields of an object.")
    enum: Annotated[list[str | int], Field(min_length=1, max_length=1_000)] | None = Field(
        None, description="The values that it may have."
    )
    min: Number | None = Field(None, description="The least value, inclusive.")
    max: Number | None = Field(None, description="The greatest value, inclusive.")
    max_size: Annotated[int, Field(ge=0, le=INT_MAX)] | None = Field(
        None, description="The most characters, bytes, elements or entries."
    )
    zone: Text | None = Field(
        None, description="The IANA time zone, or UTC, of a timestamp that names none."
    )
    unit: Text | None = Field(None, description="The unit of a number: ms, usd, tokens.")
    otel: Text | None = Field(None, description="The OpenTelemetry attribute that holds it.")
    pii: bool = Field(False, description="Whether it is personal, so that logs mask it.")
    optional: bool = Field(
        False, description="Whether it may be absent; rules must then ask has()."
    )
    derive: Expression | None = Field(
        None, description="What computes it where a record does not bring it, a CEL expression."
    )
    about: Text | None = Field(None, description="What it is, for readers.")

    @field_validator("min", "max")
    @classmethod
    def _of_the_type(cls, bound: float | None, info: ValidationInfo) -> float | None:
        return _typed_bound(bound, info)

    @model_validator(mode="after")
    def _agrees(self) -> Signal:
        _raise(_disagreements(self))
        return self


SignalSpec = Annotated[Signal, BeforeValidator(_spec)]
_RANGES = {"int": (INT_MIN, INT_MAX), "uint": (0, UINT_MAX)}
_NO_PLACES = frozenset(("localtime", "posixrules", "Factory"))
"""The names in the database of zones that name none."""
_SIZED = ("string", "bytes", "list", "map", "dyn")


def _disagreements(signal: Signal) -> list[str]:
    """What a signal's keys say against each other."""
    found: list[str] = []
    kind = signal.type
    if kind in ("list", "map") and signal.of is None:
        found.append(f"a {kind} needs `of`, the type of its values")
    if kind == "object" and not signal.fields:
        found.append("an object needs `fields`")
    if signal.of is not None and kind not in ("list", "map"):
        found.append(f"`of` is for lists and maps, not for {kind}")
    if signal.fields is not None and kind != "object":
        found.append(f"`fields` is for objects, not for {kind}")
    if any(part.derive for part in (signal.of, *(signal.fields or {}).values()) if part):
        found.append("`derive` is for a whole signal, not for a part of one")
    if signal.derive is not None and signal.optional:
        found.append("a signal with `derive` is always computed, so it is not `optional`")
    found.extend(_bound_problems(kind, signal.min, signal.max))
    if signal.max_size is not None and kind not in _SIZED:
        found.append(f"`max_size` is for text, bytes, lists and maps, not for {kind}")
    if signal.zone is not None:
        found.extend(_zone_problems(kind, signal.zone))
    if signal.enum is not None:
        wanted = {"string": str, "int": int, "uint": int}.get(kind)
        if wanted is None:
            found.append(f"`enum` is for strings and whole numbers, not for {kind}")
        elif not all(type(one) is wanted for one in signal.enum):
            found.append(f"every value of `enum` must be {kind}")
        else:
            found.extend(_enum_problems(signal, signal.enum))
    return found


def _zone_problems(kind: str, zone: str) -> list[str]:
    """What is wrong with the zone of a value of this type."""
    from zoneinfo import ZoneInfo, available_timezones

    if kind != "timestamp":
        return [f"`zone` is for timestamps, not for {kind}"]
    try:
        # What the machine calls its own is another zone elsewhere.
        is_known = zone == "UTC" or (zone not in _NO_PLACES and ZoneInfo(zone).key == zone)
    except (LookupError, ValueError, OSError):
        is_known = False
    if is_known:
        return []
    names = available_timezones() - _NO_PLACES
    near = closest(zone, sorted(names))
    hint = f", as {near} is" if near else " such as Europe/Berlin or UTC"
    return [f"`zone` is no IANA time zone{hint}"]


def _enum_problems(signal: Signal, values: list[str | int]) -> list[str]:
    """Values that are there twice, or that no record can have."""
    least, most = _RANGES.get(signal.type, (INT_MIN, INT_MAX))
    least = least if signal.min is None else max(least, signal.min)
    most = most if signal.max is None else min(most, signal.max)
    beyond = [one for one in values if isinstance(one, int) and not least <= one <= most]
    found = [f"the value {one} of `enum` is out of bounds" for one in beyond[:1]]
    if len(set(values)) < len(values):
        found.append("`enum` has a value twice")
    unseen = INVISIBLE.search("".join(one for one in values if isinstance(one, str)))
    if unseen is not None:
        found.append(f"a value of `enum` holds the invisible character U+{ord(unseen[0]):04X}")
    return found


def _bound_problems(kind: str, least: float | None, most: float | None) -> list[str]:
    """What is wrong with the bounds of a value of this type."""
    bounds = {"min": least, "max": most}
    given = {key: bound for key, bound in bounds.items() if bound is not None}
    if given and kind not in (*_RANGES, "double"):
        return [f"`min` and `max` are for numbers, not for {kind}"]
    found: list[str] = []
    for key, bound in given.items():
        lowest, highest = _RANGES.get(kind, (bound, bound))
        if kind != "double" and bound != int(bound):
            found.append(f"`{key}` must be a whole number, as the type is {kind}")
        elif not lowest <= bound <= highest:
            found.append(f"`{key}` is beyond what {kind} can hold")
    if least is not None and most is not None and least > most:
        found.append("`min` is above `max`")
    return found


def _typed_bound(bound: float | None, info: ValidationInfo) -> float | None:
    """A bound of a double as a double."""
    return float(bound) if bound is not None and info.data.get("type") == "double" else bound


def _raise(problems: list[str]) -> None:
    if problems:
        raise ValueError("; ".join(problems))


class Parameter(Model):
    """A tunable number, read as `params.NAME`."""

    type: ScalarType = Field(description="The type of the value.")
    default: bool | int | float | str = Field(description="The value unless another is given.")
    min: Number | None = Field(None, description="The least value, inclusive.")
    max: Number | None = Field(None, description="The greatest value, inclusive.")
    unit: Text | None = Field(None, description="The unit of the number.")
    about: Text | None = Field(None, description="What it tunes.")

    @field_validator("min", "max")
    @classmethod
    def _of_the_type(cls, bound: float | None, info: ValidationInfo) -> float | None:
        return _typed_bound(bound, info)

    @model_validator(mode="after")
    def _agrees(self) -> Parameter:
        _raise(_bound_problems(self.type, self.min, self.max))
        try:
            read(self.default, Shape(self.type, minimum=self.min, maximum=self.max), "default")
        except EvaluationError as wrong:
            raise ValueError(f"`default` {wrong.reasons[0].detail}") from None
        return self


class Failure(Model):
    """A category that failures are counted by."""

    severity: Literal["info", "warning", "critical"] = Field(description="How bad it is.")
    runbook: Text | None = Field(None, description="The runbook, or its section (`#name`).")
    about: Text | None = Field(None, description="What it means.")


class Otherwise(Model):
    """What follows when a request is out of scope."""

    then: Action = Field("refuse", description="What the system then does.")
    failure: Label | None = Field(None, description="The failure that it counts as.")
    say: Text | None = Field(None, description="What the user is told.")
    why: Text | None = Field(None, description="The explanation for engineers.")


class OnUnknown(Model):
    """What follows when a condition stays unknown."""

    then: Action = Field("abstain", description="What the system then does.")
    failure: Label | None = Field(None, description="The failure that it counts as.")
    say: Text | None = Field(None, description="What the user is told.")
    why: Text | None = Field(None, description="The explanation for engineers.")


class Rule(Model):
    """A condition, and what follows when it holds."""

    when: Expression = Field(description="The condition, a CEL expression.")
    then: Action = Field(description="What the system does when it holds.")
    failure: Label | None = Field(None, description="The failure that it counts as.")
    say: Text | None = Field(None, description="What the user is told.")
    why: Text | None = Field(
        None, description="The explanation for engineers; {{ }} holds expressions."
    )
    on_unknown: Literal["ignore", Action] | OnUnknown | None = Field(
        None, description="What follows when the condition is unknown; by default the policy's."
    )
    runbook: Text | None = Field(None, description="The runbook, or its section (`#name`).")
    about: Text | None = Field(None, description="Why the rule is there.")


class Limits(Model):
    """What keeps a policy from taking all of a machine, whatever a record holds."""

    value: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        1_000_000, description="The most characters, bytes or elements of a computed value."
    )
    steps: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        1_000_000, description="The most steps of macros within one another."
    )


class PolicyDocument(Model):
    """A policy file."""

    demur: Literal[1] = Field(description="The version of the language.")
    policy: Annotated[str, StringConstraints(pattern=POLICY_FORM, max_length=100)] = Field(
        description="The policy's name."
    )
    version: Annotated[str, StringConstraints(pattern=VERSION_FORM, max_length=100)] | None = Field(
        None, description="The policy's own version: 1.4.0."
    )
    about: Text = Field(description="What the system does and does not do.")
    owner: Text = Field(description="Who answers for it.")
    runbook: Text | None = Field(None, description="What to do when it alerts, as a path.")
    include: Annotated[list[Text], Field(max_length=32)] = Field(
        default=[], description="Fragments to merge, from this folder or below."
    )
    stages: Annotated[dict[TopName, dict[Name, SignalSpec]], Field(max_length=50)] = Field(
        default={}, description="What may be read, in the order in which it becomes known."
    )
    outcome: dict[Name, SignalSpec] = Field(
        default={}, description="What is known only afterwards; rules may not read it."
    )
    params: dict[Name, Parameter] = Field(default={}, description="The tunable numbers.")
    define: Annotated[dict[TopName, Expression], Field(max_length=2_000)] = Field(
        default={}, description="Named expressions."
    )
    failures: dict[Label, Failure] = Field(
        default={}, description="The categories that failures are counted by."
    )
    scope: dict[Label, Expression | Otherwise] = Field(
        default={}, description="What must hold for a request to be taken; else `otherwise`."
    )
    rules: Annotated[dict[Label, Rule], Field(max_length=5_000)] = Field(
        default={}, description="When not simply to answer, and what to do instead."
    )
    on_unknown: OnUnknown = Field(
        default=OnUnknown(then="abstain", failure=None, say=None, why=None),
        description="What follows when a condition stays unknown.",
    )
    limits: Limits = Field(
        default=Limits(value=1_000_000, steps=1_000_000),
        description="What a decision may take, beyond which a value is unknown.",
    )
    metrics: dict[TopName, Expression | MetricSpec] = Field(
        default={}, description="Numbers over many records."
    )
    suites: dict[Label, Suite] = Field(default={}, description="Golden sets and hard cases.")
    gates: dict[Label, Gate] = Field(default={}, description="What must be reached to ship.")
    alerts: dict[Label, Alert] = Field(default={}, description="When someone must be woken.")
    invariants: dict[Label, Invariant] = Field(
        default={}, description="What is meant to hold for every input; stated, not proved."
    )
