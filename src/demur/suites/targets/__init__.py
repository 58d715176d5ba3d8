"""The systems that a suite runs: one kind of target a file.

A target's module has `open_target(target, suite, folder, headers)`, an asynchronous context manager of
a `Target`. It raises `TargetError` where the system cannot be started.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from demur.suites.cases import Case
from demur.suites.settings import Suite

_KINDS = {"python": "python", "http": "http", "https": "http", "command": "command"}


class Target(Protocol):
    """A system under test that is ready."""

    async def answer(self, case: Case) -> Any:
        """What the system says of a case. Raises `CaseFailed`. May be cancelled."""
        ...


def open_target(
    suite: Suite, folder: Path, headers: Mapping[str, str]
) -> AbstractAsyncContextManager[Target]:
    """The suite's target, by the kind that it begins with."""
    kind = suite.target.partition(":")[0]
    return import_module(f"{__name__}.{_KINDS[kind]}").open_target(suite, folder, headers)
