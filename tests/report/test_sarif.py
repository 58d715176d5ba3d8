"""SARIF: what the standard asks of the parts that demur writes, and that its places are right."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from demur import report
from demur.diagnostics import Checked, Diagnostic, Position, Severity, Span
from tests.report.findings import CODES, PATH, RESULTS, TEXT
from tests.report.sarif_schema import LOG


def log(*results: Checked) -> dict[str, Any]:
    document = json.loads(report.write("sarif", results, CODES))
    jsonschema.validate(document, LOG)
    return document["runs"][0]


def test_log_is_valid_with_and_without_findings() -> None:
    assert len(log(*RESULTS)["results"]) == 5
    assert log(Checked("a.yaml", "", ()))["results"] == []


def test_each_result_points_to_its_rule() -> None:
    run = log(*RESULTS)
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_region_holds_what_the_finding_is_about_counted_in_characters() -> None:
    region = log(*RESULTS)["results"][1]["locations"][0]["physicalLocation"]["region"]
    line = TEXT.split("\n")[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "tru"


def test_fix_mends_the_text() -> None:
    fix = log(*RESULTS)["results"][0]["fixes"][0]
    [replacement] = fix["artifactChanges"][0]["replacements"]
    region = replacement["deletedRegion"]
    line = TEXT.split("\n")[region["startLine"] - 1]
    mended = (
        line[: region["startColumn"] - 1]
        + replacement["insertedContent"]["text"]
        + line[region["endColumn"] - 1 :]
    )
    assert mended == "  late: {when: answer.confidence < 0.7, then: flag}"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PATH, "policies/my%2C%20policy%3A%20100%25.yaml"),
        ("../shared/é.yaml", "../shared/%C3%A9.yaml"),
        ("/srv/a b.yaml", "file:///srv/a%20b.yaml"),
        ("C:/policies/a#1.yaml", "file:///C:/policies/a%231.yaml"),
    ],
)
def test_path_becomes_a_uri(path: str, uri: str) -> None:
    place = Position(1, 1)
    one = Diagnostic("DM304", "unknown-name", Severity.ERROR, "No.", Span(path, place, place))
    run = log(Checked(path, "", (one,)))
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == run["artifacts"][0]["location"]["uri"] == uri


def test_unknown_code_still_has_a_rule() -> None:
    one = Diagnostic("DM999", "brand-new", Severity.WARNING, "Odd.")
    [rule] = log(Checked("a.yaml", "", (one,)))["tool"]["driver"]["rules"]
    assert rule["name"] == "brand-new"
