"""JUnit's XML, which CI servers show: a suite for each requirement, a case for each slice.

What is inconclusive fails its case: a CI server must not show it as a success.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from demur.interop import junit
from demur.measure.results import GateResult, Judgement, Requirement
from demur.report import printable
from demur.report.gates.wording import (
    code,
    code_name,
    figures,
    sentence,
    settling,
    short,
    some_cases,
)


def write(result: GateResult) -> str:
    """The suites. What is wrong with the results as such is a suite of its own, before the others."""
    name = f"demur gate {short(result.policy)} {short(result.gate)}"
    suites = junit.new_suites(name)
    if result.problems:
        suite = junit.new_suite(suites, name)
        for problem, text in result.problems:
            case = junit.new_case(suite, name, code_name(problem))
            junit.put(case, "error", printable(text), code_name(problem), printable(text))
    for requirement in result.requirements:
        suite = junit.new_suite(suites, short(requirement.text))
        for one in (requirement.overall, *requirement.judgements[1:]):
            _case(suite, name, requirement, one)
    return junit.document(suites)


def _case(suite: Element, gate: str, requirement: Requirement, one: Judgement) -> None:
    classname = f"{gate}: {short(requirement.text)}"
    case = junit.new_case(suite, classname, short(str(one.slice)) if one.slice.of else "all")
    if one.verdict == "pass":
        return
    text = _text(requirement, one)
    if requirement.level == "warn":
        junit.put_output(case, f"warning, blocks nothing: {one.verdict}\n{text}")
        return
    kind = "error" if one.verdict == "error" else "failure"
    about = "inconclusive" if one.verdict == "inconclusive" else code_name(code(one))
    junit.put(case, kind, printable(one.reason), about, text)


def _text(requirement: Requirement, one: Judgement) -> str:
    cases = f"cases: {some_cases(one.cases)}" if one.cases else ""
    lines = (
        code_name(code(one)),
        sentence(one),
        settling(one),
        figures(requirement, one),
        cases,
    )
    return "\n".join(line for line in lines if line)
