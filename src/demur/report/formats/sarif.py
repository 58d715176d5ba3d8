"""SARIF, for code scanning services and editors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demur.diagnostics import Checked, Diagnostic, Severity
from demur.interop.sarif import artifact, log, region
from demur.report import Codes, version

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def write(results: Sequence[Checked], codes: Codes) -> str:
    """A log of one run, with all files and their findings."""
    found = [(checked, one) for checked in results for one in checked.diagnostics]
    rules = {one.code: codes.get(one.code, (one.name, one.name, one.message)) for _, one in found}
    written = [_result(one, checked) for checked, one in found]
    return log(written, rules, [checked.path for checked in results], version())


def _result(diagnostic: Diagnostic, checked: Checked) -> dict[str, Any]:
    advice = f" {diagnostic.help}" if diagnostic.help else ""
    place: dict[str, Any] = {"artifactLocation": artifact(checked.path)}
    if diagnostic.span is not None:
        place = {
            "artifactLocation": artifact(diagnostic.span.path),
            "region": region(diagnostic.span),
        }
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
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
                "deletedRegion": region(edit.span),
                "insertedContent": {"text": edit.replacement},
            }
        )
    return {
        "description": {"text": diagnostic.help or diagnostic.message},
        "artifactChanges": [
            {"artifactLocation": artifact(path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }
