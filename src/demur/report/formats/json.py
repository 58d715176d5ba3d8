"""For programs: stable JSON, as `schemas/diagnostics.schema.json` says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demur.diagnostics import Checked, Diagnostic, Severity, Span
from demur.interop.json import json_text
from demur.report import Codes, count

VERSION = 1
"""Rises when a reader of the format must change."""


def write(results: Sequence[Checked], codes: Codes) -> str:
    """One JSON object."""
    document = {
        "version": VERSION,
        "files": [
            {
                "path": checked.path,
                "suppressed": checked.suppressed,
                "diagnostics": [_diagnostic(one, codes) for one in checked.diagnostics],
            }
            for checked in results
        ],
        "summary": {
            "files": len(results),
            **{f"{severity}s": count(results, severity) for severity in Severity},
            "suppressed": sum(checked.suppressed for checked in results),
        },
    }
    return json_text(document)


def _diagnostic(diagnostic: Diagnostic, codes: Codes) -> dict[str, Any]:
    _, title, _ = codes.get(diagnostic.code, (diagnostic.name, None, None))
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "title": title,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "span": None if diagnostic.span is None else _span(diagnostic.span),
        "edits": [
            {"span": _span(edit.span), "replacement": edit.replacement, "safe": edit.safe}
            for edit in diagnostic.edits
        ],
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "start": {"line": span.start.line, "column": span.start.column},
        "end": {"line": span.end.line, "column": span.end.column},
    }
