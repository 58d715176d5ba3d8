"""What a newcomer is told of a mistake: `mistakes.txt` has each mistake, made in a project that is right.

A case is a name after `--- `, what is changed, the command after `$ `, and all that it says. Lines that
begin with `- ` are taken out of the file and those with `+ ` put in their place, `@ NAME` names another
file than the policy, and a change that takes nothing out makes the file anew. What is said ends in the
exit status. `python -m tests.cli.test_mistakes` writes the file anew; look at what changes.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

import demur
from demur.cli import cli

HERE = Path(__file__).parent
MISTAKES = HERE / "mistakes.txt"
PROJECT = HERE / "mistakes"
"""The project that is right: a policy, cases, a system and its results."""
_KEPT = re.compile(r"^Kept as run .*\n", re.MULTILINE)
_ENVIRONMENT = {"NO_COLOR": "1", "COLUMNS": "100"}
_SECONDS = re.compile(r"in \d+\.\d s")


@dataclass(frozen=True)
class Mistake:
    """A mistake, as it stands in the file, and what was said of it."""

    name: str
    changes: tuple[str, ...]
    command: str
    said: str


def mistakes() -> Iterator[Mistake]:
    """The cases of the file, in its order."""
    text = MISTAKES.read_text("utf-8").partition("\n--- ")[2]
    for chunk in text.split("\n--- "):
        name, *lines = chunk.rstrip("\n").split("\n")
        at = next(index for index, line in enumerate(lines) if line.startswith("$ "))
        said = "\n".join(lines[at + 1 :])
        yield Mistake(name, tuple(lines[:at]), lines[at].removeprefix("$ "), said)


def changed(folder: Path, changes: tuple[str, ...]) -> None:
    """Makes the mistake in a copy of the project."""
    for path in PROJECT.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    name, old, new = "policy.yaml", list[str](), list[str]()

    def change() -> None:
        if not (old or new):
            return
        path = folder / name
        text = "".join(f"{line}\n" for line in new)
        if old:
            gone = "".join(f"{line}\n" for line in old)
            before = path.read_text("utf-8")
            assert before.count(gone) == 1, f"not once in {name}: {gone}"
            text = before.replace(gone, text)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        old.clear()
        new.clear()

    for line in changes:
        kind, content = line[:2], line[2:]
        if kind == "@ " or (kind == "- " and new):
            change()
        if kind == "@ ":
            name = content
        else:
            {"- ": old, "+ ": new}[kind].append(content.replace("\\t", "\t"))
    change()


def told(mistake: Mistake) -> str:
    """All that the command says of the mistake, and its exit status."""
    with TemporaryDirectory() as folder:
        changed(Path(folder), mistake.changes)
        words = shlex.split(mistake.command)
        assert words[0] == "demur"
        output, status = (_alone if words[1] == "run" else _here)(words[1:], folder)
    output = _SECONDS.sub("in 0.0 s", _KEPT.sub("", output.replace(folder, "FOLDER")))
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join([*lines, f"[{status}]"])


def _here(words: list[str], folder: str) -> tuple[str, int]:
    with chdir(folder):
        found = CliRunner().invoke(cli, words, prog_name="demur", env=_ENVIRONMENT)
    return found.output, found.exit_code


def _alone(words: list[str], folder: str) -> tuple[str, int]:
    """In a process of its own, as the system under test is a module of this name in each folder."""
    found = subprocess.run(
        [sys.executable, "-m", "demur", *words],
        check=False,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": str(Path(demur.__file__).parents[1])},
    )
    return found.stdout + found.stderr, found.returncode


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda one: one.name.replace(" ", "-"))
def test_a_mistake_is_answered_as_shown(mistake: Mistake) -> None:
    assert told(mistake) == mistake.said


def test_no_answer_is_a_traceback_or_an_internal_error() -> None:
    said = MISTAKES.read_text("utf-8")
    assert "Traceback" not in said
    assert "Internal error" not in said


def test_each_answer_says_what_to_do_or_all_that_is_known() -> None:
    advice = ("help:", "Error:", "Write ", "Take ", "The stages: ", "DM81")
    told_all = [
        mistake.name for mistake in mistakes() if not any(one in mistake.said for one in advice)
    ]
    assert told_all == ["a pattern that is not closed", "a gate that misses in one slice"]


def test_the_project_without_a_mistake_is_right() -> None:
    for command, status in (("demur lint .", 0), (GATE, 0), ("demur run policy.yaml", 0)):
        assert told(Mistake("", (), command, "")).endswith(f"[{status}]"), command


GATE = "demur gate policy.yaml --results results.jsonl --no-keep"

if __name__ == "__main__":
    head = MISTAKES.read_text("utf-8").partition("\n--- ")[0].rstrip()
    chunks = [
        head,
        *(
            "\n".join([f"--- {one.name}", *one.changes, f"$ {one.command}", told(one)])
            for one in mistakes()
        ),
    ]
    MISTAKES.write_text("\n\n".join(chunks) + "\n", encoding="utf-8", newline="\n")
