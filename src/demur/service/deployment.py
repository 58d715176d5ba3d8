"""Which policies decide at a moment: the active one, and a candidate in the shadow or as a canary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from demur.runtime.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Deployment:
    """The policies that decide. Immutable, so that one assignment swaps all of them at once.

    A `candidate` decides beside the active policy, unseen (`share` 0), or instead of it for the
    `share` of traces that their ids draw.
    """

    active: Evaluator
    candidate: Evaluator | None = None
    share: float = 0.0


class Policies(Protocol):
    """Where a guard takes its policies from."""

    @property
    def deployment(self) -> Deployment:
        """What decides now. A trace asks once, so that one policy decides all its stages."""
        ...

    def close(self) -> None:
        """Stops whatever keeps the policies up to date."""
        ...
