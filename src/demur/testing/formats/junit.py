"""JUnit's XML, which every CI server shows: a suite for each file, a case for each test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from click import unstyle

from demur.diagnostics import Diagnostic, Severity, describe
from demur.testing.results import CaseResult, FileResult, TestReport
from demur.testing.wording import failure

if TYPE_CHECKING:
    from demur.testing.formats import Options

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: TestReport, options: Options) -> str:
    """The suites. A file or a run with errors of its own has them as one more case."""
    del options
    suites = Element("testsuites", {"name": "demur test"})
    for file in report.files:
        _suite(suites, file)
    if report.diagnostics:
        suite = SubElement(suites, "testsuite", {"name": "demur test"})
        _failed(_case(suite, "demur.test", "run"), "failure", report.diagnostics)
        _count(suite)
    _count(suites, of=".//testcase")
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _suite(suites: Element, file: FileResult) -> None:
    suite = SubElement(suites, "testsuite", {"name": _clean(file.path)})
    errors = [one for one in file.diagnostics if one.severity is Severity.ERROR]
    if errors:
        _failed(_case(suite, file.path, "file"), "error", errors)
    for case in file.cases:
        element = _case(suite, file.path, case.name)
        if not case.passed:
            _not_met(element, file, case)
    others = [one for one in file.diagnostics if one not in errors]
    if others:
        SubElement(suite, "system-out").text = _clean("\n".join(map(describe, others)))
    _count(suite)


def _case(suite: Element, classname: str, name: str) -> Element:
    attributes = {"classname": _clean(classname), "name": _clean(name), "time": "0"}
    return SubElement(suite, "testcase", attributes)


def _not_met(element: Element, file: FileResult, case: CaseResult) -> None:
    names = dict.fromkeys(part.what for one in case.expectations for part in one.differences)
    about = {"message": f"not as expected: {', '.join(names)}", "type": "DM610 expectation-not-met"}
    SubElement(element, "failure", about).text = _clean(unstyle(failure(file, case)))


def _failed(case: Element, kind: str, diagnostics: Sequence[Diagnostic]) -> None:
    first = diagnostics[0]
    about = {"message": _clean(first.message), "type": f"{first.code} {first.name}"}
    SubElement(case, kind, about).text = _clean("\n".join(map(describe, diagnostics)))


def _count(element: Element, of: str = "testcase") -> None:
    cases = element.findall(of)
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    for name, count in counts.items():
        element.set(name, str(count))
    element.set("skipped", "0")
    element.set("time", "0")


def _clean(text: str) -> str:
    """The text without characters that XML cannot hold, escaped or not."""
    return _NOT_XML.sub("\ufffd", text)
