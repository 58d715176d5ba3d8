"""A candidate policy beside the active one: unseen in the shadow, or serving a share of the traces."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from time import perf_counter
from typing import Any

from demur.runtime.decision import Decision
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.deployment import Deployment
from demur.service.failures import described, wanted

_LOG = logging.getLogger("demur.rollout")
_REST = 100
"""A shadow that is over its budget rests this many times as long as it took: 1% of one thread."""
_OTHER = ("(other)", None, "(other)", None)


def choose(deployment: Deployment, name: str) -> tuple[Evaluator, str]:
    """The policy that serves a trace, and whether as `active` or as `canary`.

    The share of the names that hash lowest by the deployment's key gets the candidate. So a name (a
    trace's id, or whose request it is) gets the same policy each time, a share that grows keeps the
    names that it had, and who does not know the key cannot choose a name that is drawn.
    """
    candidate = deployment.candidate
    if candidate is None or deployment.share <= 0:
        return deployment.active, "active"
    if not drawn(name, deployment.share, deployment.key):
        return deployment.active, "active"
    return candidate, "canary"


def drawn(name: str, share: float, key: bytes) -> bool:
    """Whether a name is among this share (0 to 1) of all names, by its hash with the key."""
    data = name.encode("utf-8", "surrogatepass")
    draw = blake2b(data, digest_size=8, key=key, person=b"demur canary").digest()
    return int.from_bytes(draw, "big") < share * 2**64


class Shadow:
    """Lets the candidate decide unseen, on the request path but within a budget.

    Deciding takes some ten microseconds, less than handing the record to another thread would. A
    decision cannot be broken off; so one that took more than `budget` seconds makes the shadow rest
    for a hundred times as long, and the requests meanwhile are not compared. Safe among threads.
    """

    def __init__(self, budget: float = 0.001) -> None:
        self.budget = budget
        self.skipped = 0
        """Decisions left out because the shadow was over its budget."""
        self.failed = 0
        """Decisions that the candidate could not make at all."""
        self._rests_until = 0.0
        self._lock = Lock()

    def decide(
        self, deployment: Deployment, record: Mapping[str, Any], stage: str | None
    ) -> Decision | None:
        """What the candidate would decide; None where none runs in the shadow, or it rests.

        Never raises: whatever is wrong with a candidate is no matter of the request.
        """
        candidate = deployment.candidate
        if candidate is None or deployment.share > 0:
            return None
        started = perf_counter()
        if started < self._rests_until:
            self._count("skipped")
            return None
        try:
            decision = candidate.decide(record, stage)
        except Exception as failure:
            if self._count("failed") == 1:
                _LOG.error(
                    "DM939: the candidate %s could not decide (%s)",
                    candidate.digest,
                    described(failure),
                    exc_info=wanted(failure),
                )
            return None
        ended = perf_counter()
        if ended - started > self.budget:
            self._rests_until = ended + _REST * (ended - started)
        return decision

    def _count(self, what: str) -> int:
        with self._lock:
            number = getattr(self, what) + 1
            setattr(self, what, number)
            return number


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the candidate decides otherwise, and how often it was seen.

    `trace_ids` are the latest examples.
    """

    action: str
    rule: str | None
    shadow_action: str
    shadow_rule: str | None
    count: int
    trace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The checks in which both policies decided, how many came out alike, and how the others did not.

    `digests` are those of the active policy and of the candidate. `differences` begin with the most
    frequent.
    """

    digests: tuple[str, str]
    compared: int
    same: int
    differences: tuple[Difference, ...]


class Differences:
    """Counts where a shadow's decisions differ from those that were served: an observer of checks.

    Decisions differ when their actions or their leading rules do. Of each kind up to `examples` trace
    ids are kept, and up to `kinds` kinds; what is beyond is counted as `(other)`. A reload of either
    policy starts anew. Safe among threads.
    """

    def __init__(self, examples: int = 10, kinds: int = 1000) -> None:
        self._examples = examples
        self._kinds = kinds
        self._lock = Lock()
        self._begin(("", ""))

    def _begin(self, digests: tuple[str, str]) -> None:
        self._digests = digests
        self._compared = 0
        self._counts: Counter[tuple[str, str | None, str, str | None]] = Counter()
        self._traces: dict[tuple[str, str | None, str, str | None], deque[str]] = {}

    def __call__(self, check: Check) -> None:
        """Counts a check in which a shadow decided; others are passed over."""
        shadow = check.shadow
        if shadow is None:
            return
        decision = check.decision
        kind = (decision.action, decision.rule, shadow.action, shadow.rule)
        digests = (decision.digest, shadow.digest)
        with self._lock:
            if digests != self._digests:
                self._begin(digests)
            self._compared += 1
            if kind[:2] == kind[2:]:
                return
            if kind not in self._counts and len(self._counts) >= self._kinds:
                kind = _OTHER
            self._counts[kind] += 1
            traces = self._traces.setdefault(kind, deque(maxlen=self._examples))
            if check.trace_id not in traces:
                traces.append(check.trace_id)

    def comparison(self) -> Comparison:
        """What was counted since either policy was last replaced."""
        with self._lock:
            found = tuple(
                Difference(*kind, count, tuple(self._traces[kind]))
                for kind, count in self._counts.most_common()
            )
            same = self._compared - self._counts.total()
            return Comparison(self._digests, self._compared, same, found)
