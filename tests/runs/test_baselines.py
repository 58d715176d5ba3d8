"""`demur gate` keeps its runs, and compares with them: by id, the last that passed, a branch's newest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from demur.runs.store import newest_first, read, records_of
from tests.gate.running import policy, record, records, write

ID = re.compile(r"Kept as run (\S+?),?(?:\s|$)")


class Gate:
    """A policy's gate in a folder of its own, run as a user runs it."""

    def __init__(self, folder: Path, *require: str, settings: str = "") -> None:
        self.folder = folder
        self.path = policy(folder, settings, *require)
        self.runs = folder / ".demur" / "runs"

    def run(self, rows: list[dict[str, Any]], *arguments: str) -> Result:
        results = write(self.folder / "r.jsonl", rows)
        return CliRunner().invoke(cli, ["gate", str(self.path), "--results", results, *arguments])

    def kept(self, rows: list[dict[str, Any]], *arguments: str) -> str:
        """The id under which a run was kept."""
        result = self.run(rows, *arguments)
        said = ID.search(result.stderr)
        assert said is not None, result.output
        return said[1]


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As where nothing of CI, git or the tests' own settings says anything."""
    for name in ("DEMUR_RUNS", "GITHUB_SHA", "GITHUB_HEAD_REF", "GITHUB_REF_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path, "wrong <= baseline + 0.02")


def test_each_run_is_kept_with_its_verdict(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "wrong <= 0.1", settings="by: [request.tenant]")
    ids = [gate.kept(records(50, wrong=wrong)) for wrong in (0, 50)]
    runs = {one.facts.id: one for one in map(read, newest_first(gate.runs))}
    assert [runs[one].facts.verdict for one in ids] == ["pass", "fail"]
    first = runs[ids[0]]
    assert (first.facts.gate, first.facts.policy, first.facts.records) == ("tested", "judged", 50)
    assert [str(one.slice) for one in first.measurements] == ["all", "request.tenant = a"]
    assert [one.measured.value for one in runs[ids[1]].measurements] == [1.0, 1.0]


def test_slices_by_what_is_personal_are_not_kept(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "wrong <= 0.1", settings="by: [request.text, request.tenant]")
    gate.kept(records(5))
    (file,) = newest_first(gate.runs)
    assert [str(one.slice) for one in read(file).measurements] == ["all", "request.tenant = a"]
    assert all(b"secret" not in one.read_bytes() for one in gate.runs.iterdir())


def test_a_run_id_or_its_beginning_gives_what_its_results_give(gate: Gate, tmp_path: Path) -> None:
    before = records(60, wrong=3)
    id = gate.kept(before)
    file = write(tmp_path / "before.jsonl", before)
    now = records(60, wrong=12)
    shown = [
        json.loads(gate.run(now, "--no-keep", "--format", "json", "--baseline", one).stdout)
        for one in (file, id, id[:-2])
    ]
    assert shown[0]["verdict"] == "fail"
    for one in shown[1:]:
        assert one["requirements"] == shown[0]["requirements"]
        assert one["flips"] == shown[0]["flips"]
        assert (one["baseline"], one["paired"]) == (f"run {id}", 60)


def test_last_pass_is_the_last_run_that_passed(gate: Gate, tmp_path: Path) -> None:
    good, worse = records(60, wrong=1), records(60, wrong=20)
    file = write(tmp_path / "good.jsonl", good)
    passed = gate.kept(good, "--baseline", file)
    failed = gate.kept(worse, "--baseline", "last-pass")
    again = gate.run(worse, "--baseline", "last-pass", "--format", "json")
    assert again.exit_code == 1
    assert json.loads(again.stdout)["baseline"] == f"run {passed}"
    assert failed != passed


def test_a_branch_is_its_newest_run_whatever_came_of_it(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    gate.kept(records(60))
    newest = gate.kept(records(60, wrong=6))
    monkeypatch.setenv("GITHUB_REF_NAME", "topic")
    gate.kept(records(60, wrong=40))
    for name in ("branch:main", "main"):
        shown = json.loads(
            gate.run(records(60, wrong=6), "--baseline", name, "--format", "json").stdout
        )
        assert (shown["baseline"], shown["verdict"]) == (f"run {newest}", "pass")


def test_the_gates_own_baseline_is_the_default(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "wrong <= baseline + 0.02", settings="baseline: last-pass")
    first = gate.run(records(60))
    assert first.exit_code == 4
    assert "DM840 No run of the gate tested of judged passed" in first.output
    file = write(tmp_path / "first.jsonl", records(60))
    assert gate.run(records(60), "--baseline", file).exit_code == 0
    assert gate.run(records(60, wrong=1)).exit_code == 0
    assert gate.run(records(60, wrong=30)).exit_code == 1


def test_a_file_that_the_gate_names_is_found_from_the_policys_folder(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "wrong <= baseline", settings="baseline: before.jsonl")
    write(tmp_path / "before.jsonl", records(60))
    assert gate.run(records(60)).exit_code == 0
    assert gate.run(records(60, wrong=1)).exit_code == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("last-pass", "No run of the gate tested of judged passed"),
        ("branch:main", "was made on the branch main"),
        ("nowhere", "`nowhere` is no file, no run and no branch"),
        ("20990101T000000Z-abcdef012", "is no file, no run and no branch"),
        ("last-pas", "last-pass"),
    ],
)
def test_a_baseline_that_there_is_not_is_an_error_that_says_what_there_is(
    gate: Gate, name: str, said: str
) -> None:
    there = gate.kept(records(30))
    result = gate.run(records(30), "--baseline", name)
    assert result.exit_code == 4
    assert "DM840" in result.stdout
    assert said in result.stdout
    assert f"{there} (error)" in result.stdout
    assert read(newest_first(gate.runs)[0]).facts.verdict == "error"


def test_a_beginning_of_several_ids_is_refused(gate: Gate) -> None:
    ids = [gate.kept(records(10)) for _ in range(2)]
    result = gate.run(records(10), "--baseline", ids[0][:6])
    assert result.exit_code == 4
    assert "Several runs' ids begin with" in result.stdout
    assert all(one in result.stdout for one in ids)


def test_a_run_without_its_records_is_an_error(gate: Gate) -> None:
    id = gate.kept(records(10))
    records_of(gate.runs, id).unlink()
    result = gate.run(records(10), "--baseline", id)
    assert result.exit_code == 4
    assert "DM841" in result.stdout


def test_records_that_lack_a_personal_value_which_a_rule_reads_are_an_error(gate: Gate) -> None:
    text = gate.path.read_text("utf-8")
    gate.path.write_text(text.replace("answer.score < 0.5", "request.text == 'x'"), "utf-8")
    id = gate.kept(records(10))
    result = gate.run(records(10), "--baseline", id)
    assert result.exit_code == 4
    assert "DM842" in result.stdout
    assert "request.text" in result.stdout


def test_the_report_says_what_changed_since_the_baselines_run(gate: Gate, tmp_path: Path) -> None:
    manifest = {
        "format": "demur.run/1",
        "fingerprint": {"prompt": "sha256:aaa", "model": "sha256:m"},
    }
    (tmp_path / "r.run.json").write_text(json.dumps(manifest), "utf-8")
    id = gate.kept(records(30))
    manifest["fingerprint"] = {"prompt": "sha256:bbb", "model": "sha256:m"}
    (tmp_path / "r.run.json").write_text(json.dumps(manifest), "utf-8")
    text = gate.path.read_text("utf-8")
    gate.path.write_text(text.replace("answer.score < 0.5", "answer.score < 0.4"), "utf-8")
    for form in ("text", "markdown", "html"):
        shown = gate.run(records(30), "--baseline", id, "--no-keep", "--format", form).stdout
        assert "aaa → bbb" in shown, form
    shown = json.loads(gate.run(records(30), "--baseline", id, "--format", "json").stdout)
    assert [one["what"] for one in shown["changes"]] == ["policy", "prompt"]


def test_nothing_is_kept_where_nothing_is_to_be(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate.run(records(10), "--no-keep")
    monkeypatch.setenv("DEMUR_RUNS", "")
    gate.run(records(10))
    refused = gate.run(records(10), "--baseline", "last-pass")
    assert "name the folder, --runs DIR" in refused.stdout
    assert not gate.runs.exists()
    monkeypatch.setenv("DEMUR_RUNS", str(tmp_path / "elsewhere"))
    gate.kept(records(10))
    gate.kept(records(10), "--runs", str(tmp_path / "given"))
    assert len(newest_first(tmp_path / "elsewhere")) == 1
    assert len(newest_first(tmp_path / "given")) == 1


def test_a_store_that_cannot_be_written_changes_no_verdict(tmp_path: Path) -> None:
    gate = Gate(tmp_path, "wrong <= 0.5")
    (tmp_path / "file").write_text("", "utf-8")
    result = gate.run(records(10), "--runs", str(tmp_path / "file" / "runs"))
    assert result.exit_code == 0
    assert "DM844" in result.stderr
    assert result.stdout.startswith("PASS")


def test_broken_files_of_the_store_are_named_when_a_run_is_looked_for(gate: Gate) -> None:
    id = gate.kept(records(10))
    (gate.runs / "20990101T000000Z-abcdef012.parquet").write_text("broken", "utf-8")
    result = gate.run(records(10), "--baseline", id)
    assert "DM843" in result.stderr
    assert result.exit_code == 0


def test_a_run_cannot_be_one_of_several_baselines(gate: Gate, tmp_path: Path) -> None:
    file = write(tmp_path / "b.jsonl", [record("c1")])
    result = gate.run(records(10), "--baseline", "last-pass", "--baseline", file)
    assert result.exit_code == 2
    assert "give it alone" in result.output
