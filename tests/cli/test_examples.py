"""The commands on the example policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.cel.parse import parse
from demur.cel.render import render
from demur.cel.unparse import unparse
from demur.cli.policies import load, policy_files
from demur.report import FORMATS
from demur.tree import walk
from tests.cli.conftest import Run
from tests.conftest import ROOT

EXAMPLES = policy_files([ROOT / "examples"])


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_every_expression_is_shown_as_cel(path: Path) -> None:
    policy = load(path).policy
    trees = [*policy.definitions.values(), *(rule.condition for rule in policy.rules)]
    for tree in trees:
        for part in walk(tree):
            text = render(part, policy.definitions)
            assert "@" not in text.replace("@example", "")
            assert unparse(parse(text)) == text


@pytest.mark.parametrize("name", FORMATS)
def test_examples_have_no_errors_in_any_format(run: Run, name: str) -> None:
    result = run("lint", ROOT / "examples", "--format", name)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_misspelt_signal_is_found_where_it_stands(run: Run, path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("answer.confidence <", "answer.confidnce <")
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    result = run("lint", ".")
    assert result.exit_code == 1
    line = text[: text.index("answer.confidnce")].count("\n") + 1
    assert f"policy.yaml:{line}:" in result.stdout
    assert "Did you mean `answer.confidence`?" in result.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_bundle_is_inspected_as_its_policy_is(run: Run, path: Path) -> None:
    compiled = run("compile", path, "-o", "policy.demur")
    assert compiled.exit_code == 0, compiled.output
    for options in ((), ("--format", "json"), ("--source",)):
        from_file = run("inspect", path, *options)
        assert from_file.exit_code == 0, from_file.output
        assert from_file.stdout == run("inspect", "policy.demur", *options).stdout
    facts = json.loads(run("inspect", "policy.demur", "--format", "json").stdout)
    assert facts["rules"]
    assert all(rule["reads"] for rule in facts["rules"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_record_without_signals_is_never_answered(run: Run, path: Path) -> None:
    result = run("decide", path, "--explain", input="{}\n")
    assert result.exit_code == 0
    assert result.stdout.split()[1] in ("abstain", "refuse", "escalate")
