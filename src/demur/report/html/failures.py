"""Failure modes and actions by slice, counted, with a bar for the share of the slice's records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from xml.etree.ElementTree import Element

from demur.measure.results import FailureCount, GateResult
from demur.report import plural
from demur.report.gates.wording import rounded
from demur.report.html.axis import percent
from demur.report.html.damage import SHOWN
from demur.report.html.element import Child, element
from demur.report.html.numbers import number


def failures_section(result: GateResult) -> Element | None:
    """The table: all records first, then the slices with the greatest share of failures."""
    if not result.failures:
        return None
    overall, *slices = result.failures
    ordered = [overall, *sorted(slices, key=_share, reverse=True)]
    hidden = len(ordered) - SHOWN
    failures = _names(one.failures for one in ordered)
    actions = _names(
        {name: count for name, count in one.actions.items() if count} for one in ordered
    )
    return element(
        "section",
        element("h2", "Failure modes by slice"),
        element(
            "p",
            "Records that count as each failure, and how they were decided; the bar is their share of"
            " the slice. All records first, then the slices with the greatest share of failures.",
            class_="note",
        ),
        element(
            "div",
            element(
                "table",
                element("caption", "Failures and actions by slice", class_="hidden"),
                _head(failures, actions),
                element("tbody", (_row(one, failures, actions) for one in ordered[:SHOWN])),
                class_="failures",
            ),
            class_="wide",
            role="region",
            aria_label="Failure modes by slice",
            tabindex="0",
        ),
        element("p", f"{plural(hidden, 'slice')} with a smaller share not shown.", class_="note")
        if hidden > 0
        else None,
        _runbooks(failures, result.failure_runbooks),
        id="failures",
    )


def _runbooks(failures: Iterable[str], links: Mapping[str, str]) -> Element | None:
    """Where it says what to do about each failure: as text, for the page leads nowhere."""
    shown = [(name, links[name]) for name in failures if name in links]
    if not shown:
        return None
    return element(
        "div",
        element("h3", "Their runbooks"),
        element(
            "dl",
            ((element("dt", name), element("dd", element("code", link))) for name, link in shown),
        ),
    )


def share_bar(count: int, of: int, kind: str) -> Element:
    """A small bar as long as the share is large."""
    share = 100 * count / of if of else 0.0
    return element(
        "svg",
        element("title", f"{rounded(share, 3)} % of {of:,}"),
        element("rect", width="100%", height="6", class_="rest"),
        element("rect", width=percent(min(share, 100.0)), height="6", class_=kind),
        role="img",
        class_="share",
    )


def _head(failures: Sequence[str], actions: Sequence[str]) -> Element:
    groups: list[Child] = [
        element("th", name, scope="colgroup", colspan=len(names), class_="group")
        for name, names in (("failures", failures), ("actions", actions))
        if names
    ]
    return element(
        "thead",
        element(
            "tr",
            element("th", "slice", scope="col", rowspan="2"),
            element("th", "records", scope="col", rowspan="2", class_="number"),
            groups,
        ),
        element(
            "tr",
            (element("th", name, scope="col", class_="number") for name in (*failures, *actions)),
        ),
    )


def _row(one: FailureCount, failures: Iterable[str], actions: Iterable[str]) -> Element:
    cells = [
        *((one.failures.get(name, 0), "failing") for name in failures),
        *((one.actions.get(name, 0), "acting") for name in actions),
    ]
    return element(
        "tr",
        element("th", str(one.slice), scope="row"),
        element("td", number(one.records), class_="number"),
        (
            element("td", number(count), share_bar(count, one.records, kind), class_="number")
            for count, kind in cells
        ),
    )


def _names(counts: Iterable[Mapping[str, int]]) -> list[str]:
    """All names that were counted, the most frequent first."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return [name for name, _ in total.most_common()]


def _share(one: FailureCount) -> float:
    return sum(one.failures.values()) / one.records if one.records else 0.0
