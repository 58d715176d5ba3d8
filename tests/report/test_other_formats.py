"""JSON, JUnit, GitHub and text: each read back as its reader would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import click
import jsonschema
import pytest
from rich.cells import cell_len

from demur import report
from demur.diagnostics import Checked, Diagnostic, Position, Severity, Span
from demur.report.excerpt import WIDTH, excerpt
from tests.conftest import ROOT
from tests.report.findings import CODES, PATH, RESULTS

SCHEMA = json.loads((ROOT / "schemas" / "diagnostics.schema.json").read_text(encoding="utf-8"))


def finding(message: str, path: str = "a.yaml", *, help: str | None = None) -> Checked:
    place = Span(path, Position(1, 1), Position(1, 2))
    one = Diagnostic("DM304", "unknown-name", Severity.ERROR, message, place, help)
    return Checked(path, "when: x\n", (one,))


def test_json_is_as_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = json.loads(report.write("json", RESULTS, CODES))
    jsonschema.validate(document, SCHEMA)
    assert document["summary"] == {
        "files": 3,
        "errors": 3,
        "warnings": 1,
        "notes": 1,
        "suppressed": 2,
    }
    first = document["files"][0]["diagnostics"][0]
    assert first["title"] == "A name that nothing declares"
    assert first["edits"][0]["replacement"] == "answer"


def test_junit_counts_agree_with_its_cases() -> None:
    root = ElementTree.fromstring(report.write("junit", RESULTS, CODES))
    [suite] = root
    cases = list(suite)
    failed = [case for case in cases if case.find("failure") is not None]
    assert [element.tag for element in (root, suite, *cases)] == [
        "testsuites",
        "testsuite",
        *["testcase"] * 3,
    ]
    for element in (root, suite):
        assert element.attrib["tests"] == str(len(cases))
        assert element.attrib["failures"] == str(len(failed)) == "2"
    for case in cases:
        assert set(case.attrib) == {"classname", "name", "time"}
        assert [child.tag for child in case] in (
            [],
            ["failure"],
            ["system-out"],
            ["failure", "system-out"],
        )


def test_junit_puts_warnings_into_output_and_does_not_fail_for_them() -> None:
    warning = Diagnostic("DM501", "long-condition", Severity.WARNING, "Long.")
    root = ElementTree.fromstring(report.write("junit", [Checked("a", "", (warning,))], CODES))
    assert root.attrib["failures"] == "0"
    assert root.find(".//failure") is None
    output = root.find(".//system-out")
    assert output is not None
    assert output.text == "warning[DM501]: Long."


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\ud800", "\uffff", "]]> <![CDATA[ & \" '"])
def test_junit_is_xml_whatever_a_message_holds(text: str) -> None:
    written = report.write("junit", [finding(text, path=text)], CODES)
    root = ElementTree.fromstring(written.encode("utf-8"))
    assert root.find(".//failure") is not None


COMMAND = re.compile(r"::(error|warning|notice) ([^:\n]*)::([^\n]*)")


def unescaped(text: str) -> str:
    for mark, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(mark, character)
    return text


def test_github_commands_read_back_as_the_findings() -> None:
    message = "100% wrong: a,\r\nb::c %0A"
    written = report.write("github", [finding(message, path=PATH)], CODES)
    command = COMMAND.fullmatch(written.removesuffix("\n"))
    assert command is not None
    properties = dict(one.split("=", 1) for one in command[2].split(","))
    assert unescaped(properties["file"]) == PATH
    assert properties["title"] == "DM304"
    assert (properties["line"], properties["col"], properties["endColumn"]) == ("1", "1", "2")
    assert unescaped(command[3]) == f"unknown-name: {message}".replace("\r\n", "\n")


def test_github_has_no_columns_for_a_finding_over_several_lines() -> None:
    place = Span("a.yaml", Position(1, 5), Position(3, 2))
    one = Diagnostic("DM304", "unknown-name", Severity.ERROR, "No.", place)
    written = report.write("github", [Checked("a.yaml", "", (one,))], CODES)
    assert "line=1,endLine=3,title" in written


def test_text_is_coloured_and_its_colours_can_be_taken_out() -> None:
    written = report.write("text", RESULTS, CODES)
    assert "\x1b[31m" in written
    assert "\x1b" not in click.unstyle(written)


def test_text_lets_no_message_write_to_the_terminal() -> None:
    checked = finding("evil \x1b]0;title\x07 text", path="a\x1b[2J.yaml", help="\x1b[1A")
    written = click.unstyle(report.write("text", [checked], CODES))
    assert "\x1b" not in written
    assert "\x07" not in written


@pytest.mark.parametrize(
    ("line", "columns", "marked"),
    [
        ("when: a < b", (7, 12), "a < b"),
        ("日本: 語 < b", (5, 6), "語"),
        ("\twhen: x", (8, 9), "x"),
        ("when: x\r", (7, 8), "x"),
        ("when: x", (8, 8), ""),
        ("\u202ewhen: x", (8, 9), "x"),
    ],
)
def test_carets_stand_under_what_is_meant(line: str, columns: tuple[int, int], marked: str) -> None:
    span = Span("a", Position(2, columns[0]), Position(2, columns[1]))
    found = excerpt(f"first\n{line}\nlast", span)
    assert found is not None
    shown, carets = found
    indent = len(carets) - len(carets.lstrip())
    assert carets.strip() == "^" * max(cell_len(marked), 1)
    at = next(at for at in range(len(shown) + 1) if cell_len(shown[:at]) == indent)
    assert shown[at:].startswith(marked)


@pytest.mark.parametrize("columns", [(500, 503), (1, 4), (998, 1001), (2, 900)])
def test_long_line_is_cut_around_the_finding(columns: tuple[int, int]) -> None:
    line = "".join(chr(ord("a") + at % 26) for at in range(1000))
    found = excerpt(line, Span("a", Position(1, columns[0]), Position(1, columns[1])))
    assert found is not None
    shown, carets = found
    assert cell_len(shown) <= WIDTH + 3
    start = carets.index("^")
    marked = line[columns[0] - 1 : columns[1] - 1]
    assert shown[start : start + len(carets.strip())].rstrip("…") in marked


def test_place_outside_of_the_text_has_no_excerpt() -> None:
    assert excerpt("one line", Span("a", Position(9, 1), Position(9, 2))) is None


def test_every_schema_is_a_schema() -> None:
    for path in Path(ROOT / "schemas").glob("*.schema.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
