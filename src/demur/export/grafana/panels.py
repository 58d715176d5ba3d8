"""Panels of Grafana as data: a kind of panel a function, their places on the page found for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
"""Columns of a dashboard."""
DATASOURCE: Mapping[str, str] = {"type": "prometheus", "uid": "${datasource}"}
"""The data source is a variable of the dashboard."""
UNITS: Mapping[str, str] = {
    "ms": "ms",
    "s": "s",
    "us": "µs",
    "bytes": "bytes",
    "usd": "currencyUSD",
    "eur": "currencyEUR",
    "gbp": "currencyGBP",
}
"""Grafana's units by those of a policy; others are plain numbers."""
Panel = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how its series are named in the legend: `{{label}}` is a label's value."""

    expression: str
    legend: str = ""
    format: str = "time_series"
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A level to be kept to, drawn across a panel: what it is, and the level."""

    name: str
    level: float
    colour: str


@dataclass(frozen=True, slots=True)
class Group:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel] = field(default_factory=tuple[Panel, ...])


def curves(
    title: str,
    queries: Sequence[Query],
    *,
    about: str = "",
    unit: str = "short",
    is_stacked: bool = False,
    lines: Sequence[Line] = (),
) -> Panel:
    """Values over time, with lines where limits are."""
    custom: dict[str, Any] = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0}
    if is_stacked:
        custom |= {"fillOpacity": 60, "stacking": {"mode": "normal", "group": "A"}}
    overrides = [
        {
            "matcher": {"id": "byName", "options": one.name},
            "properties": [
                {"id": "color", "value": {"mode": "fixed", "fixedColor": one.colour}},
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                {"id": "custom.stacking", "value": {"mode": "none", "group": "A"}},
            ],
        }
        for one in lines
    ]
    levels = [Query(f"vector({one.level!r})", one.name) for one in lines]
    panel = _panel("timeseries", title, [*queries, *levels], about, unit, custom)
    panel["fieldConfig"]["overrides"] = overrides
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def heat_map(title: str, query: Query, *, about: str = "", unit: str = "short") -> Panel:
    """How values are distributed over time, from the buckets of a histogram."""
    panel = _panel("heatmap", title, [query], about, "short", {})
    panel["options"] = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "unit": unit},
    }
    return panel


def states(title: str, query: Query, *, about: str = "") -> Panel:
    """What state each thing was in over time."""
    panel = _panel("state-timeline", title, [query], about, "short", {"fillOpacity": 80})
    panel["fieldConfig"]["defaults"]["mappings"] = [
        {
            "type": "value",
            "options": {
                "1": {"text": "pending", "color": "yellow", "index": 0},
                "2": {"text": "firing", "color": "red", "index": 1},
            },
        }
    ]
    panel["options"] = {"mergeValues": True, "showValue": "auto", "rowHeight": 0.9}
    return panel


def number(title: str, query: Query, *, about: str = "", is_bad: bool = True) -> Panel:
    """One number, red where it is above nothing and that `is_bad`."""
    panel = _panel("stat", title, [query], about, "short", {})
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if is_bad:
        steps.append({"color": "red", "value": 1e-9})
    panel["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
    panel["options"] = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return panel


def table(title: str, query: Query, columns: Sequence[str], *, about: str = "") -> Panel:
    """The labels of series, one a line."""
    panel = _panel("table", title, [query], about, "short", {})
    panel["transformations"] = [
        {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}}
    ]
    panel["options"] = {"showHeader": True}
    return panel


def _panel(
    kind: str,
    title: str,
    queries: Iterable[Query],
    about: str,
    unit: str,
    custom: Mapping[str, Any],
) -> Panel:
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": dict(DATASOURCE),
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": dict(DATASOURCE),
                "expr": one.expression,
                "legendFormat": one.legend or "__auto",
                "format": "heatmap" if kind == "heatmap" else one.format,
                "instant": one.is_instant,
                "range": not one.is_instant,
            }
            for at, one in enumerate(queries)
        ],
        "fieldConfig": {"defaults": {"unit": unit, "custom": dict(custom)}, "overrides": []},
        "options": {},
    }


def placed(groups: Iterable[Group]) -> list[Panel]:
    """The panels with their places and numbers: rows under headings, as many as go side by side."""
    found: list[Panel] = []
    top = 0
    for group in groups:
        if not group.panels:
            continue
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        found.append(
            {
                "type": "row",
                "title": group.title,
                "collapsed": False,
                "panels": [],
                "gridPos": place,
            }
        )
        top += 1
        left = height = 0
        for panel in group.panels:
            is_small = panel["type"] == "stat"
            wide, high = (4, 4) if is_small else (WIDTH // 2, 8)
            if left + wide > WIDTH:
                left, top = 0, top + height
                height = 0
            found.append({**panel, "gridPos": {"x": left, "y": top, "w": wide, "h": high}})
            left, height = left + wide, max(height, high)
        top += height
    return [{**one, "id": at} for at, one in enumerate(found, start=1)]
