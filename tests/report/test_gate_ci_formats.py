"""What CI servers read of a gate: SARIF, JUnit and GitHub's commands, read back as they would."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest

from demur.measure.results import GateResult
from demur.report import gates
from tests.report.gate_pages import (
    HOSTILE,
    PASSING,
    RECALL,
    RESULT,
    TROUBLED,
    WRONG,
    hostile,
    judged,
    required,
)
from tests.report.sarif_schema import LOG
from tests.report.test_other_formats import COMMAND, unescaped

BUNDLE = replace(
    TROUBLED,
    policy_path="",
    requirements=tuple(replace(one, line=0, column=0) for one in TROUBLED.requirements),
)
ATTACKS = [HOSTILE, "\r\n::set-output name=a::b", "%0A::error::x", "]]> <![CDATA[ &amp;", "`"]


def log(result: GateResult) -> dict[str, Any]:
    document = json.loads(gates.write("sarif", result).encode("utf-8"))
    jsonschema.validate(document, LOG)
    return document["runs"][0]


def found(result: GateResult) -> dict[tuple[str, str], dict[str, Any]]:
    """The results of judgements by requirement and slice."""
    return {
        (one["message"]["text"].split(":")[0], one["properties"]["slice"]): one
        for one in log(result)["results"]
        if "properties" in one
    }


def test_sarif_has_what_is_not_met_and_nothing_of_what_is() -> None:
    assert [(*key, one["ruleId"], one["level"]) for key, one in found(TROUBLED).items()] == [
        ("wrong_rate <= 0.02", "locale = de", "DM801", "error"),
        ("wrong_rate <= 0.02", "locale = pl", "DM801", "error"),
        ("wrong_rate <= 0.02", "locale = es", "DM802", "warning"),
        ("recall >= 0.95", "locale = es", "DM815", "error"),
        ("cost <= baseline * 1.1", "all", "DM801", "warning"),
    ]
    assert log(PASSING)["results"] == []


def test_sarif_says_that_an_inconclusive_warning_is_a_note() -> None:
    mild = replace(required("a <= 1", judged("inconclusive", 1.0)), level="warn")
    assert [one["level"] for one in log(replace(PASSING, requirements=(mild,)))["results"]] == [
        "note"
    ]


def test_sarif_points_at_the_threshold_and_each_result_at_its_rule() -> None:
    run = log(TROUBLED)
    place = found(TROUBLED)["cost <= baseline * 1.1", "all"]["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == "policies/support.yaml"
    assert place["region"] == {"startLine": 84, "startColumn": 9, "endLine": 84, "endColumn": 31}
    rules = run["tool"]["driver"]["rules"]
    assert {rules[one["ruleIndex"]]["id"] for one in run["results"]} == {
        one["ruleId"] for one in run["results"]
    }
    assert next(one["name"] for one in rules if one["id"] == "DM801") == "requirement-missed"


def test_sarif_of_a_bundle_has_no_places_and_a_problem_has_the_file() -> None:
    assert not [one for one in log(BUNDLE)["results"] if "locations" in one]
    (problem,) = (one for one in log(TROUBLED)["results"] if one["ruleId"] == "DM812")
    place = problem["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policies/support.yaml"}}


def test_sarif_gives_the_numbers_and_writes_infinities_as_text() -> None:
    endless = judged("fail", math.inf, interval=(0.5, math.inf), unknown=2)
    result = replace(PASSING, requirements=(required("a <= 1", endless),))
    properties = found(result)["a <= 1", "all"]["properties"]
    assert properties["value"] == "Infinity"
    assert properties["interval"] == [0.5, "Infinity"]
    assert (properties["n"], properties["unknown"], properties["limit"]) == (400, 2, 0.02)


def test_fingerprints_tell_findings_apart_and_outlive_their_numbers_and_places() -> None:
    prints = [one["partialFingerprints"]["demurGate/v1"] for one in log(TROUBLED)["results"]]
    assert len(set(prints)) == len(prints)
    moved = replace(
        WRONG,
        line=7,
        judgements=tuple(
            replace(one, verdict="fail", reason="Worse.", measured=replace(one.measured, value=0.5))
            for one in WRONG.judgements
        ),
    )
    before, after = found(RESULT), found(replace(RESULT, requirements=(moved, RECALL)))
    for key, one in before.items():
        assert one["partialFingerprints"] == after[key]["partialFingerprints"]


@pytest.mark.parametrize("text", ATTACKS)
def test_sarif_and_junit_are_valid_whatever_a_record_holds(text: str) -> None:
    assert len(log(hostile(TROUBLED, text))["results"]) == 4
    root = ElementTree.fromstring(gates.write("junit", hostile(TROUBLED, text)).encode("utf-8"))
    assert len(root.findall(".//testcase")) == 4


def cases(result: GateResult) -> dict[tuple[str, str], ElementTree.Element]:
    root = ElementTree.fromstring(gates.write("junit", result))
    return {
        (suite.attrib["name"], case.attrib["name"]): case
        for suite in root
        for case in suite.findall("testcase")
    }


def test_junit_has_a_suite_a_requirement_and_a_case_a_slice_the_whole_first() -> None:
    root = ElementTree.fromstring(gates.write("junit", RESULT))
    assert [
        (one.attrib["name"], [case.attrib["name"] for case in one.findall("testcase")])
        for one in root
    ] == [
        (
            "wrong_rate <= 0.02",
            ["all", "locale = fr", "locale = es", "locale = pl", "locale = de"],
        ),
        ("recall >= 0.95", ["all", "locale = es", "locale: 7 small slices together"]),
    ]


def test_junit_passes_only_what_passes_or_warns() -> None:
    outcomes = {
        key: [(child.tag, child.attrib.get("type")) for child in case]
        for key, case in cases(TROUBLED).items()
    }
    assert {key: one for key, one in outcomes.items() if one} == {
        ("demur gate support-rag release", "DM812 lost-case"): [("error", "DM812 lost-case")],
        ("wrong_rate <= 0.02", "locale = es"): [("failure", "inconclusive")],
        ("wrong_rate <= 0.02", "locale = pl"): [("failure", "DM801 requirement-missed")],
        ("wrong_rate <= 0.02", "locale = de"): [("failure", "DM801 requirement-missed")],
        ("recall >= 0.95", "locale = es"): [("error", "DM815 missing-slice")],
        ("cost <= baseline * 1.1", "all"): [("system-out", None)],
    }
    assert len(outcomes) == 10
    warned = cases(TROUBLED)["cost <= baseline * 1.1", "all"].find("system-out")
    assert warned is not None
    assert (warned.text or "").startswith("warning, blocks nothing: fail\n")


def test_junit_counts_agree_with_its_cases() -> None:
    root = ElementTree.fromstring(gates.write("junit", TROUBLED))
    for element in (root, *root):
        found = element.findall(".//testcase")
        counted = {
            "tests": len(found),
            "failures": sum(one.find("failure") is not None for one in found),
            "errors": sum(one.find("error") is not None for one in found),
        }
        assert {name: int(element.attrib[name]) for name in counted} == counted


def test_junit_gives_the_reason_the_numbers_and_the_cases() -> None:
    failure = cases(RESULT)["wrong_rate <= 0.02", "locale = pl"].find("failure")
    assert failure is not None
    assert failure.text == (
        "DM801 requirement-missed\n"
        "locale = pl: A reason.\n"
        "value 0.03, interval 0.004 to 0.05, limit 0.02, 400 records\n"
        "cases: g-17, gone"
    )


def commands(result: GateResult) -> list[tuple[str, dict[str, str], str]]:
    """Each command's kind, properties and message, read as GitHub does: line by line."""
    read: list[tuple[str, dict[str, str], str]] = []
    for line in gates.write("github", result).splitlines():
        command = COMMAND.fullmatch(line)
        assert command is not None, line
        properties = dict(one.split("=", 1) for one in command[2].split(","))
        shown = {name: unescaped(value) for name, value in properties.items()}
        read.append((command[1], shown, unescaped(command[3])))
    return read


def test_github_has_one_command_a_requirement_that_is_not_met() -> None:
    assert [(kind, shown["title"]) for kind, shown, _ in commands(TROUBLED)] == [
        ("error", "DM812 lost-case"),
        ("error", "DM801 fail in locale = de and 1 more slice: wrong_rate <= 0.02"),
        ("error", "DM815 error in locale = es: recall >= 0.95"),
        ("warning", "DM801 fail: cost <= baseline * 1.1"),
    ]
    assert commands(PASSING) == []


def test_github_points_at_the_threshold_and_tells_the_slices_worst_first() -> None:
    _, shown, message = commands(TROUBLED)[1]
    assert (shown["file"], shown["line"], shown["col"]) == ("policies/support.yaml", "84", "9")
    assert message.split("\n") == [
        "✕ locale = de: A reason.",
        "✕ locale = pl: A reason. Cases: g-17, gone",
        "? locale = es: A reason. 340 further cases like these would settle it.",
    ]
    assert "file" not in commands(BUNDLE)[1][1]


def test_github_tells_ten_slices_and_how_many_more_there_are() -> None:
    slices = (judged("fail", 0.5, of=f"s{at:02}") for at in range(14))
    many = required("a <= 0.02", judged("pass", 0.01), *slices)
    ((_, _, message),) = commands(replace(PASSING, requirements=(many,)))
    assert message.count("\n✕") + 1 == 10
    assert message.endswith("\n… and 4 slices more")


@pytest.mark.parametrize("text", ATTACKS)
def test_no_record_writes_a_command_of_its_own(text: str) -> None:
    assert [kind for kind, _, _ in commands(hostile(TROUBLED, text))] == ["error"] * 3
