"""JUnit's XML, which CI servers show: a test case a file, failed where it has errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from demur.diagnostics import Checked, Diagnostic, Severity, describe
from demur.report import Codes, plural

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(results: Sequence[Checked], codes: Codes) -> str:
    """One test suite. Warnings and notes are the case's output."""
    del codes
    failures = sum(any(map(_is_error, checked.diagnostics)) for checked in results)
    counts = {
        "name": "demur lint",
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": "0",
        "time": "0",
    }
    suites = Element("testsuites", counts)
    suite = SubElement(suites, "testsuite", {**counts, "skipped": "0"})
    for checked in results:
        _case(suite, checked)
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _case(suite: Element, checked: Checked) -> None:
    attributes = {"classname": "demur.lint", "name": _clean(checked.path), "time": "0"}
    case = SubElement(suite, "testcase", attributes)
    errors = [one for one in checked.diagnostics if _is_error(one)]
    others = [one for one in checked.diagnostics if not _is_error(one)]
    if errors:
        first = errors[0]
        message = first.message if len(errors) == 1 else plural(len(errors), "error")
        failure = SubElement(
            case, "failure", {"message": _clean(message), "type": f"{first.code} {first.name}"}
        )
        failure.text = _lines(errors)
    if others:
        SubElement(case, "system-out").text = _lines(others)


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _lines(diagnostics: Iterable[Diagnostic]) -> str:
    return _clean("\n".join(map(describe, diagnostics)))


def _clean(text: str) -> str:
    """The text without characters that XML cannot hold, escaped or not."""
    return _NOT_XML.sub("\ufffd", text)
