"""For people at a terminal: a line a metric and slice, with a sparkline, and its changes under it.

The text is coloured; whoever writes it to something other than a terminal takes the colours out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from click import style, unstyle

from demur.report import plural, printable
from demur.report.gates.wording import GLYPHS, number, short
from demur.report.trends.wording import TURNS, headline, signed, summary, turn_sentence
from demur.runs.trend import Point, Series, Trend

_BARS = "▁▂▃▄▅▆▇█"
_GAP, _TURN = "·", "╎"
"""Where the metric has no value, and where it changed."""
_WIDTH = 40
"""Points of a sparkline; of more, neighbours are taken together."""
_SHOWN = 40
"""Lines shown, those first that are worse."""
_LONGEST = 48
_COLUMNS = ("", "metric", "slice", "over time", "first", "last", "change", "n")
_RIGHT = frozenset((4, 5, 6, 7))
_COLOURS = {"pass": "green", "inconclusive": "yellow", "fail": "red", "error": "magenta"}


def write(trend: Trend) -> str:
    """The report."""
    lines = [f"{style(printable(trend.policy), bold=True)}, {headline(trend)}"]
    if trend.series:
        shown = trend.series[:_SHOWN]
        lines += [summary(trend), "", *_table(shown, gates=len(trend.gates) > 1)]
        hidden = len(trend.series) - len(shown)
        if hidden:
            lines.append(
                f"… and {plural(hidden, 'line')} more; --metric and --by choose, json has all"
            )
    lines += [style(printable(one), fg="magenta") for one in trend.problems]
    return "\n".join(lines) + "\n"


def _table(shown: Sequence[Series], *, gates: bool) -> Iterator[str]:
    rows = [_COLUMNS, *(_row(one, gates=gates) for one in shown)]
    widths = [max(len(unstyle(row[at])) for row in rows) for at in range(len(_COLUMNS))]
    for place, row in enumerate(rows):
        cells = [
            " " * (width - len(unstyle(cell))) + cell
            if at in _RIGHT
            else cell + " " * (width - len(unstyle(cell)))
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        yield style(line, dim=True) if place == 0 else line
        if place:
            yield from _turns(shown[place - 1])


def _row(series: Series, *, gates: bool) -> tuple[str, ...]:
    verdict = series.points[-1].verdict
    metric = f"{series.gate}: {series.metric}" if gates else series.metric
    return (
        style(GLYPHS[verdict], fg=_COLOURS[verdict]),
        short(metric, _LONGEST),
        short(str(series.slice), _LONGEST),
        _sparkline(series),
        printable(number(series.first, series.unit)),
        printable(number(series.last, series.unit)),
        signed(series.change),
        f"{series.samples:,}",
    )


def _turns(series: Series) -> Iterator[str]:
    for turn in series.turns:
        sign, _ = TURNS[turn.worse]
        colour = "red" if turn.worse else "green"
        yield f"   {style(sign, fg=colour)} {turn_sentence(turn, series.unit)}"


def _sparkline(series: Series) -> str:
    """The values from the lowest to the highest, left to right in time, changes marked."""
    ends = [round(at * len(series.points) / _WIDTH) for at in range(_WIDTH + 1)]
    if len(series.points) <= _WIDTH:
        ends = list(range(len(series.points) + 1))
    turns = {one.first for one in series.turns}
    starts = sorted({*ends, *turns})
    levels = [_level(series.points[a:b]) for a, b in pairwise(starts)]
    known = [one for one in levels if one is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    parts = [
        f"{_TURN if start in turns else ''}{_bar(level, low, high)}"
        for start, level in zip(starts, levels, strict=False)
    ]
    return "".join(parts)


def _level(points: Sequence[Point]) -> float | None:
    known = [one.value for one in points if one.value is not None]
    return sum(known) / len(known) if known else None


def _bar(level: float | None, low: float, high: float) -> str:
    if level is None:
        return _GAP
    if high <= low:
        return _BARS[0]
    return _BARS[min(int((level - low) / (high - low) * len(_BARS)), len(_BARS) - 1)]
