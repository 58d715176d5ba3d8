"""The parts of SARIF 2.1.0 that demur writes, as the standard wants them and no more."""

from __future__ import annotations

from typing import Any


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
    "ruleId ruleIndex level message",
    "locations fixes partialFingerprints properties",
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
    partialFingerprints={
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    properties={"type": "object"},
)
RUN = strict(
    "tool columnKind artifacts results",
    "automationDetails properties",
    tool=strict(
        "driver",
        driver=strict(
            "name version rules", name=TEXT_SCHEMA, version=TEXT_SCHEMA, rules=some(RULE)
        ),
    ),
    columnKind={"const": "unicodeCodePoints"},
    artifacts=some(strict("location", location=ARTIFACT)),
    results=some(RESULT),
    automationDetails=strict("id", id=TEXT_SCHEMA),
    properties={"type": "object"},
)
LOG = strict("version runs", version={"const": "2.1.0"}, runs=some(RUN, least=1))
LOG["properties"]["$schema"] = TEXT_SCHEMA
