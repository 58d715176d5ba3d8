"""Timing two things in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """Ratios of paired timings: what demur takes over what it is compared with.

    `limit` is the ratio promised, None where none is; `own` and `other` are medians in seconds.
    """

    name: str
    ratios: tuple[float, ...]
    own: float
    other: float
    limit: float | None = None

    @property
    def ratio(self) -> float:
        """The median ratio."""
        return statistics.median(self.ratios)

    def line(self) -> str:
        """One line for people."""
        low, high = min(self.ratios), max(self.ratios)
        bound = "" if self.limit is None else f"  at most {self.limit:g}"
        times = f"{_time(self.own):>9} / {_time(self.other):<9}"
        return f"{self.name:<58} {self.ratio:6.2f}x  ({low:.2f} to {high:.2f}){bound:<14} {times}"

    def row(self) -> dict[str, object]:
        """The measurement as JSON data."""
        return {
            "name": self.name,
            "ratio": round(self.ratio, 4),
            "low": round(min(self.ratios), 4),
            "high": round(max(self.ratios), 4),
            "limit": self.limit,
        }


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def paired(
    name: str,
    own: Callable[[], object],
    other: Callable[[], object],
    *,
    limit: float | None = None,
    pairs: int = 15,
    seconds: float = 0.05,
) -> Measurement:
    """Times `own` and `other` in turn, each for about `seconds`, `pairs` times."""
    own_times, other_times = [], []
    repeats = (_repeats(own, seconds), _repeats(other, seconds))
    for _ in range(pairs):
        own_times.append(_timed(own, repeats[0]))
        other_times.append(_timed(other, repeats[1]))
    ratios = tuple(a / b for a, b in zip(own_times, other_times, strict=True))
    return Measurement(
        name, ratios, statistics.median(own_times), statistics.median(other_times), limit
    )


def _timed(call: Callable[[], object], repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - started) / repeats


def _repeats(call: Callable[[], object], seconds: float) -> int:
    """How often to call within the time; once where no time is asked for."""
    if not seconds:
        return 1
    call()
    return max(1, int(seconds / max(_timed(call, 3), 1e-9)))
