"""`demur new`: what it writes works at once, as a user would try it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from demur.cli import cli
from demur.cli.commands import new
from demur.scaffold import CI, KINDS, write_project
from tests.ci import shell


def demur(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of demur as a user gives it, but that runs are kept where the project has them."""
    name, *words = shlex.split(command)
    assert name == "demur"
    variables = {name: value for name, value in os.environ.items() if name != "DEMUR_RUNS"}
    return subprocess.run(
        [sys.executable, "-m", "demur", *words],
        cwd=folder,
        env=variables | {"PYTHONIOENCODING": "utf-8"},
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_of_the_new_projects_readme_succeeds(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "support-bot"
    assert demur("new", str(folder), "--kind", kind, "--ci", "none").exit_code == 0
    text = (folder / "README.md").read_text("utf-8")
    commands = [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()
    ]
    ours = [one for one in commands if not one.startswith("pip install ")]
    assert {one.split()[1] for one in ours} == {"lint", "test", "run", "gate", "trend"}
    for command in ours:
        found = run(command, folder)
        assert found.returncode == 0, (command, found.stdout, found.stderr)
    assert "No findings" in run("demur lint . --strict", folder).stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_a_new_project_reach_every_rule_and_its_cases_are_some_twenty(
    kind: str, tmp_path: Path
) -> None:
    write_project(tmp_path, "support-bot", kind, "none")
    assert (
        run("demur test . --min-coverage 95 --min-mutation 80 --mutate", tmp_path).returncode == 0
    )
    assert 20 <= len((tmp_path / "golden.jsonl").read_text("utf-8").splitlines()) <= 30


def test_the_job_of_github_succeeds(tmp_path: Path) -> None:
    write_project(tmp_path / "bot", "support-bot")
    workflow = YAML(typ="safe").load(
        (tmp_path / "bot" / ".github/workflows/demur.yml").read_text("utf-8")
    )
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    _runs([one["run"] for one in job["steps"] if "run" in one], tmp_path)
    assert all(
        re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", one["uses"])
        for one in job["steps"]
        if "uses" in one
    )
    assert (tmp_path / "bot" / "gate.html").is_file()


def test_the_job_of_gitlab_succeeds(tmp_path: Path) -> None:
    write_project(tmp_path / "bot", "support-bot", ci="gitlab")
    jobs: dict[str, Any] = YAML(typ="safe").load(
        (tmp_path / "bot" / ".gitlab-ci.yml").read_text("utf-8")
    )
    (job,) = jobs.values()
    _runs(job["script"], tmp_path)
    assert (tmp_path / "bot" / "gate.xml").is_file()


def _runs(scripts: list[str], place: Path) -> None:
    for script in scripts:
        found = shell.run(script, place / "bot", shell.environment(place / "home"))
        assert found.returncode == 0, (script, found.stdout, found.stderr)


def test_nothing_is_written_over_and_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "support-bot"
    folder.mkdir()
    (folder / "runbook.md").write_text("mine", encoding="utf-8")
    found = demur("new", str(folder))
    assert found.exit_code == 2
    assert "`runbook.md`" in found.output
    assert [one.name for one in folder.iterdir()] == ["runbook.md"]
    assert (folder / "runbook.md").read_text("utf-8") == "mine"


def test_a_name_that_is_no_policys_is_refused(tmp_path: Path) -> None:
    found = demur("new", str(tmp_path / "Support Bot"))
    assert found.exit_code == 2
    assert "small letters" in found.output
    assert not list(tmp_path.iterdir())


def test_the_folder_where_one_is_can_be_made_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "help-desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = demur("new", ".")
    assert found.exit_code == 0
    assert "Next: demur run policy.yaml" in found.output
    assert "policy: help-desk\n" in (folder / "policy.yaml").read_text("utf-8")
    assert "my-project" not in "".join(
        one.read_text("utf-8") for one in folder.rglob("*") if one.is_file()
    )


def test_the_command_knows_the_kinds_and_services_there_are() -> None:
    choices = {one.name: one.type for one in new.command.params}
    assert list(choices["kind"].choices) == list(KINDS)  # pyright: ignore[reportAttributeAccessIssue]
    assert list(choices["ci"].choices) == list(CI)  # pyright: ignore[reportAttributeAccessIssue]
