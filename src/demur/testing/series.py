"""Series in promtool's notation: `10x60 0+2x5 _x3`, a number for each step."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAXIMUM_STEPS = 100_000
_TERM = re.compile(
    r"(?P<value>-?[0-9]+(?:\.[0-9]+)?|_)(?:(?P<step>[+-][0-9]+(?:\.[0-9]+)?))?(?:x(?P<times>[0-9]+))?"
)


def read_series(text: str) -> list[float | None]:
    """The numbers of a series, None for `_`.

    `a` is one step, `axn` is a and then n times a again, `a+bxn` rises by b each of n times, `_xn` is
    n steps without a number. Raises ValueError for what is no series, or one of too many steps.

    Source: Prometheus, Unit testing for rules, "series".
    """
    found: list[float | None] = []
    for term in text.split():
        for value in _steps(term):
            found.append(value)
            if len(found) > MAXIMUM_STEPS:
                raise ValueError(f"a series has at most {MAXIMUM_STEPS:,} steps")
    if not found:
        raise ValueError("a series has at least one step")
    return found


def _steps(term: str) -> Iterator[float | None]:
    parts = _TERM.fullmatch(term)
    if parts is None or (parts["value"] == "_" and parts["step"]):
        raise ValueError(f"`{term}` is no term of a series, as `5`, `5x10`, `0+2x10` and `_x3` are")
    if parts["value"] == "_":
        for _ in range(int(parts["times"] or 1)):
            yield None
        return
    start, step = float(parts["value"]), float(parts["step"] or 0)
    if parts["step"] and parts["times"] is None:
        raise ValueError(f"`{term}` does not say how often it rises: `{term}x10`")
    for at in range(int(parts["times"] or 0) + 1):
        yield start + at * step
