"""What has become of each alert: pending, firing, resolved.

The rules are Prometheus', so that an exported rule fires at the same evaluation: pending since the
condition first held, firing once it has held for `for`, and kept firing until it has not held for
`keep_firing_for`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

STATES = ("inactive", "pending", "firing")
HOLDS, CLEAR, NO_DATA, ERROR = "holds", "clear", "no data", "error"
"""What an evaluation finds of an alert's condition."""


@dataclass(frozen=True, slots=True)
class State:
    """An alert over one slice. Times are seconds since the epoch, by the evaluations' own clock.

    `since` is when the condition began to hold, `fired` when the alert began to fire; `clear_since`
    is when a firing alert's condition stopped holding; `evaluated` the last evaluation. `resolved`
    is when the alert last stopped firing.
    """

    state: str = "inactive"
    since: float | None = None
    fired: float | None = None
    clear_since: float | None = None
    evaluated: float | None = None
    resolved: float | None = None


def advanced(
    before: State, found: str, at: float, hold_for: float, keep_firing_for: float, no_data: str
) -> State:
    """The state after an evaluation at `at` that found `HOLDS`, `CLEAR`, `NO_DATA` or `ERROR`.

    Without data the alert's `no_data` decides: `fire` counts as holding, `ok` as clear, `keep`
    changes nothing. An error changes nothing either: it is told by itself. Where no evaluation was
    made for longer than `hold_for`, the condition is not known to have held and begins anew.
    """
    holds = found == HOLDS or (found == NO_DATA and no_data == "fire")
    if found == ERROR or (found == NO_DATA and no_data == "keep"):
        return replace(before, evaluated=at)
    if not holds:
        return _clear(replace(before, evaluated=at), at, keep_firing_for)
    if before.state == "firing":
        return replace(before, clear_since=None, evaluated=at)
    gap = at - before.evaluated if before.evaluated is not None else 0.0
    since = before.since if before.state == "pending" and gap <= hold_for else None
    since = at if since is None else since
    if at - since >= hold_for:
        return State("firing", since, at, None, at, None)
    return State("pending", since, None, None, at, before.resolved)


def _clear(before: State, at: float, keep_firing_for: float) -> State:
    if before.state != "firing":
        return State("inactive", evaluated=at, resolved=before.resolved)
    clear_since = at if before.clear_since is None else before.clear_since
    if at - clear_since < keep_firing_for:
        return replace(before, clear_since=clear_since)
    return State("inactive", evaluated=at, resolved=at)


States = Mapping[tuple[str, str], State]
"""The states by the alert's key and the slice."""
