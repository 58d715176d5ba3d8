"""The strings extension's `format`: text with values put in, as the conformance vectors fix it."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.conversions import positional_double
from demur.functions.timestamps import format_duration, format_timestamp
from demur.functions.values import (
    Duration,
    Timestamp,
    TypeValue,
    Uint,
    entries,
    error,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

DEFAULT_PRECISION = 6
MAXIMUM_PRECISION = 100
_DIGITS = frozenset("0123456789")


def format_text(template: str, arguments: list[Any]) -> str:
    """The template with each clause (`%s`, `%.2f`) replaced by its argument. Raises `EvaluationError`."""
    first, *rest = template.split("%")
    parts = [first]
    values = iter(arguments)
    literal = False
    for piece in rest:
        if literal:
            literal = False
            parts.append(piece)
        elif not piece:
            # Two percent signs in a row are one; the next piece is then plain text.
            literal = True
            parts.append("%")
        else:
            parts.append(_clause(piece, values))
    if literal and template.endswith("%"):
        pass
    return "".join(parts)
