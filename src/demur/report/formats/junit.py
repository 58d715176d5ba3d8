"""JUnit's XML, which CI servers show: a test case a file, failed where it has errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from demur.diagnostics import Checked, Diagnostic, Severity, describe
from demur.interop import junit
from demur.report import Codes, plural


def write(results: Sequence[Checked], codes: Codes) -> str:
    """One test suite. Warnings and notes are the case's output."""
    del codes
    suites = junit.new_suites("demur lint")
    suite = junit.new_suite(suites, "demur lint")
    for checked in results:
        _case(suite, checked)
    return junit.document(suites)


def _case(suite: Element, checked: Checked) -> None:
    case = junit.new_case(suite, "demur.lint", checked.path)
    errors = [one for one in checked.diagnostics if _is_error(one)]
    others = [one for one in checked.diagnostics if not _is_error(one)]
    if errors:
        first = errors[0]
        message = first.message if len(errors) == 1 else plural(len(errors), "error")
        junit.put(case, "failure", message, f"{first.code} {first.name}", _lines(errors))
    if others:
        junit.put_output(case, _lines(others))


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _lines(diagnostics: Iterable[Diagnostic]) -> str:
    return "\n".join(map(describe, diagnostics))
