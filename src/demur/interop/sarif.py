"""SARIF 2.1.0, the OASIS standard's format, for code scanning services and editors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from demur.diagnostics import Span
from demur.interop.json import json_text

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
Result = dict[str, Any]
"""A finding as SARIF has it, with a `ruleId`."""
_DRIVE = re.compile(r"[A-Za-z]:/")
_MARKUP = re.compile(r"^```.*\n?|`", re.MULTILINE)


def log(
    results: Sequence[Result],
    rules: Mapping[str, tuple[str, str, str]],
    artifacts: Iterable[str],
    version: str,
    **about: Any,
) -> str:
    """A log of one run. Columns count code points, as they do everywhere in demur.

    `rules` are the codes that the results name, each with its name, title and an explanation in
    Markdown. `artifacts` are the files that were looked at, `version` is demur's, and `about` holds
    further properties of the run.
    """
    indices = {code: index for index, code in enumerate(sorted(rules))}
    run = {
        "tool": {
            "driver": {
                "name": "demur",
                "version": version,
                "rules": [_rule(code, *rules[code]) for code in indices],
            }
        },
        "columnKind": "unicodeCodePoints",
        **about,
        "artifacts": [{"location": artifact(path)} for path in artifacts],
        "results": [
            {"ruleId": one["ruleId"], "ruleIndex": indices[one["ruleId"]], **one} for one in results
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(document)


def region(span: Span) -> dict[str, int]:
    """A stretch of a file."""
    return {
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    }


def artifact(path: str) -> dict[str, str]:
    """The location of a file, whose path has forward slashes."""
    path = path.encode("utf-8", "replace").decode("utf-8")
    if _DRIVE.match(path):
        return {"uri": f"file:///{path[:2]}{quote(path[2:])}"}
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    # A colon in a relative reference's first segment would be read as a scheme's end.
    return {"uri": quote(path)}


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
