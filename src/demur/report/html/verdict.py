"""The head of the page: the verdict, the sentence of why, and over what it was reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from demur.measure.results import VERDICTS, GateResult, Requirement
from demur.report import plural
from demur.report.gates.wording import by_damage
from demur.report.html.damage import mark, requirements_by_damage
from demur.report.html.element import Child, element
from demur.report.html.numbers import number


def verdict_header(result: GateResult) -> Element:
    """The verdict, large, and the one sentence of why."""
    return element(
        "header",
        element("p", "Gate ", element("strong", result.gate), " of ", result.policy, class_="gate"),
        element("h1", mark(result.verdict), class_=result.verdict),
        element("p", why(result), class_="because"),
        _further_problems(result),
        element("p", result.about) if result.about else None,
        element("ul", (element("li", one) for one in _facts(result)), class_="facts"),
    )


def why(result: GateResult) -> Child:
    """What decided: a problem, else the worst slice of the worst requirement that blocks."""
    if result.problems:
        code, sentence = result.problems[0]
        return [element("code", code), " ", sentence]
    blocking = requirements_by_damage(one for one in result.requirements if one.level == "fail")
    if not blocking:
        return "No requirement of this gate blocks, so nothing was put to the test."
    verdict = result.verdict
    if verdict == "pass":
        unsettled = sum(one.verdict != "pass" for one in result.requirements)
        return [
            f"All {plural(len(blocking), 'requirement')} that block hold"
            if len(blocking) > 1
            else "The one requirement that blocks holds",
            f"; {plural(unsettled, 'warning')}, blocking nothing." if unsettled else ".",
        ]
    alike = [one for one in blocking if one.verdict == verdict]
    more = len(alike) - 1
    return [
        element("code", alike[0].text),
        *_worst_place(alike[0]),
        f" {plural(more, 'further requirement')} came out alike." if more else None,
    ]


def _worst_place(requirement: Requirement) -> Iterator[Child]:
    if not requirement.judgements:
        yield " was not judged."
        return
    overall = requirement.overall
    if overall.verdict == requirement.verdict:
        yield f": {overall.reason}"
        return
    worst = by_damage(requirement)[0]
    yield f" in {worst.slice}: {worst.reason}"
    more = sum(one.verdict == requirement.verdict for one in requirement.judgements) - 1
    yield f" So in {plural(more, 'further slice')}." if more else None


def _facts(result: GateResult) -> Iterator[Child]:
    counts = Counter(one.verdict for one in result.requirements)
    found = [one for one in reversed(VERDICTS) if counts[one]]
    if found:
        tally = [[" ", number(counts[one]), " ", mark(one), ","] for one in found]
        tally[-1].pop()
        yield ["requirements:", tally]
    yield ["records: ", number(result.records)]
    if result.baseline is not None:
        compared: list[Child] = ["baseline: ", element("code", result.baseline)]
        if result.baseline_records is not None:
            compared += [", ", number(result.baseline_records), " records"]
        if result.paired is not None:
            compared += [", ", number(result.paired), " paired"]
        yield compared
    worse = sum(bool(one.worse) for one in result.flips)
    if result.flips:
        yield ["flips: ", number(len(result.flips)), ", ", number(worse), " worse"]
    yield ["owner: ", result.owner]


def _further_problems(result: GateResult) -> Element | None:
    if len(result.problems) < 2:
        return None
    return element(
        "ul",
        (
            element("li", element("code", code), " ", sentence)
            for code, sentence in result.problems[1:]
        ),
        class_="problems",
    )
