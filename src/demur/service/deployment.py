"""Which policies decide at a moment: the active one, and a candidate in the shadow or as a canary."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from demur.runtime.evaluator import Evaluator

_OWN_KEY = os.urandom(32)
"""Of this process, and of what is forked from it: so nobody can choose an id that is drawn."""
_SHORTEST_KEY = 16
"""Bytes; a shorter secret could be tried out."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The policies that decide. Immutable, so that one assignment swaps all of them at once.

    A `candidate` decides beside the active policy, unseen (`share` 0), or instead of it for the
    `share` of traces that are drawn, by the secret `key`. The policies' code is generated here, by
    whoever makes the deployment, and never while a request waits.
    """

    active: Evaluator
    candidate: Evaluator | None = None
    share: float = 0.0
    key: bytes = field(default=_OWN_KEY, repr=False)

    def __post_init__(self) -> None:
        self.active.make_ready()
        if self.candidate is not None:
            self.candidate.make_ready()


class Policies(Protocol):
    """Where a guard takes its policies from."""

    @property
    def deployment(self) -> Deployment:
        """What decides now. A trace asks once, so that one policy decides all its stages."""
        ...

    def close(self) -> None:
        """Stops whatever keeps the policies up to date."""
        ...


def checked_share(share: float) -> float:
    """The share as it was given. Raises ValueError where it is not from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"share must be between 0 and 1, and is {share}")
    return share


def checked_key(secret: bytes | None) -> bytes:
    """The key that a secret stands for, this process's own for none. Raises ValueError for a short one."""
    if secret is None:
        return _OWN_KEY
    if len(secret) < _SHORTEST_KEY:
        raise ValueError(
            f"share_key must have at least {_SHORTEST_KEY} bytes, and has {len(secret)}"
        )
    return sha256(secret).digest()
