"""A runbook that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.nodes import ScalarNode
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    folder = Path(policy.source.path).parent
    own = policy.document.runbook or ""
    for path in _places(policy):
        node = policy.node(path)
        if not isinstance(node, ScalarNode) or "://" in node.text:
            continue
        name, _, section = node.text.partition("#")
        file = folder / (name or own.partition("#")[0])
        if not file.is_file():
            message = f"There is no runbook `{name or own}`."
            yield Finding(node.span, message, "Paths are from the policy's folder.")
        elif section and section not in _sections(file):
            message = f"The runbook has no section `#{section}`."
            yield Finding(node.span, message, f"It has: {', '.join(sorted(_sections(file)))}.")


def _places(policy: CheckedPolicy) -> Iterator[tuple[str, ...]]:
    yield ("runbook",)
    for section in ("failures", "rules", "gates", "alerts"):
        for name in getattr(policy.document, section):
            yield (section, name, "runbook")


def _sections(file: Path) -> set[str]:
    """The anchors of a Markdown file's headings, as code hosts make them."""
    found: set[str] = set()
    for line in file.read_text("utf-8", "replace").splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            kept = "".join(one for one in title if one.isalnum() or one in " -_")
            found.add(kept.replace(" ", "-"))
    return found


RULE = Rule(
    code="DM519",
    name="runbook-not-found",
    title="A runbook that is not there",
    severity=Severity.WARNING,
    explanation="""\
Looks for runbooks, and sections of them (`#section`), that the folder does not have. A link that
leads nowhere is found out at night.
""",
    wrong=HEADER.replace("runbook: runbook.md\n", "")
    + """\
failures:
  low_confidence: {severity: critical, runbook: "missing.md#there"}
""",
    right=HEADER.replace("runbook: runbook.md\n", ""),
    check=_check,
)
