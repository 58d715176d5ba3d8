"""Signals computed at once within a time budget: what is not there in time is unknown.

Python cannot stop a thread. So a function that hangs keeps its thread until it returns; the request
goes on without it, and the number of threads is bounded. Where all of them hang, what needs one is
unknown at once or at the end of the budget, and the service still answers within it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from threading import Condition, Thread
from time import monotonic
from typing import Any

from demur.functions.values import Unavailable
from demur.service.failures import described, wanted

_LOG = logging.getLogger("demur.guard")
_IDLE = 30.0
"""Seconds after which a thread without work ends."""

Provider = Callable[[], Any]
"""Computes one signal. It may be a coroutine function, where the caller awaits."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What became of providers since the start, and how many threads are in use.

    `timed_out`, `failed` and `busy` count by provider, named as its signal (`answer.confidence`): too
    late, raised, or not begun because no thread was free. `overdue` are the threads and tasks that
    still compute what nobody waits for any more; `threads` are all that there are.
    """

    timed_out: Mapping[str, int]
    failed: Mapping[str, int]
    busy: Mapping[str, int]
    overdue: int
    threads: int


class Providers:
    """Runs providers, plain functions on at most `threads` threads. Safe among threads.

    The threads are daemons: one that hangs does not keep the process from ending.
    """

    def __init__(self, threads: int = 32) -> None:
        if threads < 1:
            raise ValueError(f"threads must be 1 or more, and is {threads}")
        self._limit = threads
        self._begin()
        if hasattr(os, "register_at_fork"):
            from weakref import WeakMethod

            begin = WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (method := begin()) and method())

    def _begin(self) -> None:
        """Nothing runs; so it is in a child process too, which has none of its parent's threads."""
        self._changed = Condition()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = self._calls = self._overdue = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def status(self) -> ProviderStatus:
        """What became of providers so far."""
        with self._changed:
            counts = {
                kind: {name: n for (one, name), n in self._counts.items() if one == kind}
                for kind in ("timed_out", "failed", "busy")
            }
            return ProviderStatus(**counts, overdue=self._overdue, threads=self._threads)

    def compute(
        self, stage: str, providers: Mapping[str, Provider], budget: float
    ) -> dict[str, Any]:
        """Each signal's value, or `Unavailable`, after at most `budget` seconds.

        Raises ValueError for a coroutine function, which only `compute_async` can run.
        """
        _must_be_seconds(budget)
        for name, provider in providers.items():
            if iscoroutinefunction(provider):
                raise ValueError(
                    f"DM904: the provider of {stage}.{name} is a coroutine function: "
                    "`await trace.provide_async(…)` instead"
                )
        deadline = monotonic() + budget
        futures = {name: self._submit(provider) for name, provider in providers.items()}
        begun = [future for future in futures.values() if future is not None]
        wait(begun, max(0.0, deadline - monotonic()))
        return {
            name: self._settled(f"{stage}.{name}", future, budget)
            for name, future in futures.items()
        }

    async def compute_async(
        self, stage: str, providers: Mapping[str, Provider], budget: float
    ) -> dict[str, Any]:
        """As `compute`; coroutine functions run as tasks, which are cancelled when they are late."""
        _must_be_seconds(budget)
        deadline = monotonic() + budget
        threads: dict[str, Future[Any] | None] = {}
        tasks: dict[str, asyncio.Future[Any]] = {}
        for name, provider in providers.items():
            if iscoroutinefunction(provider):
                tasks[name] = asyncio.ensure_future(provider())
            else:
                threads[name] = future = self._submit(provider)
                if future is not None:
                    tasks[name] = asyncio.wrap_future(future)
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=max(0.0, deadline - monotonic()))
        finally:
            # What is cancelled here is also cancelled where it waits for a thread.
            late = [name for name, task in tasks.items() if not task.done()]
            for name in late:
                self._abandon_task(tasks[name], threads.get(name))
        return {
            name: self._late(f"{stage}.{name}", budget)
            if name in late
            else self._settled(f"{stage}.{name}", tasks.get(name), budget)
            for name in providers
        }

    def _settled(
        self, name: str, future: Future[Any] | asyncio.Future[Any] | None, budget: float
    ) -> Any:
        """The value of what has ended; the rest is given up."""
        if future is None:
            return self._unavailable(name, "busy", "was not computed: no thread was free")
        if not future.done():
            assert isinstance(future, Future)
            self._abandon(future)
            return self._late(name, budget)
        if future.cancelled():
            return self._unavailable(name, "failed", "was not computed: it was cancelled")
        failure = future.exception()
        if failure is None:
            value = future.result()
            if not isawaitable(value):
                return value
            if iscoroutine(value):
                value.close()
            failure = TypeError("a plain function returned something to await")
        kind = type(failure).__name__
        return self._unavailable(name, "failed", f"could not be computed ({kind})", failure)

    def _late(self, name: str, budget: float) -> Unavailable:
        return self._unavailable(name, "timed_out", f"was not there within {budget:g} s")

    def _unavailable(
        self, name: str, kind: str, detail: str, failure: BaseException | None = None
    ) -> Unavailable:
        with self._changed:
            self._counts[kind, name] += 1
            first = self._counts[kind, name] == 1
        if first:
            _LOG.warning(
                "DM905: %s %s; it is unknown. This is logged once and counted.",
                name,
                detail if failure is None else f"could not be computed ({described(failure)})",
                exc_info=wanted(failure),
            )
        return Unavailable(kind, detail)

    def _submit(self, provider: Provider) -> Future[Any] | None:
        """Begins it on a thread, as soon as one is free; None where as many wait as there may be."""
        future: Future[Any] = Future()
        run = copy_context().run
        with self._changed:
            if self._calls >= 2 * self._limit:
                return None
            if self._calls >= self._threads < self._limit:
                Thread(target=self._work, name="demur-provider", daemon=True).start()
                self._threads += 1
            self._calls += 1
            self._waiting.append((future, lambda: run(provider)))
            self._changed.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: bool(self._waiting), _IDLE):
                    self._threads -= 1
                    return
                future, call = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                _run(future, call)
            with self._changed:
                self._calls -= 1
            del future, call

    def _abandon(self, future: Future[Any]) -> None:
        if future.cancel():
            with self._changed:
                kept = [one for one in self._waiting if one[0] is not future]
                self._calls -= len(self._waiting) - len(kept)
                self._waiting = deque(kept)
            return
        self._begin_overdue()
        future.add_done_callback(self._end_overdue)

    def _abandon_task(self, task: asyncio.Future[Any], thread: Future[Any] | None) -> None:
        if thread is not None:
            self._abandon(thread)
            task.cancel()
            return
        self._begin_overdue()
        task.add_done_callback(self._end_overdue)
        task.cancel()

    def _begin_overdue(self) -> None:
        with self._changed:
            self._overdue += 1

    def _end_overdue(self, ended: Future[Any] | asyncio.Future[Any]) -> None:
        with self._changed:
            self._overdue = max(0, self._overdue - 1)
        if not ended.cancelled():
            ended.exception()  # so that asyncio does not report an exception that nobody asked for


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        value = call()
    except BaseException as failure:  # a provider's exit must end neither thread nor request
        future.set_exception(failure)
    else:
        future.set_result(value)


def _must_be_seconds(budget: float) -> None:
    if not 0 < budget < float("inf"):
        raise ValueError(f"budget must be more than 0 seconds, and is {budget}")
