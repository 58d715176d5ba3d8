"""One decision on the request path with all that surrounds it: what observers are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demur.policy import INCOMPLETE
from demur.runtime.decision import Decision
from demur.runtime.evaluator import Evaluator

BYPASS = "bypass"
"""In place of the action: the decision was not enforced."""


# Not frozen: that alone would take as long again as a decision. Nobody changes one.
@dataclass(slots=True)
class Check:
    """A decision at a stage of one request.

    `time` is when it was made, in seconds since the epoch; `duration` the seconds that deciding took,
    `elapsed` those since the trace began. `trace_id` is the request's own, or what the service named it;
    `parent_trace_id` and `span_id` are hexadecimal as in W3C Trace Context, of the distributed trace that
    the request is part of. `evaluator` is the policy that decided, `rollout`
    whether as `active` or as `canary`; `shadow` is what the candidate would have decided, where one
    runs in the shadow. `is_final` says that no later stage will be checked: the request was stopped,
    the last stage was reached, or the trace ended. `is_incomplete` marks a trace that ended before its
    last stage, whose missing signals are unknown. `bypass` is the reason for which the decision was
    not enforced, None where it was.
    """

    time: float
    trace_id: str
    span_id: str | None
    stage: str
    record: Mapping[str, Any] = field(repr=False)
    decision: Decision
    evaluator: Evaluator
    duration: float
    elapsed: float
    rollout: str = "active"
    shadow: Decision | None = None
    is_final: bool = False
    is_incomplete: bool = False
    bypass: str | None = None
    parent_trace_id: str | None = None

    @property
    def stops(self) -> bool:
        """Whether the request ends here; a bypassed decision stops nothing."""
        return self.bypass is None and self.decision.stops

    @property
    def message(self) -> str | None:
        """What to tell the user, by the decision; None where it was bypassed."""
        return None if self.bypass is not None else self.decision.message

    @property
    def action(self) -> str:
        """What was done: the decision's action, `bypass`, or `incomplete` where the trace broke off."""
        if self.bypass is not None:
            return BYPASS
        broke_off = self.is_incomplete and not self.decision.stops
        return INCOMPLETE if broke_off else self.decision.action

    def signals(self) -> dict[str, Any]:
        """The decision as it was served, as the signals that metrics read.

        One that was bypassed, or of a trace that broke off before anything stopped it, is no success:
        whether the user had an answer is unknown.
        """
        signals = self.decision.signals(is_incomplete=self.is_incomplete)
        if self.bypass is not None:
            # Nothing stopped it, so it went on to the stage that was asked.
            signals |= {"action": BYPASS, "answered": None, "declined": None, "stage": self.stage}
        return signals


Observer = Callable[[Check], None]
"""Is told of every check, on the request path: it must neither raise nor wait."""
