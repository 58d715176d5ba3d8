"""Trends to draw."""

from __future__ import annotations

from dataclasses import replace

from demur.measure.results import Change, Interval, Slice
from demur.runs.trend import Mark, Point, Series, Trend, Turn

PROMPT = Change("prompt", "sha256:" + "1" * 64, "sha256:" + "2" * 64)
COMMIT = Change("commit", "a" * 40, None)


def point(at: int, value: float | None, verdict: str = "pass", limit: float | None = 0.2) -> Point:
    interval = None if value is None else Interval(value - 0.0123456, value + 0.02)
    return Point(
        f"2026-{at + 1:02}-05T12:00:00Z", f"run-{at}", 1, value, interval, 500, at, verdict, limit
    )


def series(name: str, *values: float | None, of: str = "", **given: object) -> Series:
    slice = Slice((("tenant", of),)) if of else Slice()
    points = tuple(point(at, value) for at, value in enumerate(values))
    made = Series("ship", name, slice, "lower", None, points, (), searched=True)
    return replace(made, **given)


WORSE = series(
    "wrong",
    *(0.1, 0.11, 0.09, 0.1, 0.23456789, 0.25, 0.24, 0.26),
    of="b",
    turns=(Turn(4, "2026-05-05T12:00:00Z", "run-4", 0.1, 0.246, True, 0.0002, (PROMPT, COMMIT)),),
)
BETTER = series(
    "cost",
    *(3.0, 3.1, 2.0, 2.1),
    unit="usd",
    turns=(Turn(2, "2026-03-05T12:00:00Z", "run-2", 3.05, 2.05, False, 0.00123, ()),),
)
GAPS = series("wrong", None, 0.1, None, searched=False)
NOTHING = series("recall", None, None, of="b", better="higher", searched=False)
ENDLESS = series("ratio", 1.0, 2.0)
ENDLESS = replace(
    ENDLESS,
    points=tuple(
        replace(one, interval=Interval(0.5, float("inf")), limit=None) for one in ENDLESS.points
    ),
)
TREND = Trend(
    "assistant",
    ("ship",),
    "run",
    8,
    "2026-01-05T12:00:00Z",
    "2026-08-05T12:00:00Z",
    (WORSE, GAPS, ENDLESS, NOTHING, BETTER),
    (
        Mark("2026-05-05T12:00:00Z", "run-4", "ship", (PROMPT, COMMIT)),
        Mark(
            "2026-06-05T12:00:00Z", "run-5", "ship", (replace(COMMIT, before=None, now="b" * 40),)
        ),
    ),
    ("DM843 runs/x.parquet is no kept run and is passed over: it is damaged",),
)
EMPTY = Trend("assistant", (), "run", 0, None, None, (), (), ())


def hostile(text: str) -> Trend:
    """A trend with the text wherever text from outside can stand."""
    change = Change(text, text, text)
    turns = tuple(replace(one, run=text, causes=(change,)) for one in WORSE.turns)
    bad = replace(
        WORSE, gate=text, metric=text, slice=Slice(((text, text),)), unit=text, turns=turns
    )
    other = replace(BETTER, gate="other")
    return replace(
        TREND,
        policy=text,
        gates=(text, "other"),
        series=(bad, other),
        marks=(Mark("2026-05-05T12:00:00Z", text, text, (change,)),),
        problems=(text,),
    )
