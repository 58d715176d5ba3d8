"""A function under a guard: a trace around each call, signals before it and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from inspect import (
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
    isgeneratorfunction,
)
from typing import TYPE_CHECKING, Any, TypeVar, cast

from demur.service.check import Check
from demur.service.trace import Trace, beside_stops, place, stop_in

if TYPE_CHECKING:
    from demur.service.guard import Guard

Function = TypeVar("Function", bound=Callable[..., Any])
Signals = Callable[..., Mapping[str, Any]]
"""Gives a stage's signals, from a call's arguments or from its result."""
_TO_COME = ("__next__", "__anext__", "__aiter__", "add_done_callback")
"""By which iterators and futures are known."""
_STREAMED = ("body_iterator", "streaming_content", "iterator")
"""By which responses that are still to be made are known: Starlette's, Django's, Litestar's."""


def protected(
    guard: Guard,
    before: Mapping[str, Signals],
    after: Mapping[str, Signals],
    stopped: Callable[[Check], Any] | None,
    last: str | None,
) -> Callable[[Function], Function]:
    """The decorator; see `Guard.protect`."""
    stages = guard.deployment.active.stages
    end = len(stages) if last is None else place(stages, last)
    for stage in (*before, *after):
        if place(stages, stage) > end:
            raise ValueError(
                f"DM961: {stage} is given, and `last` says that {last} is the last stage"
            )

    def begin(trace: Trace, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        if before:
            trace.enforce(**{stage: read(*arguments, **named) for stage, read in before.items()})

    def finish(trace: Trace, result: Any) -> Any:
        _must_be_there(result, is_last_given=last is not None)
        if after and trace.stop is None:
            trace.enforce(**{stage: read(result) for stage, read in after.items()})
        return trace.release(result)

    def decorate(function: Function) -> Function:
        _must_be_protectable(function)

        @wraps(function)
        def plain(*arguments: Any, **named: Any) -> Any:
            try:
                with guard.trace(last=last) as trace:
                    begin(trace, arguments, named)
                    return finish(trace, function(*arguments, **named))
            except Exception as failure:
                return _answer(failure, stopped)

        @wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            try:
                async with guard.trace(last=last) as trace:
                    begin(trace, arguments, named)
                    return finish(trace, await function(*arguments, **named))
            except Exception as failure:
                return _answer(failure, stopped)

        return cast("Function", awaited if _is(iscoroutinefunction, function) else plain)

    return decorate


def _answer(failure: Exception, stopped: Callable[[Check], Any] | None) -> Any:
    """What is given where the policy ended the call; raises what else went wrong."""
    stop = stop_in(failure)
    if stop is None or beside_stops(failure) is not None:
        raise failure
    if stopped is None:
        raise stop
    return stopped(stop.check)


def _must_be_protectable(function: Any) -> None:
    """Raises TypeError for what gives its answer later or elsewhere than a call of it would."""
    problem = ""
    if isinstance(function, staticmethod | classmethod | property):
        problem = (
            f"put `@{type(function).__name__}` above `protect`, which takes the function itself"
        )
    elif not callable(function):
        problem = "it cannot be called"
    elif isinstance(_called(function), type):
        problem = "it is a class: protect its methods"
    elif _is(isgeneratorfunction, function) or _is(isasyncgenfunction, function):
        problem = (
            "it is a generator, which gives its answer before all of it can be checked: return the whole "
            "answer, or let the middleware hold the response back"
        )
    if problem:
        raise TypeError(f"DM960: {_name(function)} cannot be protected: {problem}")


def _called(function: Any) -> Any:
    """The function that is called in the end, whatever arguments were bound before."""
    while isinstance(function, partial):
        function = cast(Any, function).func
    return function


def _is(kind: Callable[[Any], bool], function: Any) -> bool:
    """Whether a function, or the `__call__` of an object, is of a kind."""
    function = _called(function)
    return kind(function) or kind(type(function).__call__)


def _must_be_there(result: Any, *, is_last_given: bool) -> None:
    """Raises TypeError for an answer that is still to be made, when all was checked.

    With `last`, nothing that comes after that stage is checked anyway; but to await is to run the function
    itself.
    """
    if isawaitable(result):
        if iscoroutine(result):
            result.close()
        raise TypeError(
            "DM960: a protected function returned something to await, which would run unguarded: "
            "protect a coroutine function (`async def`), or await it within"
        )
    if is_last_given:
        return
    for one in (result, *_members(result)):
        kind = type(one)
        is_iterated = any(hasattr(kind, name) for name in _TO_COME)
        if is_iterated or any(hasattr(one, name) for name in _STREAMED):
            raise TypeError(
                f"DM960: a protected function returned an answer that is still to be made "
                f"({kind.__name__}): return the whole answer, or say where checking ends by `last`"
            )


def _members(result: Any) -> Iterable[Any]:
    if isinstance(result, Mapping):
        return cast(Mapping[Any, Any], result).values()
    return cast(Iterable[Any], result) if isinstance(result, list | tuple) else ()


def _name(function: Any) -> str:
    found = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    return found or type(function).__name__
