"""Whatever begins and ends in whatever order and place: each check is decided by its own trace.

The model is a list of traces for each context: what was entered there, or in the context that it was
copied from, in order. A trace that ended anywhere counts nowhere.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from demur.service.guard import Guard
from demur.service.trace import Trace
from tests.service.guard.policies import REQUEST, watched

GUARDS = 2
PICK = st.integers(0, 1000)


@dataclass(eq=False)
class Place:
    """A context, as a task or a thread has it, and what the model knows of it."""

    context: Context
    entered: list[Held] = field(default_factory=list)


@dataclass(eq=False)
class Held:
    """A trace, whose it is, and how it is let go: its generator, or None for a plain `with`."""

    trace: Trace
    guard: int
    steps: Steps | None = None
    is_open: bool = True


Steps = Generator[Trace, None, None]


class Traces(RuleBasedStateMachine):
    """Two guards, any number of contexts, and traces that begin and end in any of them."""

    def __init__(self) -> None:
        super().__init__()
        made = [watched() for _ in range(GUARDS)]
        self.guards = [guard for guard, _ in made]
        self.checks = [checks for _, checks in made]
        self.places = [Place(Context())]
        self.held: list[Held] = []
        self.pool = ThreadPoolExecutor(1)
        self.number = 0

    def teardown(self) -> None:
        for one in self.held:
            if one.steps is not None:
                one.steps.close()
        self.pool.shutdown()

    def run(self, place: Place, call: Callable[[], Any], threaded: bool) -> Any:
        if threaded:
            return self.pool.submit(place.context.run, call).result()
        return place.context.run(call)

    def open(self) -> list[Held]:
        return [one for one in self.held if one.is_open]

    @rule(at=PICK)
    def a_task_is_begun(self, at: int) -> None:
        if len(self.places) < 6:
            parent = self.places[at % len(self.places)]
            copied = parent.context.run(copy_context)
            self.places.append(Place(copied, list(parent.entered)))

    @rule(at=PICK, guard=st.integers(0, GUARDS - 1), kept=st.booleans(), threaded=st.booleans())
    def a_trace_is_begun(self, at: int, guard: int, kept: bool, threaded: bool) -> None:
        place = self.places[at % len(self.places)]
        self.number += 1
        name = f"t{self.number}"
        if kept:
            steps = _keeping(self.guards[guard], name)
            held = Held(self.run(place, lambda: next(steps), threaded), guard, steps)
        else:
            held = Held(self.guards[guard].trace(name), guard)
            self.run(place, held.trace.__enter__, threaded)
        place.entered.append(held)
        self.held.append(held)

    @precondition(lambda self: self.open())
    @rule(
        at=PICK,
        which=PICK,
        way=st.sampled_from(("close", "throw", "collect")),
        threaded=st.booleans(),
    )
    def a_trace_is_ended(self, at: int, which: int, way: str, threaded: bool) -> None:
        place = self.places[at % len(self.places)]
        held = self.open()[which % len(self.open())]
        held.is_open = False
        steps, held.steps = held.steps, None
        if steps is None:
            self.run(place, lambda: held.trace.__exit__(None, None, None), threaded)
        elif way == "close":
            self.run(place, steps.close, threaded)
        elif way == "throw":
            with pytest.raises(KeyError):
                self.run(place, lambda: steps.throw(KeyError()), threaded)
        else:
            cycle: list[Any] = [steps]
            cycle.append(cycle)
            del steps, cycle
            self.run(place, gc.collect, threaded)
        last = self.checks[held.guard][-1]
        assert (last.trace_id, last.is_final) == (held.trace.trace_id, True)

    @rule(at=PICK, cancelled=st.booleans())
    def tasks_run_within(self, at: int, cancelled: bool) -> None:
        place = self.places[at % len(self.places)]
        expected = [self.expected(place, guard) for guard in range(GUARDS)]

        async def nested(guard: Guard) -> None:
            async with guard.trace() as trace:
                await asyncio.sleep(0)
                assert guard.current is trace
                async for inner in _keeping_async(guard):
                    assert guard.current is inner
                    break  # and nobody closes it here
                await asyncio.sleep(0)
                if cancelled:
                    await asyncio.sleep(3600)

        async def all_of_them() -> None:
            tasks = [asyncio.create_task(nested(guard)) for guard in self.guards * 2]
            for _ in range(5):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        place.context.run(asyncio.run, all_of_them())
        assert [self.expected(place, guard) for guard in range(GUARDS)] == expected

    @invariant()
    def each_place_has_its_own(self) -> None:
        for place in self.places:
            for guard in range(GUARDS):
                expected = self.expected(place, guard)
                if expected is None:
                    with pytest.raises(LookupError, match="DM906"):
                        place.context.run(lambda guard=guard: self.guards[guard].current)
                else:
                    assert place.context.run(lambda g=guard: self.guards[g].current) is expected

    @rule(at=PICK, guard=st.integers(0, GUARDS - 1), threaded=st.booleans())
    def a_check_is_its_own_traces(self, at: int, guard: int, threaded: bool) -> None:
        place = self.places[at % len(self.places)]
        expected = self.expected(place, guard)
        if expected is None or expected.last is not None:
            return
        request = REQUEST | {"tenant": expected.trace_id}
        check = self.run(place, lambda: self.guards[guard].current.check(request=request), threaded)
        assert check is self.checks[guard][-1]
        assert check.trace_id == check.record["request"]["tenant"] == expected.trace_id

    def expected(self, place: Place, guard: int) -> Trace | None:
        found = [one.trace for one in place.entered if one.is_open and one.guard == guard]
        return found[-1] if found else None


def _keeping(guard: Guard, name: str) -> Steps:
    """A generator that holds a trace until it is closed."""
    with guard.trace(name) as trace:
        while True:
            yield trace


async def _keeping_async(guard: Guard) -> Any:
    async with guard.trace() as trace:
        while True:
            yield trace


Traces.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTraces = Traces.TestCase


def test_a_trace_that_is_collected_during_another_request_leaves_that_one_alone() -> None:
    guard, checks = watched()
    steps = _keeping(guard, "abandoned")
    Context().run(next, steps)
    with guard.trace("mine"):
        cycle: list[Any] = [steps]
        cycle.append(cycle)
        del steps, cycle
        gc.collect()
        assert guard.current.check(request=REQUEST).trace_id == "mine"
    assert [(one.trace_id, one.is_incomplete) for one in checks] == [
        ("abandoned", True),
        ("mine", False),
        ("mine", True),
    ]


def test_traces_that_come_and_go_leave_nothing_behind() -> None:
    """A context that lives long holds none of the traces that ended in it, whatever their order."""
    import weakref

    guard, _ = watched()

    class Marked(Trace):
        __slots__ = ("__weakref__",)

    living: list[weakref.ref[Trace]] = []

    def request() -> None:
        for _ in range(50):
            one, other = (
                Marked(guard, guard.deployment, None, None),
                Marked(guard, guard.deployment, None, None),
            )
            living.extend((weakref.ref(one), weakref.ref(other)))
            one.__enter__()
            other.__enter__()
            one.__exit__(None, None, None)
            other.__exit__(None, None, None)

    Context().run(request)
    context = Context()
    context.run(request)
    gc.collect()
    assert sum(one() is not None for one in living) == 0
