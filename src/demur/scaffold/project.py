"""A project from templates, which are files that work as they stand."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

KINDS = {
    "rag": "answers questions from documents",
    "classifier": "gives things a label",
    "agent": "calls tools",
}
"""Kinds of systems, and what each does."""

_OF_KIND = {
    name: name
    for name in (
        "policy.yaml",
        "policy.test.yaml",
        "runbook.md",
        "golden.jsonl",
        "system.py",
    )
}
_OF_ALL = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
}
_OF_CI = {
    "github": {"workflow.yml": ".github/workflows/demur.yml"},
    "gitlab": {"gitlab-ci.yml": ".gitlab-ci.yml"},
    "none": {},
}
"""By the service that runs CI: the templates, and where in the project each goes."""

CI = tuple(_OF_CI)
"""The services whose CI a project can have."""
_NAME = "my-project"
"""What the templates call the project."""


class Occupied(Exception):
    """Files that are there already, and are not written over."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(f"{', '.join(paths)}: there already.")


def write_project(folder: Path, name: str, kind: str = "rag", ci: str = "github") -> list[str]:
    """Writes a project called `name` of a kind in `KINDS`; the files' names, from `folder`.

    Raises `Occupied`, having written nothing, where a file is there; OSError.
    """
    contents = _contents(name, kind, ci)
    there = tuple(path for path in contents if (folder / path).exists())
    if there:
        raise Occupied(there)
    for path, text in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return list(contents)


def _contents(name: str, kind: str, ci: str) -> dict[str, str]:
    templates = files("demur.scaffold") / "templates"
    parts = {kind: _OF_KIND, "any": _OF_ALL, ci: _OF_CI[ci]}
    return {
        target: (templates / part / source).read_text("utf-8").replace(_NAME, name)
        for part, names in parts.items()
        for source, target in names.items()
    }
