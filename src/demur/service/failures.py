"""What is logged of an exception that someone else's code raised: its type and place, not its text.

What it says may quote a request, as `KeyError: 'ada@example.com'` does. `DEMUR_ERROR_TEXTS=1` in the
environment of the service logs it all the same, with the traceback, to find a fault where no request
is anyone's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from logging import Logger
from typing import Any

VARIABLE = "DEMUR_ERROR_TEXTS"
"""The variable of the environment that has the texts logged."""
_DEEPEST = 100
"""Frames that are looked through for the place."""


def described(failure: BaseException) -> str:
    """The exception's type and where it was raised: `KeyError at prices.py:31`."""
    trace, place = failure.__traceback__, ""
    for _ in range(_DEEPEST):
        if trace is None:
            break
        code = trace.tb_frame.f_code
        place = f" at {os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    return f"{type(failure).__name__}{place}"


def wanted(failure: BaseException | None) -> BaseException | None:
    """The exception for `exc_info`, where its text is wanted."""
    return failure if os.environ.get(VARIABLE) == "1" else None


def call_hook(log: Logger, hook: Callable[[Any], None], told: Any) -> None:
    """Tells a hook of reloading; what it raises is logged, and passed over."""
    try:
        hook(told)
    except Exception as failure:
        with suppress(Exception):
            log.error(
                "A hook of reloading raised (%s); it is passed over",
                described(failure),
                exc_info=wanted(failure),
            )
