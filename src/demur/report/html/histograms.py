"""Distributions of numbers such as latency and cost, the baseline's outline behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from demur.measure.results import Distribution, GateResult
from demur.report.gates.wording import rounded
from demur.report.html.axis import Axis, axis_over, percent, scale
from demur.report.html.element import Child, element
from demur.report.html.numbers import number

_WIDTH, _HEIGHT = 1000, 100
"""The plot's own units; it is stretched to the width of the page."""


def histograms_section(result: GateResult) -> Element | None:
    """One histogram a distribution."""
    if not result.distributions:
        return None
    return element(
        "section",
        element("h2", "Distributions"),
        element(
            "p",
            "Areas are shares of the records; the outline is the baseline."
            if any(one.baseline_counts for one in result.distributions)
            else "Areas are shares of the records.",
            class_="note",
        ),
        element("div", map(_figure, result.distributions), class_="figures"),
        id="distributions",
    )


def _figure(one: Distribution) -> Element:
    quantiles = [value for _, value in (*one.quantiles, *one.baseline_quantiles)]
    axis = axis_over((*one.edges, *quantiles), margin=0.02)
    title = f"{one.name} in {one.unit}" if one.unit else one.name
    return element(
        "figure",
        element("figcaption", element("h3", title)),
        _plot(axis, one, title) if axis else element("p", "Nothing to draw.", class_="none"),
        scale(axis) if axis else None,
        _quantiles(one),
    )


def _plot(axis: Axis, one: Distribution, title: str) -> Element:
    own = _densities(one.edges, one.counts)
    baseline = _densities(one.edges, one.baseline_counts)
    highest = max((*own, *baseline), default=0.0) or 1.0
    marks = ", ".join(f"p{rounded(100 * at)} {rounded(value)}" for at, value in one.quantiles)
    return element(
        "svg",
        element("title", f"Histogram of {title}"),
        element("desc", f"{sum(one.counts):,} records; {marks}."),
        element(
            "svg",
            element("path", d=_steps(axis, one.edges, own, highest), class_="area"),
            element("path", d=_steps(axis, one.edges, baseline, highest), class_="outline")
            if baseline
            else None,
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            preserveAspectRatio="none",
            y="46",
            height="110",
        ),
        (_quantile(axis, row, at, value) for row, (at, value) in enumerate(one.quantiles)),
        role="img",
        class_="histogram",
    )


def _densities(edges: Sequence[float], counts: Sequence[int]) -> list[float]:
    """The share of records per unit of each bin; 0 for a bin without a finite width."""
    total = sum(counts)
    widths = (high - low for low, high in pairwise(edges))
    return [
        count / total / width if total and width > 0 and math.isfinite(width) else 0.0
        for count, width in zip(counts, widths, strict=False)
    ]


def _steps(axis: Axis, edges: Sequence[float], heights: Sequence[float], highest: float) -> str:
    """The outline of the bins, as a path from the base line back to it."""
    parts: list[str] = []
    for index, height in enumerate(heights):
        left, right = (axis.place(edges[index + side]) * _WIDTH / 100 for side in (0, 1))
        top = _HEIGHT * (1 - height / highest)
        if not parts:
            parts.append(f"M{left:.1f} {_HEIGHT}")
        parts.append(f"L{left:.1f} {top:.1f} L{right:.1f} {top:.1f}")
        if index == len(heights) - 1:
            parts.append(f"L{right:.1f} {_HEIGHT}")
    return " ".join(parts)


def _quantile(axis: Axis, row: int, share: float, value: float) -> Child:
    """A line with its name; each name stands a row lower, so that close ones stay apart."""
    if not math.isfinite(value):
        return None
    at = axis.place(value)
    label = f"p{rounded(100 * share)}"
    before = at > 90
    return [
        element("line", x1=percent(at), x2=percent(at), y1=8 + 14 * row, y2="156", class_="mark"),
        element(
            "text",
            label,
            x=percent(at),
            dx="-4" if before else "4",
            y=14 + 14 * row,
            text_anchor="end" if before else "start",
        ),
    ]


def _quantiles(one: Distribution) -> Element:
    before = dict(one.baseline_quantiles)
    shares = list(dict.fromkeys((*dict(one.quantiles), *before)))
    own = dict(one.quantiles)
    head = element(
        "tr",
        element("th", "quantile", scope="col"),
        (element("th", f"p{rounded(100 * at)}", scope="col", class_="number") for at in shares),
    )
    rows = [("this run", own), *((("baseline", before),) if before else ())]
    return element(
        "table",
        element("caption", f"Quantiles of {one.name}", class_="hidden"),
        element("thead", head),
        element(
            "tbody",
            (
                element(
                    "tr",
                    element("th", name, scope="row"),
                    (
                        element("td", number(values.get(at), one.unit), class_="number")
                        for at in shares
                    ),
                )
                for name, values in rows
            ),
        ),
        class_="quantiles",
    )
