"""Policies that keep themselves up to date, from a file or an address, without a bad moment between.

A new policy is loaded aside, checked, made ready to decide, and takes the active one's place by one
assignment. What is no good policy is refused loudly, and the last good one goes on. Time is measured
by the monotonic clock, so that one set back or forth matters to nothing.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from threading import Event, RLock, Thread, current_thread
from time import monotonic
from typing import Any, Protocol
from weakref import WeakMethod

from demur.runtime.evaluator import Evaluator
from demur.service.admission import Terms, admit
from demur.service.change import Change
from demur.service.deployment import Deployment, checked_key, checked_share
from demur.service.failures import call_hook, wanted
from demur.service.file_source import FileSource
from demur.service.refusal import Refusal, ReloadError, refusal

_LOG = logging.getLogger("demur.reload")
_FILE_INTERVAL = 1.0
_ADDRESS_INTERVAL = 30.0


class Source(Protocol):
    """Where a policy comes from."""

    place: str
    """What messages call it."""

    def poll(self, at_once: bool = False) -> Evaluator | None:
        """A policy that has changed, None where it has not; raises where it is no good one."""
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """How the policies stand.

    `since` is when the active policy became that, and `active_for` the seconds since then, by a clock
    that nobody sets. `checked` is the seconds since the place of the active policy was last looked at
    without a refusal. `changes` and `refusals` count since the start; a refusal that only repeats the
    one before is not counted again. `refusal` is the last one, and `is_refusing` says that it still
    holds: what is served is not what is there.
    """

    name: str
    version: str | None
    digest: str
    since: datetime
    active_for: float
    checked: float
    candidate_version: str | None
    candidate_digest: str | None
    share: float
    changes: int
    refusals: int
    refusal: Refusal | None
    is_refusing: bool


class LivePolicies:
    """The active policy and a candidate, each kept up to date from its place. Made by `watch`.

    Safe among threads. Every change is one assignment of `deployment`.
    """

    def __init__(
        self,
        active: Source,
        candidate: Source | None = None,
        *,
        share: float = 0.0,
        share_key: bytes | None = None,
        terms: Terms | None = None,
        interval: float | None = _FILE_INTERVAL,
        on_change: Callable[[Change], None] | None = None,
        on_refusal: Callable[[Refusal], None] | None = None,
    ) -> None:
        self._sources = {"active": active}
        if candidate is not None:
            self._sources["candidate"] = candidate
        self._terms = terms or Terms()
        self._first_share = checked_share(share)
        self._interval = interval
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._refusing: dict[str, Refusal] = {}
        self._refusal: Refusal | None = None
        self._withdrawn: set[str] = set()
        self._previous: Evaluator | None = None
        self._changes = self._refusals = 0
        self._begin_locks()
        first = active.poll(at_once=True)
        if first is None:
            raise ReloadError("DM930", "There is no policy.", "Put one there.")
        ready = admit(first, None, self._terms)
        self._deployment = Deployment(ready, share=share, key=checked_key(share_key))
        self._since, self._since_monotonic = datetime.now(UTC), monotonic()
        self._checked = monotonic()
        if candidate is not None:
            self._look("candidate", at_once=True, reason="start")
        self._begin_thread()
        if hasattr(os, "register_at_fork"):
            continued = WeakMethod(self._continue_after_fork)
            os.register_at_fork(after_in_child=lambda: (method := continued()) and method())

    @property
    def deployment(self) -> Deployment:
        """What decides now. A trace asks once, so that one policy decides all its stages."""
        return self._deployment

    def reload(self) -> Status:
        """Looks at once, whatever the interval, and returns how the policies stand then."""
        for role in self._sources:
            self._look(role, at_once=True)
        return self.status()

    def promote(self) -> Status:
        """Makes the candidate the active policy. Raises ValueError where there is none.

        A restart begins with what is at the active policy's place: to promote for good, put the
        candidate's file there.
        """
        with self._changing:
            self._activate(self._candidate("promote"), "promote")
        return self.status()

    def withdraw(self) -> Status:
        """Ends the candidate; the same one does not return. Raises ValueError where there is none."""
        with self._changing:
            candidate = self._candidate("withdraw")
            self._withdrawn.add(candidate.digest)
            self._end(candidate, "withdraw")
        return self.status()

    def roll_back(self) -> Status:
        """Makes the policy active that was so before; the one rolled back does not return by itself.

        Goes back one step. Raises ValueError where there is none to go back to.
        """
        with self._changing:
            previous = self._previous
            if previous is None:
                raise ValueError("no other policy was active before")
            self._withdrawn.add(self._deployment.active.digest)
            self._activate(previous, "roll back")
            self._previous = None
        return self.status()

    def set_share(self, share: float) -> None:
        """The share of the traces that the candidate serves, 0 for none: it runs in the shadow."""
        with self._changing:
            self._deployment = replace(self._deployment, share=checked_share(share))

    def status(self) -> Status:
        """How the policies stand."""
        with self._lock:
            active, candidate = self._deployment.active.policy, self._deployment.candidate
            now = monotonic()
            return Status(
                active.name,
                active.version,
                self._deployment.active.digest,
                self._since,
                now - self._since_monotonic,
                now - self._checked,
                None if candidate is None else candidate.policy.version,
                None if candidate is None else candidate.digest,
                self._deployment.share,
                self._changes,
                self._refusals,
                self._refusal,
                bool(self._refusing),
            )

    def close(self) -> None:
        """Looks no more; what is active stays so."""
        self._closed.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join(timeout=1.0)

    def _look(self, role: str, at_once: bool = False, reason: str = "reload") -> None:
        """Takes up what is at the place of a role, or refuses it; never raises."""
        with self._looking:
            source = self._sources[role]
            try:
                found = source.poll(at_once)
                if found is not None:
                    self._offer(role, found, reason)
                    self._refusing.pop(role, None)
                elif role in self._refusing:
                    return
            except Exception as error:
                self._refuse(refusal(role, source.place, error), error)
                return
            if role == "active":
                self._checked = monotonic()

    def _offer(self, role: str, found: Evaluator, reason: str) -> None:
        """Puts a policy in its role if it may have it. Raises `ReloadError` if not."""
        while True:
            active = self._deployment.active
            ready = admit(found, active, self._terms)  # takes long, so nothing is held meanwhile
            with self._changing:
                if self._deployment.active is active:
                    self._take_up(role, ready, reason)
                    return

    def _take_up(self, role: str, found: Evaluator, reason: str) -> None:
        """Puts an admitted policy in its role, if it is not there already."""
        if found.digest in self._withdrawn:
            raise ReloadError(
                "DM937",
                f"The policy {found.digest} was taken back by hand.",
                "Put a corrected one there.",
            )
        deployment = self._deployment
        old = deployment.candidate
        if role == "active":
            if found.digest != deployment.active.digest:
                self._activate(found, reason)
        elif found.digest == deployment.active.digest:
            # It was promoted, or there is nothing new to try yet.
            if old is not None:
                self._end(old, reason)
        elif old is None or old.digest != found.digest:
            self._put(replace(deployment, candidate=found), Change(role, reason, old, found))

    def _candidate(self, purpose: str) -> Evaluator:
        candidate = self._deployment.candidate
        if candidate is None:
            raise ValueError(f"there is no candidate to {purpose}")
        return candidate

    def _activate(self, evaluator: Evaluator, reason: str) -> None:
        old = self._deployment
        new = replace(old, active=evaluator)
        if old.candidate is not None and old.candidate.digest == evaluator.digest:
            new = replace(new, candidate=None, share=self._first_share)
        self._put(new, Change("active", reason, old.active, evaluator))

    def _end(self, candidate: Evaluator, reason: str) -> None:
        new = replace(self._deployment, candidate=None, share=self._first_share)
        self._put(new, Change("candidate", reason, candidate, None))

    def _put(self, deployment: Deployment, change: Change) -> None:
        """One assignment, and all that goes with it; then whoever wants to know is told."""
        with self._lock:
            self._deployment = deployment
            self._changes += 1
            if change.role == "active":
                self._previous = change.previous
                self._since, self._since_monotonic = datetime.now(UTC), monotonic()
        _LOG.info("%s", change)
        if self._on_change is not None:
            call_hook(_LOG, self._on_change, change)

    def _refuse(self, refused: Refusal, error: Exception) -> None:
        if self._refusing.get(refused.role) == refused:
            return
        with self._lock:
            self._refusing[refused.role] = self._refusal = refused
            self._refusals += 1
        digest = self._deployment.active.digest
        trace = wanted(error) if refused.code == "DM938" else None
        _LOG.error("Refused as %s, %s goes on: %s", refused.role, digest, refused, exc_info=trace)
        if self._on_refusal is not None:
            call_hook(_LOG, self._on_refusal, refused)

    def _begin_locks(self) -> None:
        self._lock = RLock()
        """Held to read or assign what belongs together; never while anything else is done."""
        self._changing = RLock()
        """Held while a change is made and told."""
        self._looking = RLock()
        """Held while a place is looked at and a policy made ready, which may take long."""
        self._closed = Event()

    def _begin_thread(self) -> None:
        self._thread = None
        if self._interval is not None:
            self._thread = Thread(target=self._keep_looking, name="demur-reload", daemon=True)
            self._thread.start()

    def _keep_looking(self) -> None:
        interval = self._interval or _FILE_INTERVAL
        # A fleet that started together should not ask its server together.
        while not self._closed.wait(interval * random.uniform(0.9, 1.1)):
            for role in self._sources:
                self._look(role)

    def _continue_after_fork(self) -> None:
        """A child process has none of its parent's threads, and its locks may be held for ever."""
        if not self._closed.is_set():
            self._begin_locks()
            self._begin_thread()


def watch(
    policy: str | PathLike[str],
    *,
    candidate: str | PathLike[str] | None = None,
    share: float = 0.0,
    share_key: bytes | None = None,
    keys: Iterable[str | PathLike[str] | bytes] | None = None,
    parameters: Mapping[str, Any] | None = None,
    minimum_version: str | None = None,
    allow_older: bool = False,
    allow_new_signals: bool = False,
    interval: float | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    on_change: Callable[[Change], None] | None = None,
    on_refusal: Callable[[Refusal], None] | None = None,
) -> LivePolicies:
    """The policy at a path or an http(s) address, kept up to date, for a `Guard`.

    `candidate` is a second one, which runs in the shadow, or serves a `share` of the traces. They are
    drawn by `share_key`, a secret of 16 bytes or more by which several processes draw alike; by default
    each has its own. With `keys`, as in `demur.load`, both must be signed. `parameters` replaces values of
    each policy's `params`. Every `interval` seconds the places are looked at, by default each second
    for files and each half minute for addresses; 0 means never, only by `reload()`. `headers` and
    `timeout` are for addresses. `on_change` and `on_refusal` are told in the thread that looks, and
    must not wait.

    A version lower than the active one's is refused, unless `allow_older`; one lower than
    `minimum_version` always. A policy with rules that read signals which the active one does not
    declare, or declares with another type, is refused, unless `allow_new_signals`. Raises, as
    `demur.load` does, and `ReloadError`, where there is no good active policy to begin with. A
    candidate that is missing or bad is refused and looked for again.
    """
    trusted = None
    if keys is not None:
        from demur.runtime.signatures import read_public_keys

        trusted = read_public_keys(keys)
    if interval is not None and not 0 <= interval < float("inf"):
        raise ValueError(f"interval must be 0 or more seconds, and is {interval}")

    def source(place: str | PathLike[str]) -> Source:
        text = os.fspath(place)
        if "://" in text:
            from demur.service.http_source import HttpSource

            return HttpSource(text, trusted, headers, timeout)
        return FileSource(Path(text), trusted)

    sources = [source(place) for place in (policy, candidate) if place is not None]
    if interval is None:
        by_file = any(isinstance(one, FileSource) for one in sources)
        interval = _FILE_INTERVAL if by_file else _ADDRESS_INTERVAL
    return LivePolicies(
        *sources,
        share=share,
        share_key=share_key,
        terms=Terms(parameters or {}, minimum_version, allow_older, allow_new_signals),
        interval=interval or None,
        on_change=on_change,
        on_refusal=on_refusal,
    )
