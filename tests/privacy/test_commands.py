"""No command, in no format, lets out what is personal in the records that it reads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from demur.cli import COMMANDS, cli
from demur.export.docs import FORMATS as PAGES
from demur.monitor.formats import FORMATS as MONITOR_FORMATS
from demur.monitor.receivers import RECEIVERS
from demur.report.gates import FORMATS as GATE_FORMATS
from demur.report.trends import FORMATS as TREND_FORMATS
from demur.service.guard import Guard
from demur.service.journal import Journal
from demur.testing.formats import FORMATS as TEST_FORMATS
from tests.privacy.guarded import evaluator, put_through
from tests.privacy.marked import MARK, NEEDLES, good, leaks, policy_text, records

Arguments = Sequence[str]
INPUTS = frozenset(("policy.yaml", "records.jsonl", "few.jsonl", "cases.jsonl", "system.py"))
"""The files that hold the records themselves, or what is made of them for their owner."""
RESULTS = ".demur/results"
NOT_OF_RECORDS = {
    "compile": "reads a policy alone",
    "import": "gives the records themselves, to who has them",
    "inspect": "reads a policy alone",
    "keygen": "makes keys",
    "lint": "reads a policy alone",
    "new": "makes a project",
    "verify": "reads a bundle alone",
}
"""The commands that no record goes through, and why. Nor does one through `gate --self-test`."""
GATE = ("gate", "policy.yaml", "--results", "few.jsonl", "--baseline", "few.jsonl")
RUNS: dict[str, list[Arguments]] = {
    "decide": [
        ("decide", "policy.yaml", "records.jsonl"),
        ("decide", "policy.yaml", "records.jsonl", "--format", "text"),
        ("decide", "policy.yaml", "records.jsonl", "--explain"),
        ("decide", "policy.yaml", "records.jsonl", "--strict"),
        ("decide", "policy.yaml", "records.jsonl", "--stage", "request", "-o", "decided.jsonl"),
        ("decide", "policy.yaml", "--replay", "journal"),
        ("decide", "policy.yaml", "--replay", "journal", "--format", "jsonl"),
    ],
    "gate": [
        (*GATE, *(f"--format={one}=gate.{one}" for one in GATE_FORMATS), "--format=text", "--explain"),
    ],
    "trend": [
        (*GATE, "--runs", "runs"),
        ("trend", "policy.yaml", "--runs", "runs", *(f"--format={one}" for one in TREND_FORMATS)),
    ],
    "monitor": [
        ("monitor", "policy.yaml", "--journal", "journal", f"--format={one}", "--state", "state.json",
         *(f"--notify={kind}=http://127.0.0.1:9/{MARK}" for kind in RECEIVERS))
        for one in MONITOR_FORMATS
    ],
    "test": [
        ("test", ".", "--mutate", "--coverage", "--format", one) for one in TEST_FORMATS
    ],
    "run": [("run", "policy.yaml"), ("run", "policy.yaml", "--failed")],
    "export": [
        ("export", "prometheus", "policy.yaml"),
        ("export", "grafana", "policy.yaml"),
        ("export", "jsonschema", "policy.yaml"),
        *(("export", "docs", "policy.yaml", "--format", one) for one in PAGES),
    ],
}  # fmt: skip
SYSTEM = f"""\
def answer(case):
    if case["id"].endswith("0"):
        raise KeyError("{MARK}")
    return {{"answer": {{"confidence": 0.4, "shown": "{MARK}"}}}} if case["id"] != "1" else "{MARK}"
"""
TESTS = """\
tests:
  - name: expects another
    given: GIVEN
    expect: {action: refuse, message: Nothing., why: Nothing., unknown: [request.text]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy, records with marks, and a journal of them."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "policy.yaml").write_text(policy_text(), "utf-8")
    (folder / "runbook.md").write_text("# What to do\n", "utf-8")
    (folder / "system.py").write_text(SYSTEM, "utf-8")
    everything = list(records())
    for name, chosen in (("records", everything), ("few", everything[::23])):
        (folder / f"{name}.jsonl").write_text(
            "".join(f"{json.dumps(one)}\n" for one in chosen), "utf-8"
        )
    cases = [{"id": str(at), "request": good()["request"]} for at in range(12)]
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in cases), "utf-8")
    with Guard(evaluator(), journal=Journal(folder / "journal")) as guard:
        put_through(guard)
    return folder


def test_each_command_is_tried_or_no_record_goes_through_it() -> None:
    assert sorted((*RUNS, *NOT_OF_RECORDS)) == sorted(COMMANDS)


def test_the_marks_would_be_found() -> None:
    text = json.dumps(good(), default=str)
    assert leaks(text)
    assert all(leaks(f"x {one.upper()} y") for one in NEEDLES)


@pytest.mark.parametrize("name", sorted(RUNS))
def test_no_command_lets_out_what_is_personal(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DEMUR_RUNS", "")
    if name == "test":
        # What is undeclared is warned of with an excerpt of the test file, which is its owner's.
        given = json.dumps({"request": _declared(good()["request"])})
        Path("policy.test.yaml").write_text(TESTS.replace("GIVEN", given), "utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said: list[str] = []
    for arguments in RUNS[name]:
        done = CliRunner().invoke(cli, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), arguments
        assert "Internal error" not in done.output, (arguments, done.output)
        assert done.output.strip() or "-o" in arguments, arguments
        said += [f"{arguments[:3]}: {one}" for one in leaks(done.output)]
    for path in folder.rglob("*"):
        is_own = path.name in (*INPUTS, "policy.test.yaml") or path.suffix in (".bundle",)
        if path.is_file() and not is_own and before.get(path) != path.read_bytes():
            if name == "run" and path.suffix == ".jsonl":
                assert path.stat().st_mode & 0o077 == 0, "results are for their owner alone"
                continue
            said += [f"{path.relative_to(folder)}: {one}" for one in leaks(_unpacked(path))]
    assert not said, "\n".join(said)


def _declared(signals: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in signals.items() if name != "undeclared"}


def _unpacked(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.read_table(path)
        return str((table.schema.metadata, table.to_pylist())).encode()
    return path.read_bytes()


def test_the_journal_that_commands_read_has_lines_of_all_records(folder: Path) -> None:
    lines = [
        line
        for one in (folder / "journal").glob("*.jsonl")
        for line in one.read_bytes().splitlines()
    ]
    assert len(lines) > len(list(records()))
