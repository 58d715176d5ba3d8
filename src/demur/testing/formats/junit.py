"""JUnit's XML, which every CI server shows: a suite for each file, a case for each test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from click import unstyle

from demur.diagnostics import Diagnostic, Severity, describe
from demur.interop import junit
from demur.testing.results import CaseResult, FileResult, TestReport
from demur.testing.wording import failure

if TYPE_CHECKING:
    from demur.testing.formats import Options


def write(report: TestReport, options: Options) -> str:
    """The suites. A file or a run with errors of its own has them as one more case."""
    del options
    suites = junit.new_suites("demur test")
    for file in report.files:
        _suite(suites, file)
    if report.diagnostics:
        suite = junit.new_suite(suites, "demur test")
        _failed(junit.new_case(suite, "demur.test", "run"), "failure", report.diagnostics)
    return junit.document(suites)


def _suite(suites: Element, file: FileResult) -> None:
    suite = junit.new_suite(suites, file.path)
    errors = [one for one in file.diagnostics if one.severity is Severity.ERROR]
    if errors:
        _failed(junit.new_case(suite, file.path, "file"), "error", errors)
    for case in file.cases:
        element = junit.new_case(suite, file.path, case.name)
        if not case.passed:
            _not_met(element, file, case)
    others = [one for one in file.diagnostics if one not in errors]
    if others:
        junit.put_output(suite, "\n".join(map(describe, others)))


def _not_met(element: Element, file: FileResult, case: CaseResult) -> None:
    names = dict.fromkeys(part.what for one in case.expectations for part in one.differences)
    message = f"not as expected: {', '.join(names)}"
    text = unstyle(failure(file, case))
    junit.put(element, "failure", message, "DM610 expectation-not-met", text)


def _failed(case: Element, kind: str, diagnostics: Sequence[Diagnostic]) -> None:
    first = diagnostics[0]
    text = "\n".join(map(describe, diagnostics))
    junit.put(case, kind, first.message, f"{first.code} {first.name}", text)
