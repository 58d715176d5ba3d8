"""A check as a line of the journal: a record with its decision, which any evaluator takes again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from json import JSONEncoder
from pickle import Pickler, loads
from typing import Any, cast

from demur.backends.python.decisions import reachable, signals_read
from demur.functions.values import Unavailable
from demur.policy import Rule, Shape
from demur.runtime.decision import Decision, Unknown
from demur.runtime.evaluator import Evaluator
from demur.runtime.personal import DROPPED, masked, without_personal_keys
from demur.runtime.storable_text import storable
from demur.service.check import Check
from demur.service.journal.forms import unknown, written
from demur.service.journal.masking import Masking

FORMAT = 1
"""Rises when a reader of lines must change."""
MAXIMUM_LINE = 8 * 1024 * 1024
"""Bytes beyond which a line is written without its signals: readers refuse lines of 16 MiB."""
_ENCODER = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_NULL = "null"
_BOOL = {True: "true", False: "false"}
_TOO_LARGE = Unavailable("too_large", "was left out of a line that is too large")
_OVERHEAD = 1000
"""About the bytes of a line beside its signals and its decision, as it waits."""
_Signals = tuple[tuple[str, str, Shape, bool], ...]
Surroundings = tuple[
    tuple[str, str | None, str | None, float],
    tuple[str, str, bool, bool, str | None],
    tuple[float, float],
    str,
    str,
    str,
]
"""Of a check: identity, marks, seconds, the shadow as JSON, the action, and the decision as JSON."""


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
        self._head_text = _ENCODER.encode(self._head)[1:-1]
        self._silent: dict[str | None, str] = {}

    def decision_line(self, check: Check) -> bytes:
        """The line of a check."""
        parts = {
            stage: self._part(stage, check.record[stage])
            for stage in self._stages
            if stage in check.record
        }
        return self._joined(self._surroundings(check), parts)

    def pending(self, check: Check) -> Pending | None:
        """The line of a check, to be made later and elsewhere, of what the check is now.

        None where its record is not plain data; then `decision_line` must be asked at once.
        """
        record = check.record
        held = [stage for stage in self._stages if stage in record]
        try:
            parts = dict(zip(held, _copied([record[stage] for stage in held]), strict=True))
        except (_OtherDataError, RecursionError):
            return None
        return Pending(self, self._surroundings(check), parts)

    def made(self, pending: Pending, known: dict[Any, Part]) -> bytes:
        """The line that was pending. `known` holds stages that other lines have as well."""
        parts: dict[str, Part] = {}
        for stage, data in pending.parts.items():
            key = self, stage, data
            part = known.get(key)
            if part is None:
                part = known[key] = self._part(stage, loads(data))
            parts[stage] = part
        return self._joined(pending.surroundings, parts)

    def outcome_line(self, trace_id: str, outcome: Mapping[str, Any], time: float) -> bytes:
        """The line that says what became of a trace."""
        notes = _Notes()
        told = self._signals_of(outcome, self._outcome, notes)
        demur = {**self._head, "kind": "outcome", **notes.as_data()}
        return encode({**_identity(trace_id, None, time), "demur": demur, "outcome": told})

    def _surroundings(self, check: Check) -> Surroundings:
        """All of a check but its record, as it will not change any more."""
        decision = check.decision
        speaks = None
        if decision.is_silent and check.bypass is None and not check.is_incomplete:
            stage = decision.stage
            if stage not in self._silent:
                self._silent[stage] = _ENCODER.encode(self._decided(check))
            speaks = self._silent[stage]
        return (
            (check.trace_id, check.parent_trace_id, check.span_id, check.time),
            (check.stage, check.rollout, check.is_final, check.is_incomplete, check.bypass),
            (check.duration, check.elapsed),
            _NULL if check.shadow is None else _ENCODER.encode(_shadow(check.shadow)),
            decision.action,
            speaks or _ENCODER.encode(self._decided(check)),
        )

    def _decided(self, check: Check) -> dict[str, Any]:
        decision = check.decision
        signals = check.signals()
        signals["unknown"] = list(dict.fromkeys(map(self._path, signals["unknown"])))
        signals["message"] = decision.masked_message
        signals["why"] = decision.why
        signals["reasons"] = [self._reason(one) for one in decision.unknown]
        return signals

    def _joined(self, surroundings: Surroundings, parts: Mapping[str, Part]) -> bytes:
        notes = _Notes()
        for part in parts.values():
            notes.add(part.notes)
        texts = [f'"{stage}":{part.text},' for stage, part in parts.items() if part.text]
        encoded = self._framed(surroundings, "".join(texts), notes)
        if len(encoded) > MAXIMUM_LINE:
            notes.inexact = dict.fromkeys(path for part in parts.values() for path in part.paths)
            left = "".join(self._left_out(stage, part) for stage, part in parts.items())
            encoded = self._framed(surroundings, left, notes)
        return encoded

    def _left_out(self, stage: str, part: Part) -> str:
        """A stage without its signals; the optional ones, which may be absent, as what is not known."""
        shapes = self.shapes[stage]
        names = (path.removeprefix(f"{stage}.") for path in part.paths)
        found = {
            name: written(_TOO_LARGE, shapes[name], "", {})
            for name in names
            if shapes[name].optional
        }
        return f'"{stage}":{_ENCODER.encode(found)},' if found else ""

    def _framed(self, surroundings: Surroundings, stages: str, notes: _Notes) -> bytes:
        (trace_id, parent, span_id, time), marks, (duration, elapsed), shadow, action, decided = (
            surroundings
        )
        stage, rollout, is_final, is_incomplete, bypass = marks
        name = _quoted(storable(trace_id))
        more = notes.as_data()
        if bypass is not None:
            more = {**more, "bypassed_action": action}
        if parent is not None:
            more = {**more, "parent_trace_id": parent}
        rest = f",{_ENCODER.encode(more)[1:-1]}" if more else ""
        text = (
            f'{{"id":{name},"trace_id":{name},"span_id":{_quoted(span_id)},'
            f'"time":"{timestamp(time)}","demur":{{{self._head_text},"stage":{_quoted(stage)},'
            f'"rollout":"{rollout}","final":{_BOOL[is_final]},"incomplete":{_BOOL[is_incomplete]},'
            f'"bypass":{_quoted(bypass)},"duration_us":{round(duration * 1e6, 1)},'
            f'"elapsed_ms":{round(elapsed * 1e3, 3)},"shadow":{shadow}{rest}}}'
            f',{stages}"decision":{decided}}}\n'
        )
        return _bytes(text)

    def _part(self, stage: str, holder: Any) -> Part:
        notes = _Notes()
        if not isinstance(holder, Mapping):
            return Part("", notes, ())
        found = self._signals_of(cast(Mapping[str, Any], holder), self._stages[stage], notes)
        return Part(_ENCODER.encode(found), notes, tuple(f"{stage}.{name}" for name in found))

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
                mask, paths = self._masking.mask, notes.masked
                value = masked(value, shape, path, mask, paths, malformed=_malformed)
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

    def add(self, other: _Notes) -> None:
        """Takes over what is known of other signals."""
        if other.masked:
            self.masked |= other.masked
        if other.inexact:
            self.inexact |= other.inexact
        self.undeclared += other.undeclared

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


@dataclass(frozen=True, slots=True)
class Part:
    """A stage as JSON, empty where its signals are none, with its notes and its signals' paths."""

    text: str
    notes: _Notes
    paths: tuple[str, ...]


class _OtherDataError(Exception):
    """The data is not plain."""


class _Copier(Pickler):
    """Copies plain data, and nothing that would run code when it is read.

    `marshal` is as fast, and takes whatever has a buffer, such as NumPy's numbers, for bytes.
    """

    def reducer_override(self, obj: Any) -> Any:
        """Asked for all that Pickle has no form of its own for."""
        raise _OtherDataError


def _copied(holders: Iterable[Any]) -> list[bytes]:
    """A copy of each as bytes. Raises `_OtherDataError`, or RecursionError for what is nested too deep."""
    into = BytesIO()
    copier = _Copier(into, 5)
    ends = [0]
    for one in holders:
        copier.dump(one)
        copier.clear_memo()
        ends.append(into.tell())
    data = into.getvalue()
    return [data[start:end] for start, end in pairwise(ends)]


class Pending:
    """A line that is still to be made: `size` is about how many bytes wait."""

    __slots__ = ("layout", "parts", "size", "surroundings")

    def __init__(
        self, layout: Layout, surroundings: Surroundings, parts: Mapping[str, bytes]
    ) -> None:
        self.layout = layout
        self.surroundings = surroundings
        self.parts = parts
        self.size = sum(map(len, parts.values())) + len(surroundings[-1]) + _OVERHEAD

    def line(self, known: dict[Any, Part]) -> bytes:
        """The line; see `Layout.made`."""
        return self.layout.made(self, known)


def lost_line(lost: int, reason: str, time: float) -> bytes:
    """The line that says how many lines before it are missing, and why."""
    demur = {"journal": FORMAT, "kind": "lost", "lost": lost, "reason": reason}
    return encode({"time": timestamp(time), "demur": demur})


def encode(line: Mapping[str, Any]) -> bytes:
    """The line as JSON, with its end; half a surrogate pair, which UTF-8 has not, as an escape."""
    return _bytes(f"{_ENCODER.encode(line)}\n")


def _quoted(text: str | None) -> str:
    """The text as JSON; asked for nothing, the encoder takes longer than for a text."""
    return _NULL if text is None else _ENCODER.encode(text)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def timestamp(time: float) -> str:
    """Seconds since the epoch as text, in UTC to the microsecond."""
    return f"{datetime.fromtimestamp(time, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _identity(trace_id: str, span_id: str | None, time: float) -> dict[str, Any]:
    # A name that is no text would be refused by whoever reads the line, and the line with it.
    trace_id = storable(trace_id)
    return {"id": trace_id, "trace_id": trace_id, "span_id": span_id, "time": timestamp(time)}


def _malformed(shape: Shape) -> Any:
    return unknown("malformed", shape)


def _signals(stage: str, shapes: Mapping[str, Shape]) -> _Signals:
    return tuple(
        (name, f"{stage}.{name}", shape, shape.has_personal) for name, shape in shapes.items()
    )


def _reads_personal(rule: Rule, evaluator: Evaluator) -> bool:
    policy = evaluator.policy
    trees = (*reachable(policy, (rule.condition,)).values(), rule.condition)
    return any(policy.stages[stage][name].has_personal for stage, name in signals_read(trees))


def _shadow(decision: Decision) -> dict[str, Any]:
    return {"action": decision.action, "rule": decision.rule, "digest": decision.digest}
