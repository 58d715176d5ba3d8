"""`demur lint`: what it takes, what it prints, and how it ends; the rules are tested elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from demur.cli import cli
from demur.cli.policies import policy_files
from demur.diagnostics import Checked, Diagnostic, Edit, Position, Severity, Span
from tests.cli.conftest import Run

Findings = Callable[[str, str], tuple[Diagnostic, ...]]


def found(path: str, text: str) -> tuple[Diagnostic, ...]:
    """An error for the word `bad`, and a warning with a mend for the word `old`."""
    diagnostics: list[Diagnostic] = []
    for number, line in enumerate(text.split("\n"), start=1):
        for word, severity in (("bad", Severity.ERROR), ("old", Severity.WARNING)):
            if word in line:
                start = line.index(word) + 1
                span = Span(path, Position(number, start), Position(number, start + 3))
                edits = (Edit(span, "new", safe=True),) if word == "old" else ()
                code = "DM401" if word == "bad" else "DM501"
                diagnostics.append(
                    Diagnostic(code, f"a-{word}", severity, f"`{word}`.", span, None, edits)
                )
    return tuple(diagnostics)


@pytest.fixture(autouse=True)
def _lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for `demur.lint`."""

    def lint_paths(paths: Sequence[Path]) -> tuple[Checked, ...]:
        results: list[Checked] = []
        for path in paths:
            text = path.read_bytes().decode()
            results.append(Checked(path.as_posix(), text, found(path.as_posix(), text)))
        return tuple(results)

    module = ModuleType("demur.lint")
    module.lint_paths = lint_paths  # type: ignore[attr-defined]
    module.fixed_text = lambda checked: checked.text.replace("old", "new", 1)  # type: ignore[attr-defined]
    module.CODES = {"DM401": ("a-bad", "Bad", "Write `good`.")}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "demur.lint", module)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    return write


Write = Callable[[str, str], Path]


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        ("demur: 1\n", (), 0),
        ("demur: 1\nold\n", (), 0),
        ("demur: 1\nold\n", ("--strict",), 1),
        ("demur: 1\nbad\n", (), 1),
    ],
)
def test_status_says_whether_findings_fail(
    run: Run, write: Write, text: str, options: tuple[str, ...], status: int
) -> None:
    write("policy.yaml", text)
    assert run("lint", "policy.yaml", *options).exit_code == status


def test_text_goes_to_standard_output_without_colours(run: Run, write: Write) -> None:
    write("policy.yaml", "demur: 1\nx: bad\n")
    assert run("lint", "policy.yaml").stdout == (
        "policy.yaml:2:4: error[DM401] a-bad: `bad`.\n"
        "2 | x: bad\n"
        "  |    ^^^\n"
        "\n"
        "1 error in 1 file.\n"
    )


def test_report_can_be_written_to_a_file(run: Run, write: Write, tmp_path: Path) -> None:
    write("policy.yaml", "demur: 1\nx: bad\n")
    result = run("lint", "policy.yaml", "--format", "json", "-o", "report.json")
    assert (result.stdout, result.exit_code) == ("", 1)
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["files"][0]["diagnostics"][0]["title"] == "Bad"


def test_text_in_a_file_has_no_colours(run: Run, write: Write, tmp_path: Path) -> None:
    write("policy.yaml", "demur: 1\nx: bad\n")
    run("lint", "policy.yaml", "-o", "report.txt")
    assert "\x1b" not in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_folders_are_searched_for_policy_files(run: Run, write: Write, tmp_path: Path) -> None:
    write("policies/b.yaml", "demur: 1\n")
    write("policies/a.yml", '# comment\n"demur": 1\n')
    write("policies/deep/c.YAML", "\ufeffdemur : 1\n")
    write("policies/a.test.yaml", "demur: 1\n")
    write("policies/other.yaml", "policy:\n  demur: 1\n")
    write("policies/.hidden/d.yaml", "demur: 1\n")
    write("policies/notes.txt", "demur: 1\n")
    names = [path.relative_to(tmp_path).as_posix() for path in policy_files([tmp_path])]
    assert names == ["policies/a.yml", "policies/b.yaml", "policies/deep/c.YAML"]


def test_named_file_is_checked_whatever_it_holds_and_once(run: Run, write: Write) -> None:
    path = write("odd.txt", "nothing\n")
    assert policy_files([path, path]) == [path]
    assert run("lint", "odd.txt").exit_code == 0


@pytest.mark.parametrize("arguments", [(), (".",)])
def test_nothing_to_lint_is_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("lint", *arguments)
    assert result.exit_code == 2
    assert "Nothing to lint" in result.stderr


def test_fix_mends_again_until_nothing_is_left(run: Run, write: Write) -> None:
    path = write("policy.yaml", "demur: 1\r\na: old\r\nb: old\r\nc: bad\r\n")
    result = run("lint", "policy.yaml", "--fix", "--strict")
    assert path.read_bytes() == b"demur: 1\r\na: new\r\nb: new\r\nc: bad\r\n"
    assert result.stderr == "Mended 1 file.\n"
    assert result.stdout.endswith("1 error in 1 file.\n")
    assert result.exit_code == 1


def test_diff_shows_the_mend_and_changes_nothing(run: Run, write: Write) -> None:
    path = write("policy.yaml", "demur: 1\na: old")
    result = run("lint", "policy.yaml", "--diff")
    assert result.exit_code == 1
    assert "-a: old\n+a: new\n" in result.stdout
    assert path.read_text(encoding="utf-8") == "demur: 1\na: old"
    assert run("lint", "policy.yaml", "--diff", "--fix").exit_code == 2
    path.write_text("demur: 1\n", encoding="utf-8")
    clean = run("lint", "policy.yaml", "--diff")
    assert (clean.exit_code, clean.stdout) == (0, "")


@pytest.mark.parametrize("code", ["DM401", "dm401", "a-bad"])
def test_explain_takes_a_code_or_its_name(run: Run, code: str) -> None:
    result = run("lint", "--explain", code)
    assert result.stdout == "DM401 a-bad: Bad\n\nWrite `good`.\n"


@pytest.mark.parametrize("code", ["DM601", "DM704", "DM723"])
def test_explain_knows_the_codes_of_other_commands(run: Run, code: str) -> None:
    assert run("lint", "--explain", code).stdout.startswith(f"{code} ")


def test_unknown_code_is_wrong_usage(run: Run) -> None:
    result = run("lint", "--explain", "DM999")
    assert result.exit_code == 2
    assert "There is no code `DM999`" in result.stderr


def test_terminal_has_colours_unless_no_color_is_set(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write("policy.yaml", "demur: 1\nbad\n"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" in CliRunner().invoke(cli, ["lint", path], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(cli, ["lint", path], color=True).stdout
