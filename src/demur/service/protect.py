"""A function under a guard: a trace around each call, signals before it and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeVar, cast

from demur.service.check import Check
from demur.service.trace import Stopped, Trace

if TYPE_CHECKING:
    from demur.service.guard import Guard

Function = TypeVar("Function", bound=Callable[..., Any])
Signals = Callable[..., Mapping[str, Any]]
"""Gives a stage's signals, from a call's arguments or from its result."""


def protected(
    guard: Guard,
    before: Mapping[str, Signals],
    after: Mapping[str, Signals],
    stopped: Callable[[Check], Any] | None,
) -> Callable[[Function], Function]:
    """The decorator; see `Guard.protect`."""
    known = guard.deployment.active.stages
    for stage in (*before, *after):
        if stage not in known:
            raise ValueError(
                f"DM901: the policy has no stage {stage!r}; its stages are: {', '.join(known)}"
            )

    def begin(trace: Trace, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        if before:
            trace.enforce(**{stage: read(*arguments, **named) for stage, read in before.items()})

    def finish(trace: Trace, result: Any) -> Any:
        if after:
            trace.enforce(**{stage: read(result) for stage, read in after.items()})
        return result

    def decorate(function: Function) -> Function:
        @wraps(function)
        def plain(*arguments: Any, **named: Any) -> Any:
            try:
                with guard.trace() as trace:
                    begin(trace, arguments, named)
                    return finish(trace, function(*arguments, **named))
            except Stopped as stop:
                return _answer(stop, guard, stopped)

        @wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            try:
                async with guard.trace() as trace:
                    begin(trace, arguments, named)
                    return finish(trace, await function(*arguments, **named))
            except Stopped as stop:
                return _answer(stop, guard, stopped)

        return cast("Function", awaited if iscoroutinefunction(function) else plain)

    return decorate


def _answer(stop: Stopped, guard: Guard, stopped: Callable[[Check], Any] | None) -> Any:
    if stopped is None:
        raise stop
    return stopped(stop.check)
