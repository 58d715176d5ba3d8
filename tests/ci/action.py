"""The composite action, read and run as GitHub does, as far as it is made of scripts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.ci import shell
from tests.conftest import ROOT

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def read() -> dict[str, Any]:
    return YAML(typ="safe").load((ROOT / "action.yml").read_text("utf-8"))


@dataclass
class Ran:
    """What came of the action: each script's name with its status, what was printed, its outputs."""

    statuses: dict[str, int] = field(default_factory=dict)
    printed: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    installed: list[str] = field(default_factory=list)


def run(folder: Path, home: Path, inputs: Mapping[str, str]) -> Ran:
    """Every script of the action in order; after one that failed only what runs `always`."""
    action = read()
    given = {name: one.get("default", "") for name, one in action["inputs"].items()} | inputs
    context = {f"inputs.{name}": value for name, value in given.items()}
    context["github.action_path"] = str(ROOT)
    output, summary = home / "output.txt", home / "summary.md"
    variables = shell.environment(home) | {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF_NAME": "main",
    }
    output.touch()
    summary.touch()
    ran, failed = Ran(), False
    for step in action["runs"]["steps"]:
        wanted = step.get("if", "true")
        if "run" not in step or (failed and "always()" not in wanted):
            continue
        if not _holds(wanted, context):
            continue
        own = {name: _filled(text, context) for name, text in step.get("env", {}).items()}
        found = shell.run(step["run"], folder, variables | own)
        ran.statuses[step["name"]] = found.returncode
        ran.printed += found.stdout + found.stderr
        failed = failed or found.returncode != 0
    ran.outputs = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
    ran.summary = summary.read_text("utf-8")
    pip = home / shell.PIP
    ran.installed = pip.read_text("utf-8").splitlines() if pip.exists() else []
    return ran


def _filled(text: str, context: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda found: context[found[1]], text)


def _holds(condition: str, context: Mapping[str, str]) -> bool:
    """A condition of comparisons with '' joined by &&; anything else is an error of the test."""
    for part in condition.split("&&"):
        text = part.strip()
        if text in ("true", "always()"):
            continue
        name, empty = text.split(" != ")
        assert empty == "''"
        if not context[name]:
            return False
    return True
