"""`demur export` writes to a file or to standard output, and needs no extra."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from demur.cli import cli
from tests.runtime.records import POLICIES

POLICY = str(POLICIES["policies/support_rag.yaml"])
TARGETS = {"docs": 0, "grafana": 0, "jsonschema": 0, "prometheus": 1}
EXTRAS = ("numpy", "scipy", "ibis", "duckdb", "pyarrow", "prometheus_client", "opentelemetry")


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_gets_what_standard_output_would(target: str, tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["export", target, POLICY])
    file = tmp_path / "written"
    written = CliRunner().invoke(cli, ["export", target, POLICY, "-o", str(file)])
    assert shown.exit_code == written.exit_code == TARGETS[target]
    assert written.stdout == ""
    assert file.read_text("utf-8") == shown.stdout
    assert shown.stdout.endswith("\n")


@pytest.mark.parametrize("target", ["grafana", "jsonschema", "prometheus"])
def test_a_bundle_gives_the_same_as_its_policy_file(target: str, tmp_path: Path) -> None:
    bundle = str(tmp_path / "policy.demur")
    assert CliRunner().invoke(cli, ["compile", POLICY, "-o", bundle]).exit_code == 0
    of_bundle, of_file = (
        YAML(typ="safe").load(CliRunner().invoke(cli, ["export", target, one]).stdout)
        for one in (bundle, POLICY)
    )
    # A bundle has its metrics and signals by name, not in the order of the file.
    assert _leaves(of_bundle) == _leaves(of_file)


def _leaves(data: Any) -> Counter[str]:
    """The texts and lists of texts anywhere in it, but for where things are placed."""
    if isinstance(data, dict):
        parts = (_leaves(one) for name, one in data.items() if name not in ("id", "gridPos"))
    elif isinstance(data, list):
        parts = map(_leaves, data)
    else:
        return Counter([str(data)])
    return sum(parts, Counter[str]())


@pytest.mark.parametrize("target", TARGETS)
def test_no_extra_is_needed(target: str) -> None:
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRAS}))\n"
        f"from demur.cli import main; sys.argv = ['demur', 'export', {target!r}, {POLICY!r}]\n"
        "main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert found.returncode == TARGETS[target], found.stderr
    assert "Internal error" not in found.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_a_policy_that_is_wrong_is_refused(target: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("demur: 1\npolicy: example\n", "utf-8")
    result = CliRunner().invoke(cli, ["export", target, str(file)])
    assert result.exit_code == 2
    assert "policy.yaml:1" in result.stderr
    assert result.stdout == ""


def test_the_schema_of_a_stage() -> None:
    given = ["export", "jsonschema", POLICY, "--stage", "request", "--closed"]
    check = Draft202012Validator(json.loads(CliRunner().invoke(cli, given).stdout))
    request = {"intent": "billing", "tenant": "a", "text": "Why?", "tokens": 3}
    assert check.is_valid({"request": request})
    assert not check.is_valid({"request": {**request, "lang": "en"}})


def test_a_stage_that_there_is_not_is_wrong_usage() -> None:
    result = CliRunner().invoke(cli, ["export", "jsonschema", POLICY, "--stage", "reqest"])
    assert result.exit_code == 2
    assert "Did you mean `request`?" in result.stderr


def test_a_target_that_there_is_not_is_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["export", "graphana", POLICY]).exit_code == 2
