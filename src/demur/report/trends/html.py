"""One HTML page that needs nothing else: every metric and slice over time, the worst first."""

from __future__ import annotations

from collections.abc import Iterator

from demur.report import plural, version
from demur.report.html.element import Child, element
from demur.report.html.page import page
from demur.report.html.small_multiples import lines_section, marks_section
from demur.report.trends.wording import headline, summary
from demur.runs.trend import Trend


def write(trend: Trend) -> str:
    """The page. Of very many lines it draws the worst and says how many more there are."""
    return page(
        f"{trend.policy} over time",
        element(
            "header",
            element("p", headline(trend), class_="gate"),
            element("h1", trend.policy),
            element("p", summary(trend), class_="because") if trend.series else None,
            element("ul", (element("li", one) for one in trend.problems), class_="problems")
            if trend.problems
            else None,
        ),
        lines_section(trend) if trend.series else None,
        marks_section(trend),
        element(
            "footer",
            element("h2", "Provenance"),
            element(
                "dl", ((element("dt", name), element("dd", value)) for name, value in _rows(trend))
            ),
        ),
        styles=("style", "trend"),
    )


def _rows(trend: Trend) -> Iterator[tuple[str, Child]]:
    yield "policy", trend.policy
    yield "gates", ", ".join(trend.gates) or "–"
    yield "runs", plural(trend.runs, "run")
    yield "a point is", f"a {trend.every}"
    yield "demur", version()
