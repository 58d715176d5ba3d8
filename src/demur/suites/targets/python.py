"""A Python callable: it is given a case as a dictionary, and returns its signals.

A plain function is called in a thread of its own; a coroutine function runs in an event loop beside the
run's, so that neither can hold up the clock. A call that takes too long is no longer waited for, but
Python has no way to end a thread: it goes on until it returns or the process ends.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from demur.suggestions import did_you_mean, meant_or_listed
from demur.suites.cases import Case
from demur.suites.codes import TargetError
from demur.suites.failure import CaseFailed
from demur.suites.settings import Suite

MAXIMUM_RUNNING = 2_000
"""Calls in threads, those given up among them, beyond which no further one is begun."""


@asynccontextmanager
async def open_target(
    suite: Suite, folder: Path, headers: Mapping[str, str]
) -> AsyncGenerator[Function]:
    """The callable `python:MODULE:FUNCTION`, its module found from the policy's folder first."""
    del headers
    path = str(folder.resolve())
    sys.path.insert(0, path)
    loop = asyncio.new_event_loop()
    try:
        function = _loaded(suite.target, folder)
        threading.Thread(target=loop.run_forever, name="demur-target", daemon=True).start()
        yield Function(function, loop)
    finally:
        sys.path.remove(path)
        if loop.is_running():
            loop.call_soon_threadsafe(_stop, loop)


def _stop(loop: asyncio.AbstractEventLoop) -> None:
    """Ends the loop when what runs in it was told to end."""
    running = asyncio.all_tasks(loop)
    for one in running:
        one.cancel()
    ended = asyncio.gather(*running, return_exceptions=True)
    ended.add_done_callback(lambda _: loop.stop())


def _loaded(target: str, folder: Path) -> Callable[[Any], Any]:
    _, module_name, name = target.split(":", 2)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as failure:
        if failure.name and module_name.split(".")[: len(failure.name.split("."))] == (
            failure.name.split(".")
        ):
            message = f"There is no module `{failure.name}`."
            help = did_you_mean(
                failure.name, [one.stem for one in sorted(folder.glob("*.py"))]
            ) or (
                f"It is looked for in {folder.as_posix()} first, then where Python finds modules."
            )
            raise TargetError("DM854", message, help) from None
        raise _raised(module_name, failure) from None
    except BaseException as failure:
        if isinstance(failure, KeyboardInterrupt):
            raise
        raise _raised(module_name, failure) from None
    _is_the_folders(module, module_name, folder)
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        message = f"The module `{module_name}` has no `{name}`."
        functions = [one for one, what in vars(module).items() if one[0] != "_" and callable(what)]
        help = meant_or_listed(name, functions, "functions")
        raise TargetError("DM854", message, help) from None
    if not callable(found):
        message = f"`{name}` of the module `{module_name}` cannot be called."
        raise TargetError("DM854", message, "Name a function of it.")
    return found


def _raised(module: str, failure: BaseException) -> TargetError:
    message = f"The module `{module}` cannot be imported: {type(failure).__name__}: {failure}."
    return TargetError("DM854", message, f'`python -c "import {module}"` shows where.')


def _is_the_folders(module: Any, name: str, folder: Path) -> None:
    """Reports a module of the folder in whose place Python has another of the same name."""
    own = folder.joinpath(*name.split("."))
    loaded = getattr(module, "__file__", None)
    for path in (own.with_name(f"{own.name}.py"), own / "__init__.py"):
        if path.is_file() and (loaded is None or Path(loaded).resolve() != path.resolve()):
            message = f"Another module `{name}` is loaded in place of {path.as_posix()}: {loaded}."
            raise TargetError("DM854", message, "Give yours another name.")


class Function:
    """A callable that is asked."""

    def __init__(self, function: Callable[[Any], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._function = function
        self._loop = loop
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            type(function).__call__
        )
        self._running: set[Future[Any]] = set()

    async def answer(self, case: Case) -> Any:
        """What the callable returns. Raises `CaseFailed` with what it raises."""
        if len(self._running) >= MAXIMUM_RUNNING:
            message = f"{len(self._running):,} calls are running, most of them given up."
            raise TargetError("DM854", message, "Give the function a time-out of its own.")
        fields = copy.deepcopy(dict(case.fields))
        if self._is_async:
            running: Future[Any] = asyncio.run_coroutine_threadsafe(
                self._called(fields), self._loop
            )
        else:
            running = self._in_thread(fields)
        value, failure = await asyncio.wrap_future(running)
        if failure is not None:
            name = type(failure).__name__
            raise CaseFailed("exception", f"{name}: {failure}", summary=name)
        return value

    async def _called(self, fields: dict[str, Any]) -> tuple[Any, BaseException | None]:
        try:
            return await self._function(fields), None
        except BaseException as failure:
            # A cancellation too: one that the function raises by itself is no end of the run.
            return None, failure

    def _in_thread(self, fields: dict[str, Any]) -> Future[tuple[Any, BaseException | None]]:
        running: Future[tuple[Any, BaseException | None]] = Future()
        running.set_running_or_notify_cancel()
        self._running.add(running)

        def call() -> None:
            try:
                found = self._function(fields), None
            except BaseException as failure:
                found = None, failure
            self._running.discard(running)
            running.set_result(found)

        threading.Thread(target=call, name="demur-case", daemon=True).start()
        return running
