"""The documentation is true: its commands run, its snippets work, its links lead somewhere."""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demur.diagnostics import Severity
from demur.language.source import parse_source
from demur.lint import lint_file
from tools import render_docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.S)
GENERATED = ("diagnostics.md", "engines.md", "functions.md")
WRITTEN = [page for page in PAGES if page.name not in GENERATED]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A page may make a log say less; the tests that follow it in this process must not notice."""
    loggers = [
        logging.getLogger(f"demur.{one}") for one in ("guard", "reload", "rollout", "journal")
    ]
    levels = [one.level for one in loggers]
    yield
    for one, level in zip(loggers, levels, strict=True):
        one.setLevel(level)


def blocks(page: Path, *kinds: str) -> list[re.Match[str]]:
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [one for one in found if one["kind"] in kinds]


def name(page: Path) -> str:
    return page.name


def test_what_is_generated_is_up_to_date() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in render_docs.pages().items()
        if path.read_text("utf-8") != text
    ]
    assert stale == [], "run `python tools/render_docs.py`"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_snippets_run_in_sequence(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block["text"], page.name, "exec"), names)


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_yaml_snippets_are_read_and_those_of_a_file_are_that_file(page: Path) -> None:
    for block in blocks(page, "yaml"):
        errors = parse_source(block["text"], page.name).diagnostics
        assert not errors, errors
        if block["file"]:
            file = ROOT / block["file"]
            assert block["text"] == file.read_text("utf-8")
            if block["text"].startswith("demur: "):
                found = lint_file(file, block["file"]).diagnostics
                assert not [one for one in found if one.severity is Severity.ERROR]


def _matches(shown: list[str], found: list[str]) -> bool:
    """Whether the output is as shown; `…` stands for any text, and alone on a line for any lines."""
    if not shown:
        return not found
    if shown[0] == "…":
        return any(_matches(shown[1:], found[at:]) for at in range(len(found) + 1))
    if not found:
        return False
    line = ".*".join(re.escape(part) for part in shown[0].split("…"))
    return bool(re.fullmatch(line, found[0])) and _matches(shown[1:], found[1:])


@pytest.mark.parametrize(
    ("page", "commands"),
    [
        ("tutorial", 4),
        ("gates", 4),
        ("alerts", 1),
        ("running-suites", 5),
        ("importing", 5),
        ("data-quality", 2),
    ],
)
def test_the_commands_of_a_page_print_what_it_shows(
    page: str, commands: int, tmp_path: Path
) -> None:
    folder = tmp_path / page
    shutil.copytree(ROOT / "docs" / "examples" / page, folder)
    assert commands_that_print_what_is_shown(page, folder, os.environ) >= commands


def test_the_commands_of_the_page_about_trends_print_what_it_shows(tmp_path: Path) -> None:
    folder = tmp_path / "gates"
    shutil.copytree(ROOT / "docs" / "examples" / "gates", folder)
    environment = {name: value for name, value in os.environ.items() if name != "DEMUR_RUNS"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    subprocess.run([sys.executable, "history.py"], cwd=folder, env=environment, check=True)
    assert commands_that_print_what_is_shown("trends", folder, environment) >= 1


def commands_that_print_what_is_shown(
    page: str, folder: Path, environment: Mapping[str, str]
) -> int:
    """Runs the commands of the page in the folder; how many there are."""
    ran = 0
    for block in blocks(ROOT / "docs" / f"{page}.md", "console"):
        command, *shown = block["text"].rstrip().split("\n")
        words = shlex.split(command.removeprefix("$ "))
        assert words[0] == "demur"
        result = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**environment, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
        )
        found = [line.rstrip() for line in result.stdout.rstrip().split("\n")]
        assert _matches([line.rstrip() for line in shown], found), (command, result)
        ran += 1
    return ran


def test_the_commands_of_ci_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (page,) = [page for page in PAGES if page.name == "ci.md"]
    (block,) = blocks(page, "sh")
    for command in block["text"].strip().split("\n"):
        result = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        assert result.returncode == 0, result


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for title in re.findall(r"^#+ (.+)$", text, re.M):
        kept = "".join(one for one in title.lower() if one.isalnum() or one in " -_")
        found.add(kept.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_every_command_named_exists(page: Path) -> None:
    named = set(re.findall(r"`demur ([a-z]+)", page.read_text("utf-8")))
    known = {
        path.stem.rstrip("_") for path in (ROOT / "src" / "demur" / "cli" / "commands").glob("*.py")
    }
    assert {"lint", "test", "decide", "compile", "inspect"} <= known
    assert named <= known, named - known


def test_the_result_that_the_page_about_gates_shows_is_one_of_the_examples() -> None:
    (shown,) = blocks(ROOT / "docs" / "gates.md", "json")
    results = (ROOT / "docs" / "examples" / "gates" / "baseline.jsonl").read_text("utf-8")
    assert shown["text"] in results


@pytest.mark.parametrize("folder", ["tutorial"])
def test_the_examples_of_the_docs_pass_their_own_tests(folder: str) -> None:
    from demur.testing import run

    assert run([ROOT / "docs" / "examples" / folder]).passed
