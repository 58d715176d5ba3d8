"""Telling receivers, and keeping what one that is away has not got."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from demur.monitor.memory import MAXIMUM_UNSENT
from demur.monitor.receivers import Message, receiver
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator
from demur.service.addresses import host, without_secrets

TIMEOUT = 10.0
"""Seconds that a receiver has to answer."""
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Receiver:
    """A kind of receiver and where it is; the address is often a secret, and shown as its host."""

    kind: str
    target: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind}={host(self.target)}"

    def name(self, key: bytes) -> str:
        """Its name in a monitor's memory, which says nothing of where it is beyond the host."""
        address = self.target.encode("utf-8", "surrogatepass")
        return f"{self}#{hmac.digest(key, address, 'sha256').hex()[:_DIGITS]}"


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
    key: bytes = b"",
) -> Delivery:
    """Sends each receiver first what it has not got and then what is new, in order.

    What does not arrive is kept for the next time; nothing is raised. `resend` is how many seconds
    pass until then, `key` is the memory's. A receiver that is no longer named forgets what it had not got.
    """
    left: dict[str, tuple[Message, ...]] = {}
    problems: list[str] = []
    dropped = 0
    for one in receivers:
        kind = receiver(one.kind)
        name = one.name(key)
        # Memories of before have the whole address there.
        pending = list(unsent.get(name) or unsent.get(f"{one.kind}={one.target}", ()))
        new = kind.message(evaluation, evaluator, resend)
        pending += [] if new is None else [new]
        while pending:
            try:
                kind.send(one.target, pending[0], timeout)
            except (OSError, ValueError) as failure:
                why = without_secrets(str(failure), one.target)
                problems.append(f"{one} did not get {len(pending)} of its messages: {why}")
                break
            pending.pop(0)
        dropped += max(0, len(pending) - MAXIMUM_UNSENT)
        if pending:
            left[name] = tuple(pending[-MAXIMUM_UNSENT:])
    return Delivery(left, dropped, tuple(problems))
