"""What all formats say of a trend alike."""

from __future__ import annotations

from collections.abc import Sequence

from demur.report import plural
from demur.report.gates.wording import changes, rounded, short
from demur.runs.trend import UNSEARCHED, Series, Trend, Turn

TURNS = {True: ("▼", "worse"), False: ("▲", "better")}
"""The sign and the word of a change, by whether it is for the worse."""


def headline(trend: Trend) -> str:
    """How much there is, and of when."""
    if not trend.series:
        return "no kept run fits"
    gates = ", ".join(map(short, trend.gates))
    first, last = day(trend.first or ""), day(trend.last or "")
    noun = "gate" if len(trend.gates) == 1 else "gates"
    by_week = ", a point a week" if trend.every == "week" else ""
    return f"{noun} {gates}, {plural(trend.runs, 'run')} from {first} to {last}{by_week}"


def summary(trend: Trend) -> str:
    """How many metrics and slices stand worse or better than before their last change."""
    last = [one.turns[-1].worse for one in trend.series if one.turns]
    count = plural(len(trend.series), "line")
    said = f"{count}: {sum(last):,} worse since the last change, {len(last) - sum(last):,} better"
    rest = len(trend.series) - len(last)
    return f"{said}, {rest:,} without a change. {unsearched(trend.series)}".rstrip()


def unsearched(series: Sequence[Series]) -> str:
    """Why changes could not be looked for in some; empty where they could in all."""
    return UNSEARCHED if any(not one.searched for one in series) else ""


def turn_sentence(turn: Turn, unit: str | None) -> str:
    """A change in words: since when, from where to where, and what else changed then."""
    _, word = TURNS[turn.worse]
    tail = f" {short(unit)}" if unit else ""
    levels = f"{rounded(turn.before)}{tail} before, {rounded(turn.after)}{tail} since"
    said = f"{word} from {day(turn.time)}: {levels} (p {rounded(turn.p_value, 2)})"
    return f"{said}; changed: {changes(turn.causes)}" if turn.causes else said


def day(time: str) -> str:
    """The date of a time."""
    return short(time[:10])


def signed(value: float | None) -> str:
    """The number with its sign; a dash for None."""
    if value is None:
        return "–"
    return f"+{rounded(value)}" if value > 0 else rounded(value)
