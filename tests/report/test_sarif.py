"""SARIF: what the standard asks of the parts that demur writes, and that its places are right."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from demur import report
from demur.diagnostics import Checked, Diagnostic, Position, Severity, Span
from tests.report.findings import CODES, PATH, RESULTS, TEXT


def strict(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    """The schema of an object with these properties and no others."""
    assert set(properties) == {*required.split(), *optional.split()}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


def some(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


TEXT_SCHEMA = {"type": "string", "minLength": 1}
FROM_ONE = {"type": "integer", "minimum": 1}
MESSAGE = strict("text", text=TEXT_SCHEMA)
ARTIFACT = strict("uri", uri={"type": "string", "pattern": r"^(file:///)?[A-Za-z0-9._~%/:-]+$"})
REGION = strict(
    "startLine startColumn endLine endColumn",
    startLine=FROM_ONE,
    startColumn=FROM_ONE,
    endLine=FROM_ONE,
    endColumn=FROM_ONE,
)
RULE = strict(
    "id name shortDescription fullDescription help",
    id={"type": "string", "pattern": "^DM[0-9]{3}$"},
    name=TEXT_SCHEMA,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=strict("text markdown", text=TEXT_SCHEMA, markdown=TEXT_SCHEMA),
)
FIX = strict(
    "description artifactChanges",
    description=MESSAGE,
    artifactChanges=some(
        strict(
            "artifactLocation replacements",
            artifactLocation=ARTIFACT,
            replacements=some(
                strict(
                    "deletedRegion insertedContent",
                    deletedRegion=REGION,
                    insertedContent=strict("text", text={"type": "string"}),
                ),
                least=1,
            ),
        ),
        least=1,
    ),
)
RESULT = strict(
    "ruleId ruleIndex level message locations",
    "fixes",
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["error", "warning", "note"]},
    message=MESSAGE,
    locations=some(
        strict(
            "physicalLocation",
            physicalLocation=strict(
                "artifactLocation", "region", artifactLocation=ARTIFACT, region=REGION
            ),
        ),
        least=1,
    ),
    fixes=some(FIX, least=1),
)
RUN = strict(
    "tool columnKind artifacts results",
    tool=strict(
        "driver",
        driver=strict(
            "name version rules", name=TEXT_SCHEMA, version=TEXT_SCHEMA, rules=some(RULE)
        ),
    ),
    columnKind={"const": "unicodeCodePoints"},
    artifacts=some(strict("location", location=ARTIFACT)),
    results=some(RESULT),
)
LOG = strict("version runs", version={"const": "2.1.0"}, runs=some(RUN, least=1))
LOG["properties"]["$schema"] = TEXT_SCHEMA


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
