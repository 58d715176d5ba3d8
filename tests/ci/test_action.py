"""The GitHub Action does what it says, and takes nothing it is given for a command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from demur.scaffold import write_project
from tests.ci import action
from tests.conftest import ROOT

ACTION = action.read()
STEPS = ACTION["runs"]["steps"]
EXAMPLES = ROOT / "docs" / "examples" / "ci"
TEXT = (ROOT / "action.yml").read_text("utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "the project"
    write_project(folder, "support-bot")
    return folder


GATED = {"policy": "policy.yaml", "gate": "ship", "suites": "golden", "min-coverage": "90"}


def test_the_inputs_that_are_declared_are_those_that_are_used() -> None:
    assert set(re.findall(r"inputs\.([\w-]+)", TEXT)) == set(ACTION["inputs"])
    assert all(one["description"] and "default" in one for one in ACTION["inputs"].values())


def test_outputs_are_of_steps_that_exist() -> None:
    ids = {step["id"] for step in STEPS if "id" in step}
    used = {
        name
        for one in ACTION["outputs"].values()
        for name in re.findall(r"steps\.(\w+)\.", one["value"])
    }
    assert used
    assert used <= ids


def test_every_step_is_a_script_in_bash_or_a_known_action_pinned_by_its_commit() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS:
        if "run" in step:
            assert step["shell"] == "bash"
            assert set(step) <= {"name", "id", "if", "shell", "env", "run"}
        else:
            assert re.fullmatch(r"actions/[a-z-]+(/[a-z]+)?@[0-9a-f]{40}", step["uses"])
            assert set(step) <= {"name", "id", "if", "uses", "with"}


def test_no_script_has_an_input_pasted_into_it() -> None:
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_the_cache_is_kept_under_a_key_that_later_runs_find() -> None:
    by_use = {step["uses"].partition("@")[0]: step for step in STEPS if "uses" in step}
    restore, save = by_use["actions/cache/restore"]["with"], by_use["actions/cache/save"]["with"]
    assert (restore["path"], restore["key"]) == (save["path"], save["key"])
    assert all(save["key"].startswith(one) for one in restore["restore-keys"].split()[:1])
    assert by_use["actions/cache/save"]["if"].startswith("always()")
    assert by_use["actions/upload-artifact"]["if"].startswith("always()")


def test_a_project_is_checked_run_and_gated(project: Path, tmp_path: Path) -> None:
    ran = action.run(project, tmp_path / "home", GATED)
    assert ran.statuses == {"Install demur": 0, "Lint": 0, "Test": 0, "Run suites": 0, "Gate": 0}, (
        ran.printed
    )
    assert ran.outputs == {"verdict": "pass"}
    assert "PASS" in ran.printed
    assert "support-bot" in ran.summary
    assert ran.installed[-1] == f"{ROOT}[gate,run]"
    reports = project / "demur-reports"
    assert {one.name for one in reports.iterdir()} == {
        "gate.md", "gate.html", "gate.json", "gate.sarif", "gate.xml"
    }  # fmt: skip
    assert json.loads((reports / "gate.json").read_text("utf-8"))["verdict"] == "pass"
    assert list((project / ".demur" / "runs").glob("*.parquet"))


def test_a_system_that_got_worse_fails_and_the_reports_are_there_all_the_same(
    project: Path, tmp_path: Path
) -> None:
    policy = project / "policy.yaml"
    text = policy.read_text("utf-8").replace("misled <= 0.1", "misled <= baseline")
    policy.write_text(text, encoding="utf-8")
    results = ".demur/results/golden.jsonl"
    first = action.run(project, tmp_path / "home", GATED | {"baseline": results})
    assert first.outputs == {"verdict": "pass"}, first.printed
    system = project / "system.py"
    pages = system.read_text("utf-8").replace(
        '"delivery-times": "How long', '"delivery-date": "How long'
    )
    system.write_text(pages, encoding="utf-8")
    second = action.run(project, tmp_path / "later", GATED | {"baseline": "last-pass"})
    assert second.statuses["Gate"] == 1, second.printed
    assert second.outputs == {"verdict": "fail"}
    assert "::error" in second.printed
    assert "request.topic = delivery" in second.printed
    assert (project / "demur-reports" / "gate.html").is_file()


def test_a_baseline_that_is_not_there_is_an_error(project: Path, tmp_path: Path) -> None:
    ran = action.run(project, tmp_path / "home", GATED | {"baseline": "last-pass"})
    assert (ran.statuses["Gate"], ran.outputs) == (4, {"verdict": "error"})


def test_without_a_policy_nothing_is_gated(project: Path, tmp_path: Path) -> None:
    ran = action.run(project, tmp_path / "home", {"install": "demur[gate]==0.1.0"})
    assert ran.statuses == {"Install demur": 0, "Lint": 0, "Test": 0}
    assert ran.installed[-1] == "demur[gate]==0.1.0"


def test_a_test_that_fails_stops_the_action(project: Path, tmp_path: Path) -> None:
    tests = project / "policy.test.yaml"
    tests.write_text(
        tests.read_text("utf-8").replace("score: 0.39", "score: 0.49"), encoding="utf-8"
    )
    ran = action.run(project, tmp_path / "home", GATED)
    assert ran.statuses == {"Install demur": 0, "Lint": 0, "Test": 1}
    assert ran.outputs == {}


@pytest.mark.parametrize(
    "name", ["paths", "policy", "gate", "suites", "results", "baseline", "install", "min-coverage"]
)
def test_what_is_given_is_never_run(name: str, project: Path, tmp_path: Path) -> None:
    text = "a\"; touch stolen; \"'; touch stolen; '$(touch stolen)`touch stolen`"
    action.run(project, tmp_path / "home", GATED | {name: text})
    assert not list(tmp_path.rglob("stolen"))


def test_names_with_spaces_and_several_lines_arrive_whole(project: Path, tmp_path: Path) -> None:
    (project / "policy.yaml").rename(project / "my policy.yaml")
    (project / "policy.test.yaml").rename(project / "my policy.test.yaml")
    given = GATED | {
        "policy": "my policy.yaml",
        "paths": "my policy.yaml\n\n.\n",
        "reports": "the reports",
    }
    ran = action.run(project, tmp_path / "home", given)
    assert set(ran.statuses.values()) == {0}, ran.printed
    assert (project / "the reports" / "gate.html").is_file()


def test_the_workflow_of_the_docs_gives_the_action_what_it_takes(
    project: Path, tmp_path: Path
) -> None:
    workflow = YAML(typ="safe").load((EXAMPLES / "github.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["ship"]["steps"]
    (given,) = [step["with"] for step in steps if "/demur@" in step["uses"]]
    ran = action.run(project, tmp_path / "home", given)
    assert ran.outputs == {"verdict": "pass"}, ran.printed


def test_the_docs_name_every_input() -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    named = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", page, re.M)
        for name in re.findall(r"`([\w-]+)`", row)
    }
    assert set(ACTION["inputs"]) <= named
