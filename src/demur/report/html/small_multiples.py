"""The lines of a trend drawn, one small figure a metric and slice, the worst first.

In a figure: the interval of each point as a bar, its value as a dot, the level between changes as a
line, changes as upright lines, and under it ticks where the policy, the system or the commit changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from xml.etree.ElementTree import Element

from demur.measure.results import Change
from demur.report import plural
from demur.report.gates.wording import changes, rounded
from demur.report.html.axis import Axis, axis_over
from demur.report.html.damage import mark
from demur.report.html.element import Child, element
from demur.report.html.numbers import number
from demur.report.trends.wording import TURNS, day, unsearched
from demur.runs.trend import Mark, Point, Series, Trend, Turn

SHOWN = 200
"""Lines that are drawn, the worst ones; how many more there are is said."""
_WIDTH, _HEIGHT, _TICKS = 1000, 100, 14
"""The figure's inner units, whatever it is stretched to; ticks stand below its height."""


def lines_section(trend: Trend) -> Element:
    """All the figures, on one axis of time."""
    shown = trend.series[:SHOWN]
    hidden = len(trend.series) - len(shown)
    time = _time_axis(trend)
    return element(
        "section",
        element("h2", "Metrics and slices"),
        element(
            "p",
            "Worst first. Unknown records count as the worst. A broken upright line is a change, ticks "
            "below are where the system (long) or the commit (short) changed. ",
            unsearched(trend.series),
            class_="note",
        ),
        element("div", (_figure(one, time, trend) for one in shown), class_="figures lines"),
        element("p", f"And {plural(hidden, 'line')} more, none worse than these.", class_="note")
        if hidden
        else None,
        id="lines",
    )


def marks_section(trend: Trend) -> Element | None:
    """When which part of the system changed; commits, which do nearly each time, only with a part."""
    found = [one for one in trend.marks if _of_system(one.changes)]
    if not found:
        return None
    shown = found[-SHOWN:]
    return element(
        "section",
        element("h2", "What changed when"),
        element(
            "dl",
            (
                (element("dt", element("code", day(one.time))), element("dd", _told(one, trend)))
                for one in reversed(shown)
            ),
        ),
        id="marks",
    )


def _told(one: Mark, trend: Trend) -> str:
    gate = f"{one.gate}, " if len(trend.gates) > 1 else ""
    return f"{gate}{changes(one.changes)}"


def _of_system(found: Sequence[Change]) -> bool:
    return any(one.what != "commit" for one in found)


def _time_axis(trend: Trend) -> Axis:
    first, last = (_seconds(one) for one in (trend.first or "", trend.last or ""))
    margin = (last - first) * 0.02 or 43_200.0
    return Axis(first - margin, last + margin)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _figure(series: Series, time: Axis, trend: Trend) -> Element:
    newest = series.points[-1]
    name: list[Child] = [element("code", series.metric)]
    if series.slice.of:
        name += [" ", element("span", str(series.slice), class_="slice")]
    if len(trend.gates) > 1:
        name += [" ", element("span", f"gate {series.gate}", class_="note")]
    return element(
        "figure",
        element("figcaption", element("h3", mark(newest.verdict, word=False), " ", name)),
        _drawing(series, time, [one for one in trend.marks if one.gate == series.gate]),
        element("p", *_numbers(series), class_="summary"),
        element("ul", (_turn(one, series.unit) for one in series.turns), class_="turns")
        if series.turns
        else None,
        class_="line",
    )


def _numbers(series: Series) -> Iterator[Child]:
    """The values that the figure stands for, exact ones beside them for programs."""
    shown = {
        "first": number(series.first, series.unit),
        "last": number(series.last, series.unit),
        "change": number(series.change, series.unit),
        "n": number(series.samples),
    }
    for name, value in shown.items():
        yield element("span", f"{name} ", value, class_="value", data_label=name)


def _turn(turn: Turn, unit: str | None) -> Element:
    sign, word = TURNS[turn.worse]
    return element(
        "li",
        element("span", f"{sign} {word}", class_=word),
        f" from {day(turn.time)}: ",
        element("span", number(turn.before, unit, beside=turn.after), data_label="before"),
        " before, ",
        element("span", number(turn.after, unit, beside=turn.before), data_label="after"),
        " since (p ",
        number(turn.p_value),
        f"); changed: {changes(turn.causes)}" if turn.causes else ")",
    )


def _drawing(series: Series, time: Axis, marks: Sequence[Mark]) -> Child:
    values = axis_over(_all_values(series.points))
    if values is None:
        return element("p", "no value, so nothing is drawn", class_="none")
    canvas = Canvas(time, values)
    limit = series.points[-1].limit
    plot = element(
        "svg",
        element("title", f"{series.metric} for {series.slice} over time"),
        element("path", d=canvas.bars(series.points), class_="bars"),
        element("path", d=f"M0 {canvas.y(limit):.1f}H{_WIDTH}", class_="limit")
        if limit is not None and values.low <= limit <= values.high
        else None,
        element("path", d=canvas.levels(series), class_="level"),
        element("path", d=canvas.dots(series.known), class_="dots"),
        (
            element("path", d=f"M{canvas.x(one.time):.1f} 0V{_HEIGHT}", class_=TURNS[one.worse][1])
            for one in series.turns
        ),
        (
            element("path", d=canvas.ticks(marks, system=system), class_=name)
            for name, system in (("commit", False), ("system", True))
        ),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT + _TICKS}",
        preserveAspectRatio="none",
        class_="plot",
        role="img",
    )
    ends = (element("span", rounded(one, 3)) for one in (values.high, values.low))
    dates = (element("span", day(series.points[at].time)) for at in (0, -1))
    return [
        element(
            "div", element("div", ends, class_="ends"), plot, class_="drawn", aria_hidden="true"
        ),
        element("div", dates, class_="dates"),
    ]


def _all_values(points: Sequence[Point]) -> Iterator[float | None]:
    for one in points:
        yield one.value
        if one.interval is not None:
            yield one.interval.low
            yield one.interval.high


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where times and values stand in a figure, and the paths of what is drawn there."""

    time: Axis
    values: Axis

    def x(self, time: str) -> float:
        """The place of a time."""
        return self.time.place(_seconds(time)) * _WIDTH / 100

    def y(self, value: float) -> float:
        """The place of a value; what is infinite stands at the edge."""
        return _HEIGHT - self.values.place(value) * _HEIGHT / 100

    def bars(self, points: Sequence[Point]) -> str:
        """The intervals."""
        return "".join(
            f"M{self.x(one.time):.1f} {self.y(one.interval.low):.1f}V{self.y(one.interval.high):.1f}"
            for one in points
            if one.interval is not None
        )

    def dots(self, points: Sequence[Point]) -> str:
        """The values: lines of no length, whose round ends are dots however the figure is stretched."""
        return "".join(
            f"M{self.x(one.time):.1f} {self.y(one.value):.1f}h0"
            for one in points
            if one.value is not None
        )

    def levels(self, series: Series) -> str:
        """The level from each change to the next."""
        turns = series.turns
        if not turns:
            return ""
        places = [series.points[0].time, *(one.time for one in turns), series.points[-1].time]
        levels = [turns[0].before, *(one.after for one in turns)]
        return "".join(
            f"M{self.x(start):.1f} {self.y(level):.1f}H{self.x(end):.1f}"
            for (start, end), level in zip(pairwise(places), levels, strict=True)
        )

    def ticks(self, marks: Sequence[Mark], *, system: bool) -> str:
        """Where the system changed, or nothing but the commit."""
        reach = _TICKS if system else _TICKS / 2
        return "".join(
            f"M{self.x(one.time):.1f} {_HEIGHT + 1}v{reach - 1:g}"
            for one in marks
            if _of_system(one.changes) == system
        )
