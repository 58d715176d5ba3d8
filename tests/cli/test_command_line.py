"""What all commands have in common: help, status, and no traceback whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from demur.cli import COMMANDS, cli
from tests.cli.conftest import Run
from tests.conftest import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def demur(*arguments: str | Path, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "demur", *map(str, arguments)]
    return subprocess.run(command, input=input, capture_output=True, env=ENVIRONMENT, check=False)


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_summary_and_help_for_each_option(run: Run, name: str) -> None:
    assert isinstance(cli, click.Group)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.get_short_help_str(limit=100).endswith(".")
    assert all(one.help for one in command.params if isinstance(one, click.Option))
    assert run(name, "--help").exit_code == 0


def test_misspelt_command_is_wrong_usage(run: Run) -> None:
    result = run("decode")
    assert result.exit_code == 2
    assert "Did you mean `decide`?" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("decide",), ("decide", "none.yaml"), ("compile", "none.yaml"), ("inspect", "."), ("--no",)],
)
def test_wrong_usage_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_internal_error_is_one_line_and_status_4(
    run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("demur.report.inspection.inspect", fail)
    result = run("inspect", bundle)
    assert result.exit_code == 4
    assert result.output.count("\n") == 1
    assert "Internal error (ZeroDivisionError)" in result.stderr
    assert "report" in result.stderr
    shown = run("--debug", "inspect", bundle)
    assert shown.exit_code == 4
    assert "Traceback" in shown.stderr


def test_interruption_is_quiet(run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("demur.report.inspection.inspect", interrupt)
    result = run("inspect", bundle)
    assert result.exit_code == 130
    assert "Traceback" not in result.output


def test_module_runs_as_the_command(bundle: Path) -> None:
    record = '{"request": {"intent": "日本", "text": "x"}}'.encode()
    result = demur("decide", bundle, "--format", "text", input=record)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(b"1: abstain by supported-intent")


def test_output_is_utf8_whatever_the_locale(bundle: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "demur", "decide", str(bundle), "--format", "text"]
    record = '{"id": "é", "request": {}}'.encode()
    result = subprocess.run(
        command, input=record, capture_output=True, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode("utf-8").startswith("1 (id é")


@pytest.mark.skipif(sys.platform == "win32", reason="never: pipes break in another way there")
def test_broken_pipe_is_quiet(bundle: Path, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text('{"request": {"intent": "billing"}}\n' * 20_000, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "demur", "decide", str(bundle), str(records)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


HEAVY = {"jsonschema", "lark", "pydantic", "pyarrow", "rich", "ruamel"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["decide", "--help"]])
def test_help_loads_no_heavy_package(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from demur.cli import cli\n"
        f"try: cli({arguments!r})\n"
        "except SystemExit: pass\n"
        f"sys.exit(', '.join({HEAVY!r} & set(sys.modules)) or 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=ENVIRONMENT, check=False
    )
    assert result.returncode == 0, result.stderr


def test_deciding_by_a_bundle_loads_no_compiler(bundle: Path) -> None:
    code = (
        "import sys\n"
        "from demur.cli import cli\n"
        f"try: cli(['decide', {str(bundle)!r}])\n"
        "except SystemExit as end: assert not end.code\n"
        f"sys.exit(', '.join({HEAVY!r} & set(sys.modules)) or 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        input=b"{}\n",
        capture_output=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert b"abstain" in result.stdout


def test_decisions_on_standard_input_come_as_records_do(bundle: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "demur", "decide", str(bundle), "--format", "text"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in (1, 2, 3):
            process.stdin.write(b"{}\n")
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"{number}: abstain".encode())
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0
