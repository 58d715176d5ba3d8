"""The cases that one can open: flips against the baseline, worse first, then others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from demur.measure.results import Case, Flip, GateResult
from demur.report import plural
from demur.report.gates.wording import flip_counts, ordered_flips
from demur.report.html.damage import SHOWN
from demur.report.html.element import Child, element

LONGEST = 10_000
"""Characters of a record that are shown."""


def further_cases(result: GateResult) -> list[Case]:
    """The cases that are not among the flips that are shown."""
    flipped = {one.case for one in ordered_flips(result)[:SHOWN]}
    return [one for one in result.cases if one.id not in flipped]


def anchors(result: GateResult) -> dict[str, str]:
    """Where each case that is shown can be opened, by its id."""
    flips = {one.case: f"flip-{at}" for at, one in enumerate(ordered_flips(result)[:SHOWN])}
    cases = {one.id: f"case-{at}" for at, one in enumerate(further_cases(result)[:SHOWN])}
    return {**cases, **flips}


def flips_section(result: GateResult) -> Element | None:
    """The flips; None without a baseline."""
    if result.baseline is None:
        return None
    flips = ordered_flips(result)
    worse, better, neither = flip_counts(result)
    counted = (
        f"{plural(len(flips), 'case')} came out otherwise than in the baseline: {worse:,} worse,"
        f" {better:,} better, {neither:,} neither."
        if flips
        else "No case came out otherwise than in the baseline."
    )
    return element(
        "section",
        element("h2", "Flips against the baseline"),
        element("p", counted, class_="note"),
        (_flip(one, f"flip-{at}") for at, one in enumerate(flips[:SHOWN])),
        _more(len(flips)),
        id="flips",
    )


def cases_section(result: GateResult) -> Element | None:
    """Further cases; None where there are none."""
    cases = further_cases(result)
    if not cases:
        return None
    title = "Further cases" if result.flips else "Cases"
    return element(
        "section",
        element("h2", title),
        (_case(one, f"case-{at}") for at, one in enumerate(cases[:SHOWN])),
        _more(len(cases)),
        id="cases",
    )


def _flip(one: Flip, anchor: str) -> Element:
    verdict, sign = (
        ("worse", "▼") if one.worse else ("better", "▲") if one.better else ("other", "•")
    )
    rules = [one.rule_before, one.rule_after]
    facts: list[tuple[str, Child]] = [
        ("better by", ", ".join(one.better) if one.worse else None),
        ("rule", [_name(rules[0]), " → ", _name(rules[1])] if any(rules) else None),
    ]
    summary = [
        element("span", element("span", sign, aria_hidden="true"), f" {verdict}", class_=verdict),
        element("code", one.case, class_="id"),
        element("span", f"{one.before} → {one.after}", class_="change"),
        element("span", ", ".join(one.worse or one.better), class_="by"),
    ]
    return _details(anchor, summary, facts, one.record)


def _case(one: Case, anchor: str) -> Element:
    summary = [
        element("code", one.id, class_="id"),
        element("span", one.action, class_="change"),
        element("span", one.failure or "", class_="by"),
    ]
    facts: list[tuple[str, Child]] = [("rule", element("code", one.rule) if one.rule else None)]
    return _details(anchor, summary, facts, one.record)


def _details(
    anchor: str,
    summary: Sequence[Element],
    facts: Sequence[tuple[str, Child]],
    record: Mapping[str, Any],
) -> Element:
    # The anchor is inside: browsers open what a link leads into.
    return element(
        "details",
        element("summary", ((one, " ") for one in summary)),
        element(
            "div",
            element(
                "dl",
                ((element("dt", name), element("dd", value)) for name, value in facts if value),
            )
            if any(value for _, value in facts)
            else None,
            element("pre", _written(record), tabindex="0"),
            id=anchor,
        ),
        class_="case",
    )


def _written(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
    further = len(text) - LONGEST
    return text if further <= 0 else f"{text[:LONGEST]}\n… {plural(further, 'further character')}"


def _name(rule: str | None) -> Child:
    return element("code", rule) if rule else "no rule"


def _more(count: int) -> Element | None:
    if count <= SHOWN:
        return None
    return element("p", f"{plural(count - SHOWN, 'further case')} not shown.", class_="note")
