"""JUnit's XML, which CI servers show: suites of cases, and how they are counted and written."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from demur.interop.escaping import calm_markup, printable_lines

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_suites(name: str) -> Element:
    """The root of a document."""
    return Element("testsuites", {"name": clean(name)})


def new_suite(suites: Element, name: str) -> Element:
    """One more suite."""
    return SubElement(suites, "testsuite", {"name": clean(name)})


def new_case(suite: Element, classname: str, name: str) -> Element:
    """One more case of a suite. It passes as long as nothing is put into it."""
    attributes = {"classname": clean(classname), "name": clean(name), "time": "0"}
    return SubElement(suite, "testcase", attributes)


def put(case: Element, kind: str, message: str, type_: str, text: str) -> None:
    """A `failure` or an `error` into a case."""
    about = {"message": clean(message), "type": clean(type_)}
    SubElement(case, kind, about).text = clean(text)


def put_output(element: Element, text: str) -> None:
    """What a case or a suite has to say beside its outcome."""
    SubElement(element, "system-out").text = clean(text)


def document(suites: Element) -> str:
    """The document as text; all counts are set here, from the cases that are there."""
    for element in (suites, *suites):
        _count(element)
    indent(suites)
    text = calm_markup(tostring(suites, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def clean(text: str) -> str:
    """The text in its own lines, without what XML cannot hold or what acts instead of showing."""
    return _NOT_XML.sub("\ufffd", printable_lines(text))


def _count(element: Element) -> None:
    cases = element.findall(".//testcase")
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    for name, count in counts.items():
        element.set(name, str(count))
    element.set("time", "0")
    if element.tag == "testsuite":
        element.set("skipped", "0")
