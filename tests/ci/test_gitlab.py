"""The GitLab template: its structure, and its scripts run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from demur.scaffold import write_project
from tests.ci import shell
from tests.conftest import ROOT

TEMPLATE: dict[str, Any] = YAML(typ="safe").load(
    (ROOT / "ci" / "demur.gitlab-ci.yml").read_text("utf-8")
)
JOBS = {name: job for name, job in TEMPLATE.items() if name != "variables"}
GATED = {"DEMUR_POLICY": "policy.yaml", "DEMUR_GATE": "ship", "DEMUR_SUITES": "golden"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write_project(folder, "support-bot", ci="gitlab")
    return folder


def run(job: str, folder: Path, home: Path, given: dict[str, str]) -> tuple[int, str]:
    script = "\n".join(JOBS[job]["script"])
    found = shell.run(script, folder, shell.environment(home) | TEMPLATE["variables"] | given)
    return found.returncode, found.stdout + found.stderr


def test_jobs_have_what_gitlab_asks_for() -> None:
    known = {"image", "rules", "cache", "script", "artifacts"}
    assert set(JOBS) == {"demur-check", "demur-gate"}
    for job in JOBS.values():
        assert {"image", "script", "artifacts"} <= set(job) <= known
        assert job["artifacts"]["when"] == "always"
        assert all(isinstance(one, str) for one in job["script"])


def test_every_variable_that_is_used_is_declared_and_the_other_way_round() -> None:
    text = (ROOT / "ci" / "demur.gitlab-ci.yml").read_text("utf-8")
    assert set(re.findall(r"\$(DEMUR_\w+)", text)) == set(TEMPLATE["variables"])


def test_a_project_is_checked_and_gated(project: Path, tmp_path: Path) -> None:
    status, printed = run("demur-check", project, tmp_path / "home", {"DEMUR_MIN_COVERAGE": "90"})
    assert status == 0, printed
    assert (project / "demur-tests.xml").is_file()
    status, printed = run("demur-gate", project, tmp_path / "home", GATED)
    assert status == 0, printed
    assert {"demur-gate.xml", "demur-gate.html"} <= {one.name for one in project.iterdir()}
    assert list((project / ".demur" / "runs").glob("*.parquet"))
    again = GATED | {"DEMUR_BASELINE": "last-pass"}
    status, printed = run("demur-gate", project, tmp_path / "home", again)
    assert status == 0, printed
    assert "unchanged since" in printed


def test_a_gate_that_fails_fails_the_job(project: Path, tmp_path: Path) -> None:
    system = project / "system.py"
    text = system.read_text("utf-8").replace(
        '"delivery-times": "How long', '"delivery-date": "How long'
    )
    system.write_text(text, encoding="utf-8")
    status, printed = run("demur-gate", project, tmp_path / "home", GATED)
    assert (status, "FAIL" in printed) == (1, True), printed


def test_a_policy_that_does_not_check_fails_the_job(project: Path, tmp_path: Path) -> None:
    (project / "policy.yaml").write_text("demur: 1\n", encoding="utf-8")
    status, _ = run("demur-check", project, tmp_path / "home", {})
    assert status == 1


def test_the_docs_set_variables_that_the_template_has(project: Path, tmp_path: Path) -> None:
    example = YAML(typ="safe").load((ROOT / "docs/examples/ci/gitlab.yml").read_text("utf-8"))
    assert set(example["variables"]) <= set(TEMPLATE["variables"])
    status, printed = run("demur-gate", project, tmp_path / "home", example["variables"])
    assert status == 0, printed
