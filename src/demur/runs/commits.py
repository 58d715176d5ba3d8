"""Which commit and branch a run was made with: what the CI says, or else git."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from demur.runs.facts import Commit

_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA")
_BRANCHES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_BRANCH",
)
"""The variables of GitHub and GitLab; those of a pull request first, since there the others name a merge."""
_PATIENCE = 10
"""Seconds that git may take."""


def commit_of(folder: Path, environment: Mapping[str, str]) -> Commit:
    """The commit that is checked out at `folder`, as far as anything tells."""
    git = _of_git(folder)
    sha = _first(environment, _COMMITS) or git.sha
    branch = _first(environment, _BRANCHES) or git.branch
    return Commit(sha, branch, git.dirty)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _of_git(folder: Path) -> Commit:
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=True, text=True, timeout=_PATIENCE
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return Commit()
    facts: dict[str, str] = {}
    dirty = False
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            name, _, value = line.removeprefix("# ").partition(" ")
            facts[name] = value
        else:
            dirty = True
    sha, branch = facts.get("branch.oid"), facts.get("branch.head")
    return Commit(
        None if sha == "(initial)" else sha, None if branch == "(detached)" else branch, dirty
    )
