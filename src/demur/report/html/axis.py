"""A scale that several drawings share: from values to percent of the width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from demur.report.gates.wording import rounded
from demur.report.html.element import element

_MARGIN = 0.06
"""The share of the range that stays free at either end, so that nothing touches the edge."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high`, which is the greater."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where the value stands, in percent of the width; values beyond an end stand at it."""
        return min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within the axis, about so many, a step of 1, 2, 2.5 or 5 times a power of 10."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [one * step for one in range(first, last + 1)]


def axis_over(values: Iterable[float | None], margin: float = _MARGIN) -> Axis | None:
    """The axis that shows all the finite values; None where there are none, or they are too far apart.

    It reaches below zero only where a value does.
    """
    finite = [one for one in values if one is not None and math.isfinite(one)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    extent = high - low or abs(high) * 0.5 or 1.0
    if not math.isfinite(extent) or low + extent / 100 == low:
        return None
    padded = low - margin * extent
    return Axis(max(padded, 0.0) if low >= 0 else padded, high + margin * extent)


def scale(axis: Axis, about: int = 5) -> Element:
    """The axis drawn: its ticks with their numbers."""
    return element(
        "svg",
        (
            (
                element("line", x1=percent(at), x2=percent(at), y1="14", y2="18"),
                element("text", rounded(value), x=percent(at), y="11"),
            )
            for value in axis.ticks(about)
            for at in [axis.place(value)]
        ),
        class_="scale",
        aria_hidden="true",
    )


def percent(place: float) -> str:
    """A length in percent, as SVG writes it."""
    return f"{round(place, 2):g}%"
