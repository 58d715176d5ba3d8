"""SARIF 2.1.0, the OASIS standard's format, for code scanning services and editors."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from demur.diagnostics import Checked, Diagnostic, Severity, Span
from demur.report import Codes, version

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_DRIVE = re.compile(r"[A-Za-z]:/")
_MARKUP = re.compile(r"^```.*\n?|`", re.MULTILINE)


def write(results: Sequence[Checked], codes: Codes) -> str:
    """A log of one run. Columns count code points, as they do everywhere in demur."""
    found = [(checked, one) for checked in results for one in checked.diagnostics]
    rules = {one.code: (one.name, one.name, one.message) for _, one in found}
    rules = {code: codes.get(code, rules[code]) for code in sorted(rules)}
    indices = {code: index for index, code in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "demur",
                "version": version(),
                "rules": [_rule(code, *about) for code, about in rules.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _artifact(checked.path)} for checked in results],
        "results": [_result(one, checked, indices[one.code]) for checked, one in found],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, name: str, title: str, explanation: str) -> dict[str, Any]:
    explanation = explanation.strip()
    plain = _MARKUP.sub("", explanation)
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": plain},
        "help": {"text": plain, "markdown": explanation},
    }


def _result(diagnostic: Diagnostic, checked: Checked, rule: int) -> dict[str, Any]:
    advice = f" {diagnostic.help}" if diagnostic.help else ""
    place: dict[str, Any] = {"artifactLocation": _artifact(checked.path)}
    if diagnostic.span is not None:
        place = {
            "artifactLocation": _artifact(diagnostic.span.path),
            "region": _region(diagnostic.span),
        }
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": diagnostic.message + advice},
        "locations": [{"physicalLocation": place}],
    }
    if diagnostic.edits:
        result["fixes"] = [_fix(diagnostic)]
    return result


def _fix(diagnostic: Diagnostic) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in diagnostic.edits:
        changes.setdefault(edit.span.path, []).append(
            {
                "deletedRegion": _region(edit.span),
                "insertedContent": {"text": edit.replacement},
            }
        )
    return {
        "description": {"text": diagnostic.help or diagnostic.message},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }


def _artifact(path: str) -> dict[str, str]:
    if _DRIVE.match(path):
        return {"uri": f"file:///{path[:2]}{quote(path[2:])}"}
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    # A colon in a relative reference's first segment would be read as a scheme's end.
    return {"uri": quote(path)}
