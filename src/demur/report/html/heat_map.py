"""The slices against the requirements: how far each lies from each limit, the worst slice first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from demur.measure.results import GateResult, Judgement, Requirement
from demur.report import plural
from demur.report.gates.wording import UNKNOWN, beyond, rounded
from demur.report.html.damage import SHOWN, Row, farthest, mark, rows_by_damage
from demur.report.html.element import element

_STEPS = 4
"""Depths of colour on either side of the limit."""


def heat_map_section(result: GateResult) -> Element | None:
    """The heat map; None where no requirement looks at slices."""
    rows = rows_by_damage(result.requirements)
    if not rows:
        return None
    shown = rows[:SHOWN]
    hidden = len(rows) - len(shown)
    sliced = {index for row in rows for index in row.cells}
    columns = [
        (index, one, farthest(one))
        for index, one in enumerate(result.requirements)
        if index in sliced
    ]
    head = element(
        "tr",
        element("th", "slice", scope="col"),
        (element("th", element("code", one.text), scope="col") for _, one, _ in columns),
    )
    return element(
        "section",
        element("h2", "Slices"),
        element(
            "p",
            "Worst first. A cell says how far the slice’s value lies from the limit: + beyond it,"
            " − within it; – was not judged. The deeper the colour, the farther, compared within a"
            " column.",
            class_="note",
        ),
        element(
            "div",
            element(
                "table",
                element("caption", "Distance of each slice from each limit", class_="hidden"),
                element("thead", head),
                element("tbody", (_row(row, columns) for row in shown)),
                class_="heat",
            ),
            class_="wide",
            role="region",
            aria_label="Heat map of slices",
            tabindex="0",
        ),
        element("p", f"{plural(hidden, 'milder slice')} not shown.", class_="note")
        if hidden
        else None,
        id="slices",
    )


def _row(row: Row, columns: Sequence[tuple[int, Requirement, float]]) -> Element:
    return element(
        "tr",
        element("th", str(row.slice), scope="row"),
        (_cell(requirement, row.cells.get(index), reach) for index, requirement, reach in columns),
    )


def _cell(requirement: Requirement, judgement: Judgement | None, reach: float) -> Element:
    if judgement is None:
        spoken = element("span", "not judged", class_="hidden")
        return element("td", element("span", UNKNOWN, aria_hidden="true"), spoken, class_="none")
    sign = mark(judgement.verdict, word=False)
    far = beyond(requirement, judgement)
    if far is None:
        return element("td", sign, " no value", class_="unmeasured", title=judgement.reason)
    text = f"{'+' if far > 0 else ''}{rounded(far, 3)}"
    value = element("data", text, value=repr(far))
    step = math.ceil(_STEPS * abs(far) / reach)
    colour = f"{'beyond' if far > 0 else 'within'}-{step}" if step else None
    return element("td", sign, " ", value, class_=colour, title=judgement.reason)
