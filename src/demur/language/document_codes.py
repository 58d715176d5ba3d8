"""The codes of a file's structure."""

from __future__ import annotations

from demur.diagnostics import Diagnostic, Edit, Severity, Span

DOCUMENT_CODES: dict[str, tuple[str, str, str]] = {
    "DM201": (
        "unknown-key",
        "A key that the language has not",
        "A key that is not known would be a rule that is silently not there. "
        "Wrong: `whenn: a > 1`. Right: `when: a > 1`.",
    ),
    "DM202": (
        "missing-key",
        "A key that must be there is not",
        "Every policy has `demur`, `policy`, `about` and `owner`; every rule `when` and `then`.",
    ),
    "DM203": (
        "wrong-kind",
        "A value is of another kind",
        "Text, a number, a list or a mapping stands where another is needed. "
        'Wrong: `when: true`. Right: `when: "true"`.',
    ),
    "DM204": (
        "bad-value",
        "A value is none of those that are possible",
        "Wrong: `then: reject`. Right: `then: refuse`.",
    ),
    "DM205": (
        "bad-form",
        "A name or a text is not in its form",
        "Names that expressions use are lower case with `_`; other names may have `-`. "
        "Windows are a number and a unit: `15m`, `1h`, `7d`.",
    ),
    "DM206": (
        "out-of-range",
        "A number is out of its range",
        "Wrong: `confidence: 95`. Right: `confidence: 0.95`.",
    ),
    "DM207": (
        "bad-size",
        "A text, list or mapping is too short or too long",
        "Sizes are bounded, so that a policy from elsewhere cannot exhaust the machine.",
    ),
    "DM208": (
        "newer-language",
        "The file is of another language version",
        "This demur reads version 1. Update demur, or write `demur: 1`.",
    ),
    "DM209": (
        "disagreement",
        "Keys of one entry contradict each other",
        "Wrong: `{type: string, min: 0}`. Right: `{type: int, min: 0}`.",
    ),
    "DM210": (
        "deprecated-key",
        "A key has another name",
        "The key is spelt as other tools spell it, or as an earlier version did. "
        "Wrong: `message: Sorry.`. Right: `say: Sorry.`.",
    ),
    "DM211": (
        "bad-include",
        "A file cannot be included",
        "Fragments stand in the policy's folder or below it, name no policy, and form no circle.",
    ),
    "DM212": (
        "defined-twice",
        "Two files define the same name",
        "What an included file defines cannot be defined again.",
    ),
}
"""Name, title, and an explanation for the reference."""

DEPRECATED_KEYS = {
    "message": "say",
    "condition": "when",
    "if": "when",
    "action": "then",
    "description": "about",
    "summary": "about",
    "on_missing": "on_unknown",
    "on_error": "on_unknown",
    "reason": "why",
    "name": "policy",
    "parameters": "params",
    "definitions": "define",
    "variables": "define",
    "thresholds": "require",
    "threshold": "require",
    "minimum": "min",
    "maximum": "max",
    "items": "of",
    "properties": "fields",
    "values": "enum",
    "personal": "pii",
    "imports": "include",
}
"""Keys as other tools spell them, and ours."""


def finding(
    code: str,
    message: str,
    span: Span | None,
    help: str | None = None,
    edits: tuple[Edit, ...] = (),
) -> Diagnostic:
    """A diagnostic of one of these codes."""
    return Diagnostic(code, DOCUMENT_CODES[code][0], Severity.ERROR, message, span, help, edits)
