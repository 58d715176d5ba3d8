"""Invariants are said to be stated and not proved, wherever they are read."""

from __future__ import annotations

from pathlib import Path

from demur.lint.rules.unproved_invariant import RULE
from tests.cli.conftest import Run


def test_lint_compile_and_the_exported_page_promise_no_invariant(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runbook.md").write_text("# Runbook\n", "utf-8")
    policy = tmp_path / "policy.yaml"
    policy.write_text(RULE.wrong, "utf-8")
    assert "DM537" in run("lint", policy).output
    compiled = run("compile", policy, "-o", "p.demur")
    assert compiled.exit_code == 0
    assert "1 invariant is stated, not proved" in compiled.stderr
    page = run("export", "docs", policy).output
    assert "stated, not proved" in page
    assert "What must hold whatever comes" not in page


def test_a_policy_without_invariants_is_not_warned_of(run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(RULE.right, "utf-8")
    assert run("compile", policy, "-o", "p.demur").stderr == ""
