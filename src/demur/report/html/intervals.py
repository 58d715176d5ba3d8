"""An interval drawn against its limit, on the axis of its requirement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from demur.measure.results import Interval, Judgement, Requirement
from demur.report.gates.wording import UNKNOWN, rounded
from demur.report.html.axis import Axis, axis_over, percent
from demur.report.html.element import Child, element
from demur.report.html.numbers import is_finite

_MIDDLE = "12"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a judgement: values in the metric's unit, or changes from the baseline.

    `without_unknown` is the value with the unknown records left out, None where there are none.
    """

    value: float | None
    interval: Interval | None
    limit: float | None
    reference: float | None
    without_unknown: float | None

    def values(self) -> Iterable[float | None]:
        """Everything that the axis has to show."""
        ends = (self.interval.low, self.interval.high) if self.interval else ()
        return self.value, self.limit, self.reference, self.without_unknown, *ends


def compares(requirement: Requirement) -> bool:
    """Whether the change from the baseline was judged, so that this is what must be drawn."""
    return any(one.difference is not None for one in requirement.judgements)


def drawn(judgement: Judgement, *, change: bool) -> Drawn:
    """What to draw of a judgement; as a `change`, the interval is that of the difference."""
    measured, baseline = judgement.measured, judgement.baseline
    reference = baseline.value if baseline else None
    known = measured.known_value if measured.unknown else None
    if not change:
        return Drawn(measured.value, measured.interval, judgement.limit, reference, known)
    return Drawn(
        _less(measured.value, reference),
        judgement.difference,
        _less(judgement.limit, reference),
        None if reference is None else 0.0,
        _less(known, reference),
    )


def shared_axis(all_drawn: Iterable[Drawn]) -> Axis | None:
    """The axis for all of them."""
    return axis_over(value for one in all_drawn for value in one.values())


def draw(axis: Axis, requirement: Requirement, judgement: Judgement, *, change: bool) -> Element:
    """The allowed side shaded, the limit a line, the interval a bar and the value a point."""
    one = drawn(judgement, change=change)
    if not is_finite(one.value):
        missing = "baseline" if is_finite(judgement.measured.value) else "value"
        return element("span", f"no {missing}, so nothing is shown to hold", class_="none")
    return element(
        "svg",
        element("title", f"{requirement.metric} for {judgement.slice}: {judgement.verdict}"),
        element("desc", _description(one, requirement.operator, change=change)),
        _allowed(axis, one.limit, requirement.operator),
        _vertical(axis, one.reference, "reference"),
        _bar(axis, one.interval),
        _vertical(axis, one.limit, "limit"),
        _point(axis, one.without_unknown, "known", "3.5"),
        _point(axis, one.value, "point", "4.5"),
        role="img",
        class_=f"interval {judgement.verdict}",
    )


def _description(one: Drawn, operator: str, *, change: bool) -> str:
    what = "Change from the baseline" if change else "Value"
    parts = [f"{what} {_text(one.value)}"]
    if one.interval is not None:
        parts.append(f"interval from {_text(one.interval.low)} to {_text(one.interval.high)}")
    parts.append(f"allowed {operator} {_text(one.limit)}")
    if one.reference is not None and not change:
        parts.append(f"baseline {_text(one.reference)}")
    if one.without_unknown is not None:
        parts.append(f"without unknown records {_text(one.without_unknown)}")
    return f"{'; '.join(parts)}."


def _allowed(axis: Axis, limit: float | None, operator: str) -> Child:
    if limit is None or math.isnan(limit):
        return None
    at = axis.place(limit)
    below = operator.startswith("<")
    left, width = (0.0, at) if below else (at, 100 - at)
    return element("rect", x=percent(left), width=percent(width), height="24", class_="allowed")


def _vertical(axis: Axis, value: float | None, kind: str) -> Child:
    if value is None or not math.isfinite(value):
        return None
    at = percent(axis.place(value))
    return element("line", x1=at, x2=at, y1="0", y2="24", class_=kind)


def _bar(axis: Axis, interval: Interval | None) -> Sequence[Element]:
    if interval is None or math.isnan(interval.low) or math.isnan(interval.high):
        return ()
    left = 0.0 if interval.low == -math.inf else axis.place(interval.low)
    right = 100.0 if interval.high == math.inf else axis.place(interval.high)
    width = percent(max(right - left, 0))
    shapes = [element("rect", x=percent(left), y="9", width=width, height="6", class_="bar")]
    if interval.low == -math.inf:
        shapes.append(_arrow("0%", "M2 5 L-6 12 L2 19"))
    if interval.high == math.inf:
        shapes.append(_arrow("100%", "M-2 5 L6 12 L-2 19"))
    return shapes


def _arrow(x: str, outline: str) -> Element:
    return element("svg", element("path", d=outline, class_="arrow"), x=x, class_="end")


def _point(axis: Axis, value: float | None, kind: str, radius: str) -> Child:
    if value is None or not math.isfinite(value):
        return None
    return element("circle", cx=percent(axis.place(value)), cy=_MIDDLE, r=radius, class_=kind)


def _less(value: float | None, reference: float | None) -> float | None:
    return None if value is None or reference is None else value - reference


def _text(value: float | None) -> str:
    return UNKNOWN if value is None else rounded(value)
