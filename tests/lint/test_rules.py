"""Every lint rule finds what its own example shows, and nothing in the right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.diagnostics import Checked, Severity
from demur.lint import CODES, fixed_text, lint_file
from demur.lint.rule import Rule
from demur.lint.rules import all_rules

ROOT = Path(__file__).resolve().parents[2]


def lint(folder: Path, text: str) -> Checked:
    (folder / "runbook.md").write_text("# Runbook\n", encoding="utf-8")
    for name in ("golden", "hard"):
        (folder / f"{name}.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return lint_file(file, file.as_posix())


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_the_wrong_example_has_the_finding_once_and_no_other_error(
    rule: Rule, tmp_path: Path
) -> None:
    found = lint(tmp_path, rule.wrong).diagnostics
    assert [one.name for one in found].count(rule.name) == 1
    others = [one for one in found if one.code != rule.code]
    assert not [one for one in others if one.severity is Severity.ERROR]
    (own,) = [one for one in found if one.code == rule.code]
    assert own.span is not None
    assert own.severity is rule.severity


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_the_right_example_has_no_such_finding_and_no_error(rule: Rule, tmp_path: Path) -> None:
    found = lint(tmp_path, rule.right).diagnostics
    assert rule.name not in [one.name for one in found]
    assert not [one for one in found if one.severity is Severity.ERROR]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_a_comment_with_a_reason_allows_the_finding(rule: Rule, tmp_path: Path) -> None:
    (own,) = [one for one in lint(tmp_path, rule.wrong).diagnostics if one.code == rule.code]
    assert own.span is not None
    lines = rule.wrong.split("\n")
    at = own.span.start.line - 1
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines.insert(at, f"{indent}# demur: allow {rule.name} because this is a test")
    checked = lint(tmp_path, "\n".join(lines))
    assert rule.name not in [one.name for one in checked.diagnostics]
    assert checked.suppressed == 1


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_a_safe_fix_mends_the_finding_and_nothing_is_left_to_fix(
    rule: Rule, tmp_path: Path
) -> None:
    checked = lint(tmp_path, rule.wrong)
    mended = fixed_text(checked)
    if mended == checked.text:
        assert not [edit for one in checked.diagnostics for edit in one.edits if edit.safe]
        return
    again = lint(tmp_path, mended)
    assert rule.name not in [one.name for one in again.diagnostics]
    assert fixed_text(again) == mended


def test_there_are_at_least_fifteen_rules_with_codes_and_names_of_their_own() -> None:
    rules = all_rules()
    assert len(rules) >= 15
    assert len({rule.code for rule in rules}) == len({rule.name for rule in rules}) == len(rules)
    assert all(rule.code in CODES for rule in rules)


WRONG = """\
demur: 1
policy: example
version: 1.0.0
about: An example.
owner: team@example.com
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
rules:
  exact:
    when: answer.confidence == 0.7  # demur: allow %s
    then: flag
"""


@pytest.mark.parametrize(
    ("comment", "names"),
    [
        ("float-equality because scores are quantised", []),
        ("DM514 because scores are quantised", []),
        ("float-equality", ["float-equality", "suppression-without-reason"]),
        ("float-equalty because of a slip", ["float-equality", "unknown-suppression"]),
        ("duplicate-rule because it was one", ["float-equality", "unused-suppression"]),
    ],
)
def test_comments_that_allow(comment: str, names: list[str], tmp_path: Path) -> None:
    found = lint(tmp_path, WRONG % comment).diagnostics
    notes = {"missing-scope", "missing-on-unknown"}
    assert sorted(one.name for one in found if one.name not in notes) == sorted(names)


def test_errors_of_types_cannot_be_allowed(tmp_path: Path) -> None:
    text = (WRONG % "unknown-name because I say so").replace(
        "answer.confidence ==", "confidence =="
    )
    names = [one.name for one in lint(tmp_path, text).diagnostics]
    assert "unknown-name" in names
    assert "unknown-suppression" in names


def test_all_errors_of_a_file_come_in_one_run_and_in_file_order(tmp_path: Path) -> None:
    text = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
define:
  unused: 1 + 'a'
rules:
  first:
    when: answer.confidnce < 0.7
    then: flag
  second:
    when: answer.confidence < 0.7 && outcome.correct
    then: abstain
    failure: low_confidnce
  third:
    when: answer.confidence + 1
    then: flag
failures:
  low_confidence: {severity: info}
"""
    found = lint(tmp_path, text).diagnostics
    errors = [one for one in found if one.severity is Severity.ERROR]
    assert [(one.code, one.span.start.line) for one in errors if one.span] == [
        ("DM306", 9),
        ("DM304", 12),
        ("DM402", 15),
        ("DM401", 17),
        ("DM306", 19),
    ]
    assert errors[1].help == "Did you mean `answer.confidence`?"
    assert errors[3].help == "Did you mean `low_confidence`?"


POLICIES = [
    *sorted((ROOT / "policies").glob("*.yaml")),
    ROOT / "examples" / "support_rag" / "policy.yaml",
    *sorted((ROOT / "docs" / "examples").rglob("*.yaml")),
]


@pytest.mark.parametrize(
    "file", [one for one in POLICIES if ".test." not in one.name], ids=lambda file: file.stem
)
def test_our_own_policies_have_no_errors_and_no_warnings(file: Path) -> None:
    found = lint_file(file, file.as_posix()).diagnostics
    assert [one for one in found if one.severity is not Severity.NOTE] == []


def test_errors_of_structure_do_not_hide_errors_of_expressions(tmp_path: Path) -> None:
    text = """\
demur: 1
policy: example
about: An example.
owner: 5
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
    broken: {type: strin}
rules:
  first:
    when: answer.confidnce < 0.7
    then: abstian
  second:
    when: answer.broken == 'x'
    then: flag
on_unknwn: {then: abstain}
"""
    found = lint(tmp_path, text).diagnostics
    assert [(one.code, one.span.start.line) for one in found if one.span] == [
        ("DM203", 4),
        ("DM204", 8),
        ("DM304", 11),
        ("DM204", 12),
        ("DM201", 16),
    ]
