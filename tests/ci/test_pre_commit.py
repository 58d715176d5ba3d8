"""The hooks of `.pre-commit-hooks.yaml`, run by pre-commit in a repository of git."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from demur.scaffold import write_project
from tests.ci import shell
from tests.conftest import ROOT, skip_unless_ci

HOOKS = ROOT / ".pre-commit-hooks.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        skip_unless_ci("there is no git")
    folder = tmp_path / "repository"
    write_project(folder, "support-bot")
    git("init", "--quiet", folder=folder)
    return folder


def git(*words: str, folder: Path) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def as_local(hooks: list[dict[str, Any]]) -> str:
    """A configuration that runs the hooks with the demur that is installed."""
    local = [{**one, "language": "system"} for one in hooks]
    text = io.StringIO()
    YAML(typ="safe").dump({"repos": [{"repo": "local", "hooks": local}]}, text)
    return text.getvalue()


def run(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What pre-commit says of what is staged, which is all there is."""
    git("add", "--all", folder=repository)
    home = repository.parent / "home"
    variables = os.environ | shell.environment(home) | {"PRE_COMMIT_HOME": str(home / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", *words],
        cwd=repository,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def declared() -> list[dict[str, Any]]:
    return YAML(typ="safe").load(HOOKS.read_text("utf-8"))


def test_pre_commit_takes_the_file_of_hooks() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def test_the_docs_name_hooks_that_there_are() -> None:
    example = YAML(typ="safe").load((ROOT / "docs/examples/ci/pre-commit.yml").read_text("utf-8"))
    assert {one["id"] for one in example["repos"][0]["hooks"]} == {one["id"] for one in declared()}


@pytest.mark.skipif(os.name == "nt", reason="the commands of these tests are scripts for sh")
class TestInARepository:
    def test_policies_that_are_right_pass_and_other_files_are_left_alone(
        self, repository: Path
    ) -> None:
        (repository / ".pre-commit-config.yaml").write_text(as_local(declared()), encoding="utf-8")
        (repository / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
        found = run(repository, "--all-files")
        assert found.returncode == 0, found.stdout
        assert found.stdout.count("Passed") == 2

    def test_a_policy_that_does_not_check_and_a_test_that_fails_stop_the_commit(
        self, repository: Path
    ) -> None:
        (repository / ".pre-commit-config.yaml").write_text(as_local(declared()), encoding="utf-8")
        policy = repository / "policy.yaml"
        policy.write_text(
            policy.read_text("utf-8").replace("best_score <", "best_skore <"), encoding="utf-8"
        )
        found = run(repository, "demur-lint")
        assert found.returncode == 1
        assert "did you mean" in found.stdout.lower()
        policy.write_text(
            policy.read_text("utf-8").replace("best_skore <", "best_score >"), encoding="utf-8"
        )
        found = run(repository, "demur-test")
        assert found.returncode == 1
        assert "FAIL policy.test.yaml" in found.stdout

    def test_the_configuration_that_a_new_project_has_runs_too(self, repository: Path) -> None:
        configuration = repository / ".pre-commit-config.yaml"
        hooks = YAML(typ="safe").load(configuration.read_text("utf-8"))["repos"][0]["hooks"]
        for one in hooks:
            del one["additional_dependencies"]
        configuration.write_text(as_local(hooks), encoding="utf-8")
        found = run(repository, "--all-files")
        assert found.returncode == 0, found.stdout
        assert found.stdout.count("Passed") == 2


def test_names_of_files_come_after_the_end_of_options() -> None:
    """pre-commit puts a file called `-oREADME.policy.yaml` where an option would be."""
    example = YAML(typ="safe").load((ROOT / "docs/examples/ci/pre-commit.yml").read_text("utf-8"))
    for one in (*declared(), *example["repos"][0]["hooks"]):
        assert one["args"][-1] == "--"
    for name in ("action.yml", "ci/demur.gitlab-ci.yml"):
        text = (ROOT / name).read_text("utf-8")
        assert not [one for one in text.splitlines() if "--suite " in one or "--results " in one]


@pytest.mark.skipif(os.name == "nt", reason="the commands of these tests are scripts for sh")
def test_a_file_that_is_called_as_an_option_is_checked_and_writes_over_nothing(
    repository: Path,
) -> None:
    (repository / ".pre-commit-config.yaml").write_text(as_local(declared()), encoding="utf-8")
    victim = repository / "victim" / "policies" / "a.yaml"
    hostile = repository / "-ovictim" / "policies" / "a.yaml"
    for path, text in ((victim, "kept: 1\n"), (hostile, "demur: 1\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    git("add", "--all", "--", ".", folder=repository)
    found = run(repository, "demur-lint", "--files", "policy.yaml", "./-ovictim/policies/a.yaml")
    assert victim.read_text("utf-8") == "kept: 1\n", found.stdout
    assert found.returncode == 1
