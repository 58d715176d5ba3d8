"""Telling receivers, and keeping what one that is away has not got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demur.monitor.memory import MAXIMUM_UNSENT
from demur.monitor.receivers import Message, receiver
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator

TIMEOUT = 10.0
"""Seconds that a receiver has to answer."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A kind of receiver and where it is."""

    kind: str
    target: str

    @property
    def name(self) -> str:
        """Its name in a monitor's memory."""
        return f"{self.kind}={self.target}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is still unsent, by receiver; how many messages were given up; what went wrong."""

    unsent: Mapping[str, tuple[Message, ...]]
    dropped: int
    problems: tuple[str, ...]


def deliver(
    evaluation: Evaluation,
    evaluator: Evaluator,
    receivers: Sequence[Receiver],
    unsent: Mapping[str, Sequence[Message]],
    resend: float,
    timeout: float = TIMEOUT,
) -> Delivery:
    """Sends each receiver first what it has not got and then what is new, in order.

    What does not arrive is kept for the next time; nothing is raised. `resend` is how many seconds
    pass until then. A receiver that is no longer named forgets what it had not got.
    """
    left: dict[str, tuple[Message, ...]] = {}
    problems: list[str] = []
    dropped = 0
    for one in receivers:
        kind = receiver(one.kind)
        pending = list(unsent.get(one.name, ()))
        new = kind.message(evaluation, evaluator, resend)
        pending += [] if new is None else [new]
        while pending:
            try:
                kind.send(one.target, pending[0], timeout)
            except (OSError, ValueError) as failure:
                problems.append(f"{one.name} did not get {len(pending)} of its messages: {failure}")
                break
            pending.pop(0)
        dropped += max(0, len(pending) - MAXIMUM_UNSENT)
        if pending:
            left[one.name] = tuple(pending[-MAXIMUM_UNSENT:])
    return Delivery(left, dropped, tuple(problems))
