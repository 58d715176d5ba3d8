"""`demur compile` and `demur inspect`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

from demur.diagnostics import Diagnostic, InvalidSource, Position, Severity, Span
from demur.runtime.bundle import canonical, decode, encode, sha256
from tests.cli.bundled import POLICY
from tests.cli.conftest import Run

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy file whose compilation ends in two findings."""
    path = tmp_path / "policy.yaml"
    path.write_text("demur: 1\nrules: 7\n", encoding="utf-8")

    def compile_file(path: str) -> NoReturn:
        span = Span(path, Position(2, 8), Position(2, 9))
        raise InvalidSource(
            (
                Diagnostic(
                    "DM202", "wrong-type", Severity.ERROR, "No mapping.", span, "Write one."
                ),
                Diagnostic("DM101", "unreadable-file", Severity.ERROR, "Not read."),
            )
        )

    module = ModuleType("demur.language.compile")
    module.compile_file = compile_file  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "demur.language.compile", module)
    return path


def test_compile_writes_a_bundle_and_says_what_is_in_it(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    result = run("compile", bundle, "-o", "again.demur")
    assert result.exit_code == 0
    data = (tmp_path / "again.demur").read_bytes()
    assert data == encode(POLICY)
    digest = decode(data)[1]
    assert result.stdout.splitlines()[:4] == [
        "policy  small 1.2.0",
        f"digest  {digest}",
        "stages  request, answer",
        "rules   3",
    ]


def test_compile_replaces_a_bundle_but_no_other_file(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    assert run("compile", bundle, "-o", bundle).exit_code == 0
    other = tmp_path / "notes.txt"
    other.write_text("mine", encoding="utf-8")
    refused = run("compile", bundle, "-o", other)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert other.read_text(encoding="utf-8") == "mine"
    assert run("compile", bundle, "-o", other, "--force").exit_code == 0
    assert other.read_bytes() == bundle.read_bytes()


def test_compile_into_a_missing_folder_could_not_run(run: Run, bundle: Path) -> None:
    result = run("compile", bundle, "-o", "none/small.demur")
    assert result.exit_code == 4
    assert result.stderr == "Error: none/small.demur: No such file or directory\n"


def test_invalid_policy_shows_its_findings(run: Run, invalid: Path, tmp_path: Path) -> None:
    result = run("compile", invalid, "-o", "out.demur")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"{invalid.as_posix()}:2:8: error[DM202] wrong-type: No mapping.\n" in result.stderr
    assert "2 | rules: 7\n  |        ^\n  = help: Write one.\n" in result.stderr
    assert "2 errors in 1 file." in result.stderr
    assert not (tmp_path / "out.demur").exists()


@pytest.mark.parametrize("command", ["inspect", "decide"])
def test_every_command_shows_findings_alike(run: Run, invalid: Path, command: str) -> None:
    result = run(command, invalid)
    assert result.exit_code == 2
    assert "error[DM202] wrong-type" in result.stderr


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data.replace(b"small", b"large"), "DM704"),
        (lambda data: data[:200], "DM703"),
        (lambda data: data.replace(b'bundle":1', b'bundle":9'), "DM705"),
    ],
)
def test_bad_bundle_is_an_invalid_policy(
    run: Run, bundle: Path, change: Callable[[bytes], bytes], code: str
) -> None:
    bundle.write_bytes(change(bundle.read_bytes()))
    result = run("inspect", bundle)
    assert result.exit_code == 2
    assert f"error[{code}]" in result.stderr
    assert "= help:" in result.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"comparison.less_double", b"comparison.no_such_thing"),
        (b"comparison.less_double", b"nowhere"),
        (b'"answer","confidence"', b'"answer","confidential"'),
        (b'"least"', b'"most"'),
    ],
)
def test_bundle_that_no_compiler_wrote_is_an_invalid_policy(
    run: Run, bundle: Path, old: bytes, new: bytes
) -> None:
    body = canonical(POLICY).replace(old, new, 1)
    assert body != canonical(POLICY)
    header = f'{{"demur_bundle":1,"digest":"sha256:{sha256(body)}","policy":'
    bundle.write_bytes(header.encode() + body + b"}\n")
    result = run("decide", bundle, input="{}\n")
    assert result.exit_code == 2, result.output
    assert "error[DM706]" in result.stderr


def test_inspect_is_as_its_golden_file(run: Run, bundle: Path) -> None:
    result = run("inspect", bundle)
    assert result.stdout == (GOLDEN / "inspect.txt").read_text(encoding="utf-8")


def test_inspect_as_json_holds_rules_signals_and_parameters(run: Run, bundle: Path) -> None:
    facts = json.loads(run("inspect", bundle, "--format", "json").stdout)
    assert facts["digest"] == decode(bundle.read_bytes())[1]
    assert [rule["name"] for rule in facts["rules"]] == [rule.name for rule in POLICY.rules]
    assert facts["rules"][2]["when"] == "answer.confidence < params.least"
    assert facts["rules"][2]["reads"] == ["answer.confidence"]
    assert facts["params"][0]["value"] == 0.7
    text = facts["stages"][0]["signals"][1]
    assert (text["pii"], text["max_size"], text["read_by"]) == (True, 100, ["person-asked-for"])


def test_inspect_at_a_stage_shows_the_rules_that_run_there(run: Run, bundle: Path) -> None:
    facts = json.loads(run("inspect", bundle, "--format", "json", "--stage", "request").stdout)
    assert [rule["name"] for rule in facts["rules"]] == ["supported-intent", "person-asked-for"]
    assert run("inspect", bundle, "--stage", "none").exit_code == 2


def test_source_is_python_in_both_forms(run: Run, bundle: Path) -> None:
    source = run("inspect", bundle, "--source").stdout
    names = compile(source, "generated", "exec").co_names
    assert {"decide", "conditions"} <= set(names)
