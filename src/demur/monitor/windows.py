"""Lengths of time as policies write them: `1h`, `30d`, `1h30m`."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdw])")


def seconds(window: str) -> float:
    """How long the window is. Raises ValueError for text that is none."""
    parts = _PART.findall(window)
    if not parts or "".join(number + unit for number, unit in parts) != window:
        raise ValueError(f"{window!r} is no length of time, as 90s, 1h30m or 7d are")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def text(length: float) -> str:
    """The length in as few units as say it exactly to the millisecond: `1h30m`."""
    left = round(length * 1000)
    found = ""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        count, left = divmod(left, round(_UNITS[unit] * 1000))
        found += f"{count}{unit}" if count else ""
    return found or "0s"
