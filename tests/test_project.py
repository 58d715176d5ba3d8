"""The project's own rules, where no other tool checks them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, skip_unless_ci

LONGEST = 400
"""Lines in a source file: more than that and it is about two things."""
LONG_FOR_A_REASON: dict[str, str] = {}
"""Files that may be longer, by path under `src/demur`, and why."""

VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common"}

FOREIGN = {
    "a path of one machine": re.compile(
        r"(?<![\w.~:/\-])/(?:home|root|tmp|Users|work)/\w|\b[A-Z]:\\Users\\"
    ),
    "the host of a package registry": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.org|proxy\.golang\.org)\b|\bindex-url\b"
    ),
}
THIS_FILE = Path(__file__).relative_to(ROOT)


def committed_files() -> list[Path]:
    """What git tracks or would add, as paths under the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        skip_unless_ci("this is no git checkout")
    paths = [Path(name) for name in listing.stdout.split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


def source_files() -> list[Path]:
    return sorted((ROOT / "src" / "demur").rglob("*.py"))


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][\w-]*):", text, re.MULTILINE))


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_committed_file_names(kind: str) -> None:
    found: list[str] = []
    for path in committed_files():
        if path == THIS_FILE:
            continue
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        found += [
            f"{path}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if FOREIGN[kind].search(line)
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("a path of one machine", "open('/tmp/x')"),
        ("a path of one machine", "cd /home/someone/demur"),
        ("a path of one machine", r"C:\Users\someone"),
        ("the host of a package registry", "https://pypi.org/simple"),
        ("the host of a package registry", "pip install --index-url http://localhost demur"),
    ],
)
def test_a_foreign_name_is_recognised(kind: str, line: str) -> None:
    assert FOREIGN[kind].search(line)


def test_source_files_are_short() -> None:
    lengths = {
        path.relative_to(ROOT / "src" / "demur").as_posix(): len(
            path.read_text(encoding="utf-8").splitlines()
        )
        for path in source_files()
    }
    long = {name: length for name, length in lengths.items() if length > LONGEST}
    assert long.keys() == LONG_FOR_A_REASON.keys(), long


def test_no_module_has_a_vague_name() -> None:
    vague = [path for path in source_files() if {path.stem, path.parent.name} & VAGUE]
    assert not vague


def test_the_readme_names_only_commands_that_make_knows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= make_targets()


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r'@echo "make ([\w-]+) ', text)) == make_targets() - {"help"}


def test_the_changelog_is_open_for_the_next_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)
