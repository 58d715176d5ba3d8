"""Each requirement: what it demands, and its interval over all records and over each slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from demur.measure.results import GateResult, Judgement, Requirement
from demur.report import plural
from demur.report.gates.wording import by_damage, rounded, where
from demur.report.html.axis import Axis, scale
from demur.report.html.damage import SHOWN, mark, requirements_by_damage
from demur.report.html.element import Child, element
from demur.report.html.intervals import compares, draw, drawn, shared_axis
from demur.report.html.numbers import between, number

_OPEN = 8
"""Slices that are shown at once; further ones unfold."""

Links = Mapping[str, str]
"""Where on the page each case can be opened: from its id to an anchor."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers."""

    name: str
    cell: Callable[[Judgement], Child]


def requirements_section(result: GateResult, links: Links) -> Element:
    """All requirements, what blocks the release first."""
    return element(
        "section",
        element("h2", "Requirements"),
        _legend(),
        (_requirement(one, result, links) for one in requirements_by_damage(result.requirements)),
        id="requirements",
    )


def _legend() -> Element:
    return element(
        "p",
        "Each drawing has the requirement’s limit as a solid line with the allowed side shaded, the"
        " interval as a bar (an arrow where nothing bounds it) and the value as a dot. A dashed line"
        " is the baseline; a hollow dot is the value if unknown records were left out.",
        class_="note",
    )


def _requirement(requirement: Requirement, result: GateResult, links: Links) -> Element:
    slices = by_damage(requirement)
    shown = slices[:SHOWN]
    first = [one for one in shown if one.verdict != "pass"][:_OPEN] or shown[:3]
    rest = [one for one in shown if one not in first]
    overall = requirement.judgements[:1]
    change = compares(requirement)
    axis = shared_axis(drawn(one, change=change) for one in (*overall, *shown))
    table = _Table(requirement, axis, change, links)
    hidden = len(slices) - len(shown)
    return element(
        "article",
        element(
            "h3",
            mark(requirement.verdict),
            " ",
            element("code", requirement.text),
            f" {where(requirement)}" if where(requirement) else None,
        ),
        _conditions(requirement, result),
        element("p", requirement.about) if requirement.about else None,
        table.draw((*overall, *first)) if overall else element("p", "Nothing was judged."),
        element(
            "details",
            element("summary", f"{plural(len(rest), 'further slice')}"),
            table.draw(rest),
        )
        if rest
        else None,
        element("p", f"{plural(hidden, 'milder slice')} not shown.", class_="note")
        if hidden
        else None,
        class_="requirement",
    )


def _conditions(requirement: Requirement, result: GateResult) -> Element:
    parts: list[Child] = []
    if requirement.level != "fail":
        parts.append(element("strong", "warns only, blocks nothing"))
    if requirement.confidence is None:
        parts.append("decided by the value alone")
    else:
        parts.append(f"confidence {rounded(requirement.confidence)}, one-sided")
    if requirement.min_samples:
        parts.append(f"at least {plural(requirement.min_samples, 'record')}")
    if requirement.by:
        parts.append(["by ", element("code", ", ".join(requirement.by))])
    if requirement.unit:
        parts.append(f"in {requirement.unit}")
    if requirement.line and result.policy_path:
        where = f"{result.policy_path}:{requirement.line}:{requirement.column}"
        parts.append(element("code", where))
    return element("ul", (element("li", one) for one in parts), class_="facts")


@dataclass(frozen=True, slots=True)
class _Table:
    """How the rows of one requirement are drawn: those shown at once and those that unfold alike."""

    requirement: Requirement
    axis: Axis | None
    change: bool
    links: Links

    def draw(self, judgements: Sequence[Judgement]) -> Element:
        columns = list(self._columns())
        return element(
            "table",
            element("caption", f"{self.requirement.text} by slice", class_="hidden"),
            element("thead", self._head(columns)),
            element("tbody", (self._rows(one, columns) for one in judgements)),
            class_="intervals",
        )

    def _head(self, columns: Iterable[_Column]) -> Element:
        title = "change from the baseline" if self.change else "interval against the limit"
        return element(
            "tr",
            element("th", "slice", scope="col"),
            element(
                "th",
                element("span", title, class_="hidden" if self.axis and not self.change else None),
                scale(self.axis) if self.axis else None,
                scope="col",
                class_="drawing",
            ),
            (element("th", one.name, scope="col", class_="number") for one in columns),
        )

    def _rows(self, judgement: Judgement, columns: Iterable[_Column]) -> Iterator[Element]:
        nothing = element("span", "nothing to draw", class_="none")
        name = mark(judgement.verdict, word=False), " ", str(judgement.slice)
        yield element(
            "tr",
            element("th", name, scope="row"),
            element(
                "td",
                draw(self.axis, self.requirement, judgement, change=self.change)
                if self.axis
                else nothing,
                class_="drawing",
            ),
            (
                element("td", one.cell(judgement), class_="number", data_label=one.name)
                for one in columns
            ),
        )
        if judgement.verdict != "pass" or judgement is self.requirement.judgements[0]:
            why = element("td", self._why(judgement), colspan=2 + len(list(columns)))
            yield element("tr", why, class_="why")

    def _columns(self) -> Iterator[_Column]:
        judgements = self.requirement.judgements
        yield _Column("value", lambda one: number(one.measured.value, beside=one.limit))
        if any(one.measured.interval for one in judgements):
            yield _Column("interval", _interval)
        yield _Column("limit", lambda one: number(one.limit))
        if any(one.baseline for one in judgements):
            yield _Column(
                "baseline", lambda one: number(one.baseline.value if one.baseline else None)
            )
        if self.change:
            yield _Column("change", _difference)
        yield _Column("records", lambda one: number(one.measured.samples))
        if any(one.measured.unknown for one in judgements):
            yield _Column("unknown", lambda one: number(one.measured.unknown))

    def _why(self, judgement: Judgement) -> Iterator[Child]:
        yield judgement.reason
        if judgement.code:
            yield [" ", element("code", judgement.code)]
        if judgement.p_value is not None:
            yield [" p = ", number(judgement.p_value)]
            if judgement.adjusted not in (None, judgement.p_value):
                yield [", ", number(judgement.adjusted), " corrected over the slices"]
            yield "."
        if judgement.method:
            yield f" Method: {judgement.method}."
        if judgement.needed is not None:
            yield [" Further records that would settle it: ", number(judgement.needed), "."]
        if judgement.cases:
            yield [" Cases against it: ", self._cases(judgement.cases), "."]

    def _cases(self, cases: Iterable[str]) -> Iterator[Child]:
        for index, case in enumerate(cases):
            anchor = self.links.get(case)
            name = element("code", case)
            yield ", " if index else None
            yield name if anchor is None else element("a", name, href=f"#{anchor}")


def _interval(judgement: Judgement) -> Child:
    one = judgement.measured.interval
    return between(one.low, one.high, beside=judgement.limit) if one else number(None)


def _difference(judgement: Judgement) -> Child:
    one = judgement.difference
    return between(one.low, one.high) if one else number(None)
