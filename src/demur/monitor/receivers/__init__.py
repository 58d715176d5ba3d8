"""Who is told of alerts: one kind of receiver a file.

A receiver is a module with `message(evaluation, evaluator, resend) -> Message | None`, what there is
to send after an evaluation, and `send(target, message, timeout)`, which raises OSError where it does
not arrive. `resend` is how many seconds pass until the next evaluation tells again.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

Message = Mapping[str, Any]
RECEIVERS = tuple(
    sorted(one.name for one in iter_modules([str(Path(__file__).parent)]) if one.name != "posting")
)
"""The kinds' names."""


def receiver(kind: str) -> Any:
    """The module of a kind, which is one of `RECEIVERS`."""
    return import_module(f"{__name__}.{kind}")
