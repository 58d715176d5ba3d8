"""What a test expects of a decision, and how a decision differs from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demur.diagnostics import Span
from demur.runtime.decision import Decision


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was expected and found to be otherwise; None stands for none."""

    what: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a decision at `stage`, the last if None, must be: values for some names in `FOUND`."""

    stage: str | None
    span: Span
    wanted: Mapping[str, Any]


def _rules(decision: Decision) -> list[str]:
    return [one.name for one in decision.firings]


def _unknown(decision: Decision) -> list[str]:
    """The signals that are unknown; an operation without a value stands by what it says."""
    return list(dict.fromkeys(one.signal or one.detail for one in decision.unknown))


FOUND: Mapping[str, Callable[[Decision], Any]] = {
    "action": lambda decision: decision.action,
    "rule": lambda decision: decision.rule,
    "failure": lambda decision: decision.failure,
    "rules": _rules,
    "failures": lambda decision: list(decision.failures),
    "unknown": _unknown,
    "message": lambda decision: decision.message,
    "why": lambda decision: decision.why,
}
"""What can be expected, in the order in which differences are shown.

`rules` are all that spoke, in file order: those that hold and those that stay open and have an
`on_unknown` action. `unknown` are the signals that left a rule open.
"""


def _shown(what: str, found: Any, decision: Decision) -> Any:
    """What was found, as reports may have it: what the user was told may be personal."""
    return decision.masked_message if what == "message" else found


def differences(expectation: Expectation, decision: Decision) -> tuple[Difference, ...]:
    """What the decision has otherwise than expected."""
    found = ((what, FOUND[what](decision)) for what in FOUND if what in expectation.wanted)
    return tuple(
        Difference(what, expectation.wanted[what], _shown(what, value, decision))
        for what, value in found
        if not _is_met(what, expectation.wanted[what], value)
    )


def is_met(expectation: Expectation, decision: Decision) -> bool:
    """Whether the decision is as expected."""
    return all(
        _is_met(what, wanted, FOUND[what](decision)) for what, wanted in expectation.wanted.items()
    )


def _is_met(what: str, wanted: Any, found: Any) -> bool:
    return _covers(wanted, found) if what == "unknown" else wanted == found


def _covers(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """Whether each path found is an expected one or beneath it, and none is expected in vain."""
    return all(any(_is_within(one, path) for path in wanted) for one in found) and all(
        any(_is_within(one, path) for one in found) for path in wanted
    )


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))
