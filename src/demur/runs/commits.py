"""Which commit and branch a run was made with: what the CI says, or else the repository's own files.

git is not asked. What it is asked in may be a stranger's: a work tree's configuration names commands, and
git runs them (`core.fsmonitor`, filters, hooks), in a bare repository among committed files too. Whether
files differ from the commit cannot be told without it, so that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from demur.files import read_file, repository
from demur.runs.facts import Commit

_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA")
_BRANCHES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_BRANCH",
)
"""The variables of GitHub and GitLab; those of a pull request first, since there the others name a merge."""
_SHA = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})")
_BRANCH = re.compile(r"refs/heads/(?P<name>(?!\.)[^\x00-\x20\x7f~^:?*\[\\]+)")
_LARGEST = 64 * 1024 * 1024
"""Bytes of a file beyond which it is not read; packed references are a line each."""


def commit_of(folder: Path, environment: Mapping[str, str]) -> Commit:
    """The commit that is checked out at `folder`, as far as anything tells."""
    sha, branch = _checked_out(folder)
    return Commit(_first(environment, _COMMITS) or sha, _first(environment, _BRANCHES) or branch)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _checked_out(folder: Path) -> tuple[str | None, str | None]:
    """The commit and the branch of the repository around the folder; None for what is not known."""
    root = repository(folder)
    own = None if root is None else _own_folder(Path(root) / ".git")
    if own is None:
        return None, None
    head = _text(own / "HEAD")
    if _SHA.fullmatch(head):
        return head, None
    branch = _BRANCH.fullmatch(head.removeprefix("ref:").strip())
    # A branch of a newer form of storage is called `.invalid` here, as no branch is.
    if branch is None or not {"", ".", ".."}.isdisjoint(branch["name"].split("/")):
        return None, None
    shared = own / (_text(own / "commondir") or ".")
    return _commit(shared, branch[0]), branch["name"]


def _own_folder(place: Path) -> Path | None:
    """Where the work tree's own files are: `.git`, or where that leads, as in a second work tree."""
    if place.is_dir():
        return place
    said = _text(place)
    return place.parent / said.removeprefix("gitdir:").strip() if said else None


def _commit(shared: Path, reference: str) -> str | None:
    """The commit of a reference: in a file of its own, or in the one of those that are packed."""
    found = _text(shared / reference)
    if not found:
        lines = _text(shared / "packed-refs").splitlines()
        found = next((one.split(" ")[0] for one in lines if one.endswith(f" {reference}")), "")
    return found if _SHA.fullmatch(found) else None


def _text(path: Path) -> str:
    """What stands in the file; empty where there is none that can be read."""
    try:
        return read_file(path, _LARGEST).decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""
