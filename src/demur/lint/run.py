"""Runs every check and every rule over policy files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from demur.cel.problems import EXPRESSION_CODES
from demur.diagnostics import Checked, Severity, in_file_order
from demur.language.check_codes import CHECK_CODES
from demur.language.compile import check_file
from demur.language.document_codes import DOCUMENT_CODES
from demur.language.source_codes import SOURCE_CODES
from demur.language.written_codes import WRITTEN_CODES
from demur.lint.rules import all_rules
from demur.lint.suppression import SUPPRESSION_CODES, apply

Code = tuple[str, str, str]


def _codes() -> dict[str, Code]:
    tables: tuple[Mapping[str, Sequence[str]], ...] = (
        SOURCE_CODES,
        WRITTEN_CODES,
        DOCUMENT_CODES,
        EXPRESSION_CODES,
        CHECK_CODES,
        SUPPRESSION_CODES,
    )
    found: dict[str, Code] = {}
    for table in tables:
        found |= {code: (one[0], one[1], one[2]) for code, one in table.items()}
    return found | {rule.code: (rule.name, rule.title, rule.explanation) for rule in all_rules()}


CODES: Mapping[str, Code] = _codes()
"""Every code that linting can report: name, title, and an explanation for the reference."""


def lint_paths(paths: Sequence[Path]) -> tuple[Checked, ...]:
    """The findings of each policy file, in the order given."""
    return tuple(lint_file(path, path.as_posix()) for path in paths)


def lint_file(path: Path, shown: str) -> Checked:
    """Everything that is wrong with a policy file, or probably a mistake, in file order.

    Rules run where the file's structure is right; what no comment may allow are errors of the
    file, its structure, its types and its references.
    """
    source, policy, diagnostics = check_file(path, shown)
    rules = all_rules()
    findings = [] if policy is None else [d for rule in rules for d in rule.diagnostics(policy)]
    broken = any(one.severity is Severity.ERROR for one in diagnostics)
    if broken:
        # A rule or definition that is wrong is left out, so what reads it seems unused.
        findings = [one for one in findings if not one.name.startswith("unused")]
    names = {rule.name: rule.code for rule in rules}
    kept, allowed = apply(source, findings, names)
    return Checked(shown, source.text, in_file_order([*diagnostics, *kept]), allowed)
