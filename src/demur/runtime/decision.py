"""A decision: what the system does with a record, by which rules, and what the user is told."""

from __future__ import annotations

from demur.functions.values import Duration, EvaluationError, Timestamp, Unavailable
from demur.policy import ANSWERED, INCOMPLETE, STRICTNESS, Response, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from demur.runtime.evaluator import Evaluator
    from demur.tree import Expression

_STOPS = min(STRICTNESS[action] for action in STRICTNESS if action not in ANSWERED)
UNAVAILABLE = "demur_unavailable"
"""The key by which an `Unavailable` value is known as JSON data."""


class Unknown:
    """Something that could not be known: which signal, why, and which rules it left open.

    `signal` is a dotted path, empty for an operation without a value (a division by zero); `kind`
    and `detail` are as in `Reason`.
    """

    __slots__ = ("detail", "kind", "rules", "signal")

    def __init__(self, signal: str, kind: str, detail: str, rules: tuple[str, ...]) -> None:
        self.signal = signal
        self.kind = kind
        self.detail = detail
        self.rules = rules

    def __repr__(self) -> str:
        return f"Unknown(signal={self.signal!r}, kind={self.kind!r}, rules={self.rules!r})"

    def __str__(self) -> str:
        what = f"{self.signal} {self.detail}" if self.signal else self.detail
        return f"{what} (leaves open: {', '.join(self.rules)})"


class Firing:
    """One rule that spoke: it held (`state` is `fired`) or stayed open (`unknown`)."""

    __slots__ = ("_evaluator", "_record", "response", "rule", "state")

    def __init__(
        self, evaluator: Evaluator, record: Mapping[str, Any], rule: Rule, response: Response
    ) -> None:
        self._evaluator = evaluator
        self._record = record
        self.rule = rule
        self.response = response
        self.state = "fired" if response is rule.response else "unknown"

    def __repr__(self) -> str:
        return f"Firing(rule={self.name!r}, action={self.action!r}, state={self.state!r})"

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def action(self) -> str:
        """What the rule asks for."""
        return self.response.action

    @property
    def failure(self) -> str | None:
        """The failure that this counts as."""
        return self.response.failure

    @property
    def message(self) -> str | None:
        """What the user is told, if this rule speaks to the user."""
        return self._evaluator.render(self.response.say, self._record, masked=False)

    @property
    def why(self) -> str | None:
        """The engineers' explanation, personal values masked."""
        return self._evaluator.render(self.response.why, self._record, masked=True)

    @property
    def values(self) -> dict[str, Any]:
        """The signals that the rule reads, as the record has them, personal values masked."""
        return self._evaluator.values_read(self.rule.condition, self._record)


class Decision:
    """What a policy decides on a record.

    `action` is the strictest of all that fired, `answer` if none did. Among equals the first in
    the file gives `rule`, `failure`, `message` and `why`. `stage` is how far the record came: the
    stage at which it was stopped, else the last that was asked; empty where the policy has none.
    """

    __slots__ = ("_evaluator", "_leading", "_record", "_spoken", "_unknowns", "action", "stage")

    def __init__(
        self,
        evaluator: Evaluator,
        stage: str,
        record: Mapping[str, Any] | None,
        spoken: tuple[tuple[Rule, Response], ...],
        unknowns: tuple[tuple[str, EvaluationError], ...] = (),
    ) -> None:
        self._evaluator = evaluator
        self._record = record
        self._spoken = spoken
        self._unknowns = unknowns
        leading: tuple[Rule, Response] | None = None
        strictest = -1
        for one in spoken:
            strictness = STRICTNESS[one[1].action]
            if strictness > strictest:
                strictest = strictness
                leading = one
        self._leading = leading
        if leading is None:
            self.action, self.stage = "answer", stage
        else:
            self.action = leading[1].action
            # Whatever stops is of the stage at which the record was stopped.
            stops = strictest >= _STOPS and evaluator.stages
            self.stage = evaluator.stages[leading[0].stage] if stops else stage

    def __repr__(self) -> str:
        return f"Decision(action={self.action!r}, rule={self.rule!r}, failure={self.failure!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decision) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.action, self.stage, self.rule, self.digest))

    @property
    def answered(self) -> bool:
        """Whether the user gets an answer: `answer`, `flag` or `fallback`."""
        return self.action in ANSWERED

    @property
    def stops(self) -> bool:
        """Whether the user gets none: `escalate`, `abstain` or `refuse`."""
        return self.action not in ANSWERED

    @property
    def is_settled(self) -> bool:
        """Whether it would stand whatever the unknown signals were: it goes on, or a rule that held stops."""
        return self.answered or any(
            response is rule.response and response.stops for rule, response in self._spoken
        )

    @property
    def is_silent(self) -> bool:
        """Whether no rule spoke and nothing was unknown, so that no record is needed to tell of it."""
        return not self._spoken and not self._unknowns

    @property
    def digest(self) -> str:
        """The digest of the policy that decided."""
        return self._evaluator.digest

    @property
    def firings(self) -> tuple[Firing, ...]:
        """Every rule that spoke, in file order."""
        record = self._reached_record()
        return tuple(Firing(self._evaluator, record, *one) for one in self._spoken)

    @property
    def rule(self) -> str | None:
        """The name of the rule that decides: the first of the strictest action; None if none fired."""
        return None if self._leading is None else self._leading[0].name

    @property
    def failure(self) -> str | None:
        """The failure that the deciding rule counts as."""
        return None if self._leading is None else self._leading[1].failure

    @property
    def failures(self) -> tuple[str, ...]:
        """Every failure that fired, each once, in file order."""
        found = dict.fromkeys(response.failure for _, response in self._spoken)
        return tuple(failure for failure in found if failure is not None)

    @property
    def message(self) -> str | None:
        """What to tell the user: the first message among the firings of the decided action."""
        return self._message(masked=False)

    def _message(self, *, masked: bool) -> str | None:
        for _, response in self._spoken:
            if response.say and response.action == self.action:
                return self._render(response.say, masked=masked)
        return None

    @property
    def why(self) -> str | None:
        """The deciding rule's explanation for engineers, personal values masked."""
        return None if self._leading is None else self._render(self._leading[1].why, masked=True)

    def _render(self, text: tuple[str | Expression, ...], *, masked: bool) -> str | None:
        return self._evaluator.render(text, self._reached_record(), masked=masked)

    def _reached_record(self) -> Mapping[str, Any]:
        """The record as far as it came: what stands at later stages may not be told."""
        record = self._record
        if record is None or not hasattr(record, "get"):
            return {}
        stages = self._evaluator.stages
        reached = stages[: stages.index(self.stage) + 1] if self.stage else stages
        return {stage: record[stage] for stage in reached if stage in record}

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """All that could not be known, in the order in which the rules met it."""
        rules: dict[tuple[str, str, str], list[str]] = {}
        for name, error in self._unknowns:
            for reason in error.reasons:
                rules.setdefault((reason.signal, reason.kind, reason.detail), []).append(name)
        return tuple(Unknown(*key, tuple(dict.fromkeys(names))) for key, names in rules.items())

    @property
    def masked_message(self) -> str | None:
        """The message with personal values masked, for whoever is not the user."""
        return self._message(masked=True)

    def signals(self, *, is_incomplete: bool = False) -> dict[str, Any]:
        """The decision as the signals that metrics read, as `decision.NAME`; none of them is personal.

        Of a request that broke off (`is_incomplete`) before anything stopped it, it is not known whether
        the user had an answer.
        """
        broke_off = is_incomplete and not self.stops
        return {
            "action": INCOMPLETE if broke_off else self.action,
            "answered": None if broke_off else self.answered,
            "declined": None if broke_off else self.stops,
            "rule": self.rule or "",
            "rules": [rule.name for rule, _ in self._spoken],
            "failure": self.failure or "",
            "failures": list(self.failures),
            "unknown": self._unknown_signals(),
            "stage": self.stage,
        }

    def _unknown_signals(self) -> list[str]:
        if not self._unknowns:
            return []
        return list(dict.fromkeys(one.signal for one in self.unknown if one.signal))

    def to_dict(self) -> dict[str, Any]:
        """The decision as JSON data, as `schemas/decision.schema.json` says; personal values masked."""
        return {
            "action": self.action,
            "answered": self.answered,
            "stage": self.stage,
            "rule": self.rule,
            "failure": self.failure,
            "failures": list(self.failures),
            "message": self.masked_message,
            "why": self.why,
            "firings": [
                {
                    "rule": one.name,
                    "section": one.rule.section,
                    "state": one.state,
                    "action": one.action,
                    "failure": one.failure,
                    "values": {name: plain(value) for name, value in one.values.items()},
                }
                for one in self.firings
            ],
            "unknown": [
                {
                    "signal": one.signal,
                    "kind": one.kind,
                    "detail": one.detail,
                    "rules": list(one.rules),
                }
                for one in self.unknown
            ],
            "digest": self.digest,
        }


MAXIMUM_DEPTH = 64
"""How deeply values are shown; what lies deeper, as in a record that holds itself, is left out."""


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON data; what JSON has no form for, as text."""
    if depth > MAXIMUM_DEPTH:
        return "…"
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else str(value)
    if isinstance(value, list | tuple):
        return [plain(element, depth + 1) for element in value]
    if isinstance(value, dict):
        return {str(key): plain(element, depth + 1) for key, element in value.items()}
    if isinstance(value, Unavailable):
        return {UNAVAILABLE: value.kind, "detail": value.detail}
    return display(value)


def display(value: Any) -> str:
    """A value as text for people: doubles short, times as CEL writes them."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Timestamp | Duration):
        from demur.functions import timestamps

        if isinstance(value, Timestamp):
            return timestamps.format_timestamp(value)
        return timestamps.format_duration(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(display, value))}]"
    return str(value)
