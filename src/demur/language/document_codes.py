"""The codes of a file's structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    "action": "then",
    "allowed": "enum",
    "assert": "require",
    "assertions": "require",
    "author": "owner",
    "choices": "enum",
    "condition": "when",
    "criteria": "require",
    "data": "cases",
    "dataset": "cases",
    "datasets": "suites",
    "definitions": "define",
    "description": "about",
    "effect": "then",
    "expr": "when value that",
    "expression": "when value that",
    "file": "cases",
    "files": "cases",
    "formula": "value",
    "group_by": "by",
    "if": "when",
    "imports": "include",
    "inputs": "stages",
    "items": "of",
    "maintainer": "owner",
    "match": "when",
    "maximum": "max",
    "message": "say",
    "minimum": "min",
    "name": "policy",
    "nullable": "optional",
    "on_error": "on_unknown",
    "on_missing": "on_unknown",
    "oneOf": "enum",
    "options": "enum",
    "parameters": "params",
    "path": "cases",
    "personal": "pii",
    "policies": "rules",
    "properties": "fields",
    "reason": "why",
    "response": "say",
    "signals": "stages",
    "slices": "by",
    "summary": "about",
    "team": "owner",
    "threshold": "require",
    "thresholds": "require",
    "value": "default",
    "values": "enum",
    "variables": "define",
}
"""Keys as other tools spell them, and ours: the first of these words that is a key at the place."""
VALUES = {
    "allow": "answer",
    "approve": "answer",
    "permit": "answer",
    "pass": "answer",
    "block": "refuse",
    "deny": "refuse",
    "disallow": "refuse",
    "drop": "refuse",
    "forbid": "refuse",
    "reject": "refuse",
    "handoff": "escalate",
    "human": "escalate",
    "review": "escalate",
    "route": "escalate",
    "default": "fallback",
    "retry": "fallback",
    "skip": "abstain",
    "log": "flag info",
    "mark": "flag",
    "tag": "flag",
    "warn": "flag warning",
    "warning": "warn flag",
    "blocker": "critical",
    "error": "critical fail",
    "fatal": "critical",
    "high": "critical page",
    "major": "critical",
    "critical": "page fail",
    "medium": "warning ticket",
    "minor": "info",
    "low": "info",
    "notice": "info",
    "max": "higher",
    "maximize": "higher",
    "up": "higher",
    "min": "lower",
    "minimize": "lower",
    "down": "lower",
}
"""Values as other tools spell them, and ours: the first of these words that is possible at the place."""


def renamed(name: str, table: Mapping[str, str], known: Iterable[str]) -> str | None:
    """What a name of other tools is called here, by a table of these; None where nothing is."""
    words = table.get(name, "").split()
    possible = set(known)
    return next((one for one in words if one in possible), None)


def finding(
    code: str,
    message: str,
    span: Span | None,
    help: str | None = None,
    edits: tuple[Edit, ...] = (),
) -> Diagnostic:
    """A diagnostic of one of these codes."""
    return Diagnostic(code, DOCUMENT_CODES[code][0], Severity.ERROR, message, span, help, edits)
