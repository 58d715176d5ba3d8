"""A check as a line of the journal: a record with its decision, which any evaluator takes again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any

from demur.backends.python.decisions import reachable, signals_read
from demur.policy import Rule, Shape
from demur.runtime.decision import Decision, Unknown
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.journal.forms import written
from demur.service.journal.masking import (
    DROPPED,
    Masking,
    has_personal,
    masked,
    without_personal_keys,
)

FORMAT = 1
"""Rises when a reader of lines must change."""
MAXIMUM_LINE = 8 * 1024 * 1024
"""Bytes beyond which a line is written without its signals: readers refuse lines of 16 MiB."""
_ENCODER = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII = JSONEncoder(allow_nan=False, separators=(",", ":"))
_Signals = tuple[tuple[str, str, Shape, bool], ...]


class Layout:
    """What of a policy's records is written, and how: made once for each policy."""

    def __init__(self, evaluator: Evaluator, masking: Masking) -> None:
        policy = evaluator.policy
        self.shapes = policy.stages
        self._masking = masking
        self._stages = {stage: _signals(stage, shapes) for stage, shapes in policy.stages.items()}
        self._outcome = _signals("outcome", policy.outcome)
        self._evaluator = evaluator
        self._personal_rules = frozenset(
            rule.name for rule in policy.rules if _reads_personal(rule, evaluator)
        )
        self._head = {
            "journal": FORMAT,
            "policy": policy.name,
            "version": policy.version,
            "digest": evaluator.digest,
        }

    def decision_line(self, check: Check) -> bytes:
        """The line of a check."""
        notes = _Notes()
        stages = self._written(check.record, notes)
        line = self._framed(check, stages, notes)
        encoded = encode(line)
        if len(encoded) > MAXIMUM_LINE:
            notes.inexact = dict.fromkeys(
                f"{stage}.{name}" for stage, signals in stages.items() for name in signals
            )
            encoded = encode(self._framed(check, {}, notes))
        return encoded

    def outcome_line(self, trace_id: str, outcome: Mapping[str, Any], time: float) -> bytes:
        """The line that says what became of a trace."""
        notes = _Notes()
        told = self._signals_of(outcome, self._outcome, notes)
        demur = {**self._head, "kind": "outcome", **notes.as_data()}
        return encode({**_identity(trace_id, None, time), "demur": demur, "outcome": told})

    def _framed(self, check: Check, stages: Mapping[str, Any], notes: _Notes) -> dict[str, Any]:
        decision = check.decision
        demur: dict[str, Any] = {
            **self._head,
            "stage": check.stage,
            "rollout": check.rollout,
            "final": check.is_final,
            "incomplete": check.is_incomplete,
            "bypass": check.bypass,
            "duration_us": round(check.duration * 1e6, 1),
            "elapsed_ms": round(check.elapsed * 1e3, 3),
            "shadow": _shadow(check.shadow),
            **notes.as_data(),
        }
        signals = decision.signals()
        signals["unknown"] = list(dict.fromkeys(map(self._path, signals["unknown"])))
        if check.bypass is not None:
            demur["bypassed_action"] = signals["action"]
            signals |= {"action": "bypass", "answered": None, "declined": None}
        signals["message"] = decision.masked_message
        signals["why"] = decision.why
        signals["reasons"] = [self._reason(one) for one in decision.unknown]
        identity = _identity(check.trace_id, check.span_id, check.time)
        return {**identity, "demur": demur, **stages, "decision": signals}

    def _written(self, record: Mapping[str, Any], notes: _Notes) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for stage, signals in self._stages.items():
            holder = record.get(stage)
            if isinstance(holder, Mapping):
                found[stage] = self._signals_of(holder, signals, notes)
        return found

    def _signals_of(
        self, holder: Mapping[str, Any], signals: _Signals, notes: _Notes
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        there = 0
        for name, path, shape, is_personal in signals:
            if name not in holder:
                continue
            there += 1
            value = holder[name]
            if is_personal:
                value = masked(value, shape, path, self._masking, notes.masked)
                if value is DROPPED:
                    continue
            found[name] = written(value, shape, path, notes.inexact)
        notes.undeclared += len(holder) - there
        return found

    def _path(self, path: str) -> str:
        return without_personal_keys(path, self.shapes)

    def _reason(self, unknown: Unknown) -> dict[str, Any]:
        """Why something was unknown; of an operation on personal values not in its own words."""
        detail = unknown.detail
        if not unknown.signal and not self._personal_rules.isdisjoint(unknown.rules):
            detail = "withheld: the rule reads personal data"
        return {
            "signal": self._path(unknown.signal) if unknown.signal else "",
            "kind": unknown.kind,
            "detail": detail,
            "rules": list(unknown.rules),
        }


class _Notes:
    """What a reader must know of a line's signals."""

    __slots__ = ("inexact", "masked", "undeclared")

    def __init__(self) -> None:
        self.masked: dict[str, None] = {}
        self.inexact: dict[str, None] = {}
        self.undeclared = 0

    def as_data(self) -> dict[str, Any]:
        """Those that there are; a list that is not written is empty."""
        data: dict[str, Any] = {}
        if self.masked:
            data["masked"] = list(self.masked)
        if self.inexact:
            data["inexact"] = list(self.inexact)
        if self.undeclared:
            data["undeclared"] = self.undeclared
        return data


def lost_line(lost: int, reason: str, time: float) -> bytes:
    """The line that says how many lines before it are missing, and why."""
    demur = {"journal": FORMAT, "kind": "lost", "lost": lost, "reason": reason}
    return encode({"time": timestamp(time), "demur": demur})


def encode(line: Mapping[str, Any]) -> bytes:
    """The line as JSON, with its end; half a surrogate pair, which UTF-8 has not, as an escape."""
    try:
        return f"{_ENCODER.encode(line)}\n".encode()
    except UnicodeEncodeError:
        return f"{_ASCII.encode(line)}\n".encode()


def timestamp(time: float) -> str:
    """Seconds since the epoch as text, in UTC to the microsecond."""
    return f"{datetime.fromtimestamp(time, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _identity(trace_id: str, span_id: str | None, time: float) -> dict[str, Any]:
    return {"id": trace_id, "trace_id": trace_id, "span_id": span_id, "time": timestamp(time)}


def _signals(stage: str, shapes: Mapping[str, Shape]) -> _Signals:
    return tuple(
        (name, f"{stage}.{name}", shape, has_personal(shape)) for name, shape in shapes.items()
    )


def _reads_personal(rule: Rule, evaluator: Evaluator) -> bool:
    policy = evaluator.policy
    trees = (*reachable(policy, (rule.condition,)).values(), rule.condition)
    return any(has_personal(policy.stages[stage][name]) for stage, name in signals_read(trees))


def _shadow(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {"action": decision.action, "rule": decision.rule, "digest": decision.digest}
