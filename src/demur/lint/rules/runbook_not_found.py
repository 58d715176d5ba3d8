"""A runbook that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from demur.diagnostics import Severity
from demur.interop.runbooks import anchor_of, anchors, is_remote, resolved
from demur.language.checked import CheckedPolicy
from demur.language.nodes import ScalarNode
from demur.lint.rule import HEADER, Finding, Rule
from demur.suggestions import did_you_mean, file_like, files_below

_INSIDE = "Name a file of the policy's folder, or of the repository around it; or link to the web: https://…."
_SHOWN = 12
"""How many sections are listed where none is like the one that was written."""


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    folder = Path(policy.source.path).parent
    files_of = cache(files_below)
    own = policy.document.runbook
    known: dict[str, tuple[str, ...] | str | None] = {}
    for path in _places(policy):
        node = policy.node(path)
        if not isinstance(node, ScalarNode) or is_remote(node.text):
            continue
        link = resolved(node.text, own) or ""
        name = link.partition("#")[0]
        if not name:
            message = f"`{link}` is a section of the policy's runbook, and the policy has none."
            yield Finding(node.span, message, "Add `runbook: FILE.md` to the policy.")
        elif not is_remote(name) and name not in known:
            known[name] = _anchors(folder, name)
            if isinstance(known[name], str):
                message = f"The runbook `{name}` cannot be read: {known[name]}."
                advice = file_like(folder, name, files_of) or _INSIDE
                yield Finding(node.span, message, advice)
        found, section = known.get(name), anchor_of(link)
        if section and isinstance(found, tuple) and section not in found:
            message = f"The runbook `{name}` has no section `#{section}`."
            yield Finding(node.span, message, _advice(section, found))


def _anchors(folder: Path, name: str) -> tuple[str, ...] | str | None:
    """The file's anchors, None where its format is not known, or why it cannot be read."""
    try:
        return anchors(folder, name)
    except OSError as failure:
        return (failure.strerror or "it cannot be read").lower()
    except ValueError:
        return "it is no path"


def _advice(section: str, found: tuple[str, ...]) -> str:
    shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    return did_you_mean(section, found) or f"It has: {shown or 'no sections'}."


def _places(policy: CheckedPolicy) -> Iterator[tuple[str, ...]]:
    yield ("runbook",)
    for section in ("failures", "rules", "gates", "alerts"):
        for name in getattr(policy.document, section):
            yield (section, name, "runbook")


RULE = Rule(
    code="DM519",
    name="runbook-not-found",
    title="A runbook that is not there",
    severity=Severity.ERROR,
    explanation="""\
Looks for runbooks, and sections of them, that are not there: the policy's own, and those of failures,
rules, gates and alerts. `#section` is a section of the policy's runbook, `file.md#section` one of
another file. A section is known by its heading, as code hosts make anchors of headings, or by an
explicit anchor: `<a id="section"></a>`, or `{#section}` after the heading. What leads to the web is not
followed. A link that leads nowhere is found out at night.
""",
    wrong=HEADER.replace("runbook: runbook.md\n", "")
    + """\
failures:
  low_confidence: {severity: critical, runbook: "missing.md#there"}
""",
    right=HEADER.replace("runbook: runbook.md\n", ""),
    check=_check,
)
