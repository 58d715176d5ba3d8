"""A change of the policies that decide."""

from __future__ import annotations

from dataclasses import dataclass

from demur.runtime.evaluator import Evaluator
from demur.service.refusal import one_line


@dataclass(frozen=True, slots=True)
class Change:
    """A swap of the policies that decide.

    `role` is `active` or `candidate`, `reason` one of `start`, `reload`, `promote`, `roll back` and
    `withdraw`. `previous` and `current` are None where there is no policy in that role.
    """

    role: str
    reason: str
    previous: Evaluator | None
    current: Evaluator | None

    def __str__(self) -> str:
        return f"{self.role} ({self.reason}): {_named(self.previous)} to {_named(self.current)}"


def _named(policy: Evaluator | None) -> str:
    if policy is None:
        return "none"
    return f"{one_line(policy.policy.version or 'unversioned')} {policy.digest}"
