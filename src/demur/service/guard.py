"""A service's handle on its policy: traces, their observers, bypasses, and outcomes."""

from __future__ import annotations

import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from os import PathLike
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from demur.runtime.evaluator import Evaluator
from demur.service.check import Check, Observer
from demur.service.deployment import Deployment, Policies
from demur.service.failures import described, wanted
from demur.service.protect import Function, Signals, protected
from demur.service.providers import Providers, ProviderStatus
from demur.service.rollout import Shadow
from demur.service.trace import Trace, current_trace

if TYPE_CHECKING:
    from types import TracebackType

    from demur.service.journal import Journal
    from demur.service.reload import Status

_LOG = logging.getLogger("demur.guard")
_REASONS = 100
"""How many reasons of bypasses are told apart; the rest counts as `(other)`."""


class Telemetry(Protocol):
    """What metrics or spans a guard feeds, as `demur.service.telemetry` has them."""

    def attach(self, guard: Guard) -> None:
        """Begins to read the guard's own counts."""
        ...

    def observe(self, check: Check) -> None:
        """Is told of every check."""
        ...

    def outcome(self, trace_id: str, outcome: Mapping[str, Any]) -> None:
        """Is told what became of a trace."""
        ...


@dataclass(frozen=True, slots=True)
class GuardStatus:
    """How a guard stands, since its start.

    `bypassing` is the reason for which nothing is enforced now, None where all is; `bypassed` counts
    the checks that were not enforced, by reason. `observer_errors` counts what observers raised, by
    observer. `journal_lost` counts the lines that the journal lost, by reason; None without a journal.
    `policies` is how watched policies stand.
    """

    bypassing: str | None
    bypassed: Mapping[str, int]
    observer_errors: Mapping[str, int]
    providers: ProviderStatus
    journal_lost: Mapping[str, int] | None = None
    policies: Status | None = None


class Guard:
    """One for each service. Safe among threads and asyncio tasks.

    `policy` is a path or address, which is kept up to date by `watch`, an `Evaluator`, or what
    `watch` returns. `journal` is a folder or a `Journal`. `telemetry` is one of those in
    `demur.service.telemetry`, or several. `observers` are told of every check, on the request path,
    and must neither raise nor wait. Providers run on at most `threads` threads.

    Raises as `demur.load` does for a policy that is not good.
    """

    def __init__(
        self,
        policy: str | PathLike[str] | Evaluator | Policies,
        *,
        journal: str | PathLike[str] | Journal | None = None,
        telemetry: Telemetry | Iterable[Telemetry] = (),
        observers: Iterable[Observer] = (),
        threads: int = 32,
    ) -> None:
        self.policies = _policies(policy)
        self.providers = Providers(threads)
        self.shadow = Shadow()
        self.journal = _journal(journal)
        self._telemetry = tuple(telemetry) if isinstance(telemetry, Iterable) else (telemetry,)
        self._observers: tuple[Observer, ...] = (
            *(() if self.journal is None else (self.journal.observe,)),
            *(one.observe for one in self._telemetry),
            *observers,
        )
        self.bypass_reason: str | None = None
        """Why nothing is enforced now; None where all is. Set by `bypass`."""
        self._bypasses: list[Bypass] = []
        self._bypassed: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._lock = Lock()
        self._late: deque[Trace] = deque()
        for one in self._telemetry:
            one.attach(self)

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def deployment(self) -> Deployment:
        """The policies that decide now."""
        return self.policies.deployment

    @property
    def current(self) -> Trace:
        """This guard's innermost trace that this thread or task is in. Raises LookupError outside of any."""
        trace = current_trace(self)
        if trace is None:
            raise LookupError(
                "DM906: there is no trace of this guard here; begin one with `guard.trace()`"
            )
        return trace

    def trace(
        self,
        trace_id: str | None = None,
        span_id: str | None = None,
        *,
        parent: tuple[str, str] | None = None,
        user: str | None = None,
        last: str | None = None,
        bypass: str | None = None,
    ) -> Trace:
        """A new request, for a `with` or `async with`.

        Its `trace_id` is random, unless the service gives one, which must be new each time and nobody
        else's choice. `parent` are the ids of the trace and the span that it is part of, as the caller's
        `traceparent` has them, by default those of the current OpenTelemetry span. All requests of one
        `user` get the same policy where a candidate serves a share. `last` is the stage after which
        nothing is checked, by default the policy's last. With `bypass`, a reason, nothing of it is
        enforced; see `bypass`. Raises ValueError for a stage that the policy has not.
        """
        if bypass is not None:
            bypass = _reason(bypass)
        if self._late:
            self._end_late()
        return Trace(
            self,
            self.policies.deployment,
            trace_id,
            span_id,
            parent=parent,
            user=user,
            last=last,
            bypass=bypass,
        )

    def protect(
        self,
        *,
        before: Mapping[str, Signals] | None = None,
        after: Mapping[str, Signals] | None = None,
        stopped: Callable[[Check], Any] | None = None,
        last: str | None = None,
    ) -> Callable[[Function], Function]:
        """A decorator, for functions and coroutine functions: each call is a trace.

        `before` gives, by stage, signals from the call's arguments, and `after` from its result. In
        between, `guard.current` is the trace, for stages that become known within. Where the policy
        ends the call, what `stopped` makes of the check is returned; without it `Stopped` is raised. So
        it is whatever the function made of the stop. A call whose last stage was not decided raises
        `Unchecked`; `last` names another stage after which nothing is checked.

        Raises ValueError for a stage that the policy has not, and TypeError for what cannot be protected:
        generators, classes, and, when it is called, a function whose answer is still to be made.
        """
        return protected(self, before or {}, after or {}, stopped, last)

    def bypass(self, reason: str) -> Bypass:
        """Enforces nothing from now on, until `end()` or the end of the `with`.

        All is still decided, recorded and counted, as bypassed and never as a success. Raises
        ValueError without a reason.
        """
        bypass = Bypass(self, _reason(reason))
        with self._lock:
            self._bypasses.append(bypass)
            self.bypass_reason = bypass.reason
        _LOG.warning("DM907: nothing is enforced from now on: %s", bypass.reason)
        return bypass

    def end_bypass(self, bypass: Bypass) -> None:
        """Ends a bypass; another one that was switched on meanwhile goes on."""
        with self._lock:
            if bypass not in self._bypasses:
                return
            self._bypasses.remove(bypass)
            self.bypass_reason = self._bypasses[-1].reason if self._bypasses else None
            ended = self.bypass_reason is None
        if ended:
            _LOG.warning("DM907: the policy is enforced again after: %s", bypass.reason)

    def outcome(self, trace_id: str, /, **outcome: Any) -> None:
        """Records what is known afterwards of a trace, by the names of the policy's `outcome`.

        Raises ValueError for a name that the policy does not declare.
        """
        declared = self.deployment.active.policy.outcome
        for name in outcome:
            if name not in declared:
                raise ValueError(
                    f"DM908: the policy declares no outcome {name!r}; "
                    f"its outcome has: {', '.join(declared) or 'nothing'}"
                )
        active = self.deployment.active
        if self.journal is not None:
            record = partial(self.journal.outcome, trace_id, outcome, time(), active)
            self._safely("Journal", record)
        for one in self._telemetry:
            self._safely(_name(one.observe), partial(one.outcome, trace_id, outcome))

    def tell(self, check: Check) -> None:
        """Tells the observers of a check; what they raise is counted, and logged once each."""
        if check.bypass is not None:
            self._count_bypass(check.bypass)
        for observer in self._observers:
            try:
                observer(check)
            except Exception as failure:
                self._count_error(_name(observer), failure)

    def end_later(self, trace: Trace) -> None:
        """Ends a trace when the next one begins, or with the guard: now this thread may hold a lock."""
        self._late.append(trace)

    def _end_late(self) -> None:
        with suppress(IndexError):
            while True:
                self._late.popleft().end()

    def status(self) -> GuardStatus:
        """How the guard stands."""
        with self._lock:
            bypassed, errors = dict(self._bypassed), dict(self._errors)
        policies = getattr(self.policies, "status", None)
        return GuardStatus(
            self.bypass_reason,
            bypassed,
            errors,
            self.providers.status(),
            None if self.journal is None else self.journal.status().lost,
            None if policies is None else policies(),
        )

    def close(self) -> None:
        """Writes what the journal still holds, and ends the watch over the policy."""
        self._end_late()
        self.policies.close()
        if self.journal is not None:
            self.journal.close()

    def _safely(self, name: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as failure:
            self._count_error(name, failure)

    def _count_error(self, name: str, failure: Exception) -> None:
        with self._lock:
            self._errors[name] += 1
            first = self._errors[name] == 1
        if first:
            _LOG.error(
                "DM909: %s raised (%s); it is passed over. Logged once, and counted.",
                name,
                described(failure),
                exc_info=wanted(failure),
            )

    def _count_bypass(self, reason: str) -> None:
        with self._lock:
            first = reason not in self._bypassed and len(self._bypassed) < _REASONS
            if not first and reason not in self._bypassed:
                reason = "(other)"
            self._bypassed[reason] += 1
        if first:
            _LOG.warning("DM907: a request is not enforced: %s. Logged once, and counted.", reason)


class Bypass:
    """A time in which a guard enforces nothing: made by `Guard.bypass`, ended by `end` or `with`."""

    def __init__(self, guard: Guard, reason: str) -> None:
        self._guard = guard
        self.reason = reason

    def __enter__(self) -> Bypass:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Enforces again, unless another bypass goes on."""
        self._guard.end_bypass(self)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Policies that never change."""

    deployment: Deployment

    def close(self) -> None:
        """Does nothing: nothing keeps them up to date."""


def _policies(policy: str | PathLike[str] | Evaluator | Policies) -> Policies:
    if isinstance(policy, Evaluator):
        return Fixed(Deployment(policy))
    if isinstance(policy, str | os.PathLike):
        from demur.service.reload import watch

        return watch(policy)
    return policy


def _journal(journal: str | PathLike[str] | Journal | None) -> Journal | None:
    if isinstance(journal, str | os.PathLike):
        from demur.service.journal import Journal

        return Journal(journal)
    return journal


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ValueError("DM907: a bypass needs a reason, which is recorded with each decision")
    return reason.strip()


def _name(observer: Any) -> str:
    owner = getattr(observer, "__self__", None)
    if owner is not None:
        return type(owner).__name__
    return getattr(observer, "__name__", type(observer).__name__)
