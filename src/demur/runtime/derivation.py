"""Derived signals: what a record does not bring and the policy computes from what it does.

What a record brings is never overruled: a value that is there is taken, and one that is malformed is
unknown as any other. So a record that was kept with its derived signals is decided as it was.
"""

from __future__ import annotations

from demur.backends.python.decisions import reachable, signals_read, write_precise
from demur.backends.python.reading import read
from demur.functions.values import EvaluationError, Unavailable
from demur.policy import Policy
from demur.runtime.evaluator import settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from demur.tree import Expression

NOT_DERIVED = "not_derived"
"""The kind of reason for which a derived signal is unknown: what it is computed from is."""


def derived_signals(
    policy: Policy, expressions: Iterable[Expression]
) -> frozenset[tuple[str, str]]:
    """The derived signals that these expressions read, also through definitions and each other."""
    found: set[tuple[str, str]] = set()
    pending = list(expressions)
    while pending:
        tree = pending.pop()
        for signal in signals_read((*reachable(policy, (tree,)).values(), tree)):
            if signal in policy.derived and signal not in found:
                found.add(signal)
                pending.append(policy.derived[signal])
    return frozenset(found)


def derivation(
    policy: Policy, signals: Collection[tuple[str, str]]
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]] | None:
    """What adds those of these signals to a record that it does not bring; None where there are none.

    The record itself is not changed.
    """
    steps = [
        (stage, name, write_precise(policy, (tree,)).function(), policy.stages[stage][name])
        for (stage, name), tree in policy.derived.items()
        if (stage, name) in signals
    ]

    def derive(record: Mapping[str, Any]) -> Mapping[str, Any]:
        if not hasattr(record, "get"):
            return record
        whole: dict[str, Any] | None = None
        for stage, name, condition, shape in steps:
            known: Mapping[str, Any] = record if whole is None else whole
            given = known.get(stage)
            signals = {} if given is None else given
            # A stage that is no object has no signals, and nothing is read from one.
            if not hasattr(signals, "get") or signals.get(name) is not None:
                continue
            if whole is None:
                whole = dict(record)
            value = settled(condition, whole)[0]
            whole[stage] = {**signals, name: _checked(value, shape, f"{stage}.{name}")}
        return record if whole is None else whole

    return derive if steps else None


def _checked(value: Any, shape: Any, path: str) -> Any:
    """The computed value, or why there is none."""
    try:
        if isinstance(value, EvaluationError):
            raise value
        return read(value, shape, path)
    except EvaluationError as unknown:
        reasons = "; ".join(dict.fromkeys(_said(reason, path) for reason in unknown.reasons))
        return Unavailable(NOT_DERIVED, f"could not be derived: {reasons}")


def _said(reason: Any, path: str) -> str:
    """A reason in words: `answer.text is absent`."""
    if not reason.signal:
        return reason.detail
    return f"{'it' if reason.signal == path else reason.signal} {reason.detail}"
