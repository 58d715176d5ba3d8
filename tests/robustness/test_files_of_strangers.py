"""Policies, folders and records of a stranger: nothing else is read or written, and nothing blocks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from demur.measure.records.connecting import embedded, named
from demur.measure.records.opening import ATTEMPTS, open_records
from demur.measure.records.relation import Wanted
from demur.policy import Shape

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="never: Windows has no such files")

POLICY = """\
demur: 1
policy: a-policy
about: A policy.
owner: team@example.com
runbook: {runbook}
stages:
  answer:
    score: {{type: double, min: 0, max: 1}}
rules:
  low:
    when: answer.score < 0.5
    then: abstain
    on_unknown: abstain
    say: Too low.
metrics:
  answered: rate(decision.answered)
suites:
  golden:
    cases: {cases}
    target: "command:cat"
    fingerprint: {{prompt: ["{prompt}"]}}
gates:
  ship:
    suites: [golden]
    require: [answered >= 0.1]
    min_samples: 1
    {baseline}
"""
SECRET = "the-secret-of-the-machine"
CASE = json.dumps({"id": "1", "answer": {"score": 0.9}}) + "\n"


def demur(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in words])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A policy's folder, and beside it what is no part of it."""
    (tmp_path / "secret.md").write_text(f"# {SECRET}\n", "utf-8")
    (tmp_path / "secret.jsonl").write_text(CASE.replace('"1"', f'"{SECRET}"'), "utf-8")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "runbook.md").write_text("# What to do\n", "utf-8")
    (folder / "cases.jsonl").write_text(CASE, "utf-8")
    (folder / "results.jsonl").write_text(CASE, "utf-8")
    (folder / "prompt.txt").write_text("Be kind.", "utf-8")
    os.mkfifo(folder / "pipe.md")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "link.md").symlink_to("../secret.md")
    (folder / "link.jsonl").symlink_to("../secret.jsonl")
    (folder / "environ").symlink_to("/proc/self/environ")
    return folder


def write(folder: Path, **said: str) -> Path:
    given = {
        "runbook": "runbook.md",
        "cases": "cases.jsonl",
        "prompt": "prompt.txt",
        "baseline": "",
    }
    path = folder / "policy.yaml"
    path.write_text(POLICY.format_map(given | said), "utf-8")
    return path


def test_the_policy_itself_is_right(project: Path) -> None:
    policy = write(project)
    assert demur("lint", policy).exit_code == 0, demur("lint", policy).output
    assert demur("run", policy).exit_code == 0
    found = demur("gate", policy, "--results", project / "results.jsonl", "--no-keep")
    assert found.exit_code == 0, found.output


OUTSIDE = [
    "../secret.md",
    "link.md",
    "pipe.md",
    "environ",
    "/proc/self/environ",
    "/dev/zero",
    ".git/config",
]


@pytest.mark.parametrize("runbook", OUTSIDE)
def test_a_runbook_is_a_file_of_the_policys(project: Path, runbook: str) -> None:
    (project / ".git").mkdir()
    (project / ".git" / "config").write_text(SECRET, "utf-8")
    policy = write(project, runbook=runbook)
    os.environ["DEMUR_TEST_SECRET"] = SECRET
    try:
        found = demur("lint", policy)
        assert found.exit_code == 1
        assert "DM519" in found.output
        page = demur("export", "docs", policy)
        report = project / "gate.html"
        words = ("--results", project / "results.jsonl", "--no-keep", f"--format=html={report}")
        demur("gate", policy, *words)
    finally:
        del os.environ["DEMUR_TEST_SECRET"]
    assert SECRET not in found.output + page.output + report.read_text("utf-8")


@pytest.mark.parametrize(
    "cases", ["../secret.jsonl", "link.jsonl", "pipe.jsonl", "/dev/zero", "/proc/self/environ"]
)
def test_cases_are_files_of_the_policys(project: Path, cases: str) -> None:
    policy = write(project, cases=cases)
    linted, run = demur("lint", policy), demur("run", policy)
    gated = demur("gate", policy, "--results", project / "results.jsonl", "--no-keep")
    assert "DM536" in linted.output
    assert run.exit_code == 2
    assert "DM853" in run.output
    assert gated.exit_code == 4
    assert SECRET not in linted.output + run.output + gated.output


@pytest.mark.parametrize(
    "prompt", ["../secret.md", "link.md", "../*.md", "*/../../*.md", "l*.md", "/*"]
)
def test_what_results_depend_on_is_the_policys(project: Path, prompt: str) -> None:
    policy = write(project, prompt=prompt)
    found = demur("run", policy)
    assert found.exit_code == 2
    assert "DM855" in found.output


@pytest.mark.parametrize("baseline", ["../secret.jsonl", "link.jsonl", "../secret.j*", "/dev/zero"])
def test_a_gates_own_baseline_is_the_policys(project: Path, baseline: str) -> None:
    policy = write(project, baseline=f'baseline: "{baseline}"')
    found = demur("gate", policy, "--results", project / "results.jsonl", "--no-keep")
    assert found.exit_code == 4
    assert SECRET not in found.output


def test_files_that_several_policies_of_a_repository_share_are_read(project: Path) -> None:
    """As where runbooks and prompts have folders of their own, next to that of the policies."""
    (project.parent / ".git").mkdir()
    policy = write(
        project, runbook="../secret.md", cases="../secret.jsonl", prompt="../*.md", baseline=""
    )
    found = demur("lint", policy)
    assert found.exit_code == 0, found.output
    assert demur("run", policy).exit_code == 0


def test_a_policy_that_is_a_link_out_of_its_repository_is_not_read(project: Path) -> None:
    (project / ".git").mkdir()
    outside = project.parent / "outside.yaml"
    outside.write_text(f"demur: 1\n{SECRET}: 1\n", "utf-8")
    (project / "policy.yaml").symlink_to(outside)
    for words in (["lint"], ["lint", "--format", "json"], ["test"], ["gate"], ["inspect"]):
        found = demur(*words, project / "policy.yaml")
        assert found.exit_code != 0
        assert SECRET not in found.output


def test_a_folders_policies_and_tests_stand_in_it(project: Path) -> None:
    outside = project.parent / "outside.yaml"
    outside.write_text(f"demur: 1\n{SECRET}: 1\n", "utf-8")
    (project / "other.yaml").symlink_to(outside)
    (project / "other.test.yaml").symlink_to(outside)
    for command in ("lint", "test"):
        found = demur(command, project)
        assert found.exit_code != 0
        assert "link" in found.output or "leads out" in found.output
        assert SECRET not in found.output


@pytest.mark.parametrize("kind", ["pipe", "link out", "link to nothing", "device"])
def test_a_folder_of_records_with_what_is_none_is_refused(project: Path, kind: str) -> None:
    folder = project / "folder"
    folder.mkdir()
    (folder / "a.jsonl").write_text(CASE, "utf-8")
    one = folder / "journal-20261126T000000Z-1-000001.jsonl"
    if kind == "pipe":
        os.mkfifo(one)
    else:
        targets = {"link out": "../../secret.jsonl", "link to nothing": "x", "device": "/dev/zero"}
        one.symlink_to(targets[kind])
    policy = write(project)
    gated = demur("gate", policy, "--results", folder, "--no-keep")
    assert gated.exit_code == 4
    assert one.name in gated.output
    replayed = demur("decide", policy, "--replay", folder)
    assert replayed.exit_code == 4
    assert SECRET not in gated.output + replayed.output


@pytest.mark.parametrize("name", ["/dev/zero", "pipe.jsonl", "environ"])
def test_what_is_named_is_a_file_too(project: Path, name: str) -> None:
    policy, given = write(project), project / name
    for words in (
        ["gate", policy, "--no-keep", "--results", given],
        ["gate", policy, "--no-keep", "--results", project / "results.jsonl", "--baseline", given],
        ["decide", policy, "--replay", given],
        ["import", "promptfoo", given, "--policy", policy],
        ["lint", given],
        ["test", given],
        ["compile", given, "-o", project / "out"],
        ["inspect", given],
    ):
        found = demur(*words)
        assert found.exit_code in (1, 2, 4), (words, found.output)
        assert "Internal error" not in found.output


def test_a_pipe_of_the_shell_is_read_where_it_is_read_once(project: Path) -> None:
    policy = write(project)
    script = '"$0" -m demur decide "$1" <(cat "$2")'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, policy, project / "cases.jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["action"]) == (0, "answer"), done.stderr


def test_results_and_runs_are_not_kept_where_a_link_leads(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEMUR_RUNS", raising=False)
    policy = write(project)
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    (project / ".demur").symlink_to(elsewhere)
    assert demur("run", policy).exit_code == 4
    assert demur("gate", policy, "--results", project / "results.jsonl").exit_code == 4
    assert not list(elsewhere.iterdir())
    # A folder that the user names is theirs to choose.
    words = ("--results", project / "results.jsonl", "--runs", elsewhere)
    assert demur("gate", policy, *words).exit_code == 0
    assert list(elsewhere.glob("*.parquet"))


def test_unfinished_results_are_not_written_through_a_link(project: Path) -> None:
    policy = write(project)
    folder = project / ".demur" / "results"
    folder.mkdir(parents=True)
    (folder / "golden.jsonl.part").symlink_to(project.parent / "made")
    found = demur("run", policy)
    assert found.exit_code == 4
    assert "it is a link" in found.output
    assert not (project.parent / "made").exists()


def test_a_report_is_not_written_through_a_link_out_of_its_folder(project: Path) -> None:
    policy, victim = write(project), project.parent / "victim"
    victim.write_text("kept", "utf-8")
    report = project / "report.txt"
    report.symlink_to(victim)
    for words in (["lint", policy, "-o", report], ["export", "docs", policy, "-o", report]):
        assert demur(*words).exit_code == 4
    gated = ("--results", project / "results.jsonl", "--no-keep", f"--format=json={report}")
    assert demur("gate", policy, *gated).exit_code == 4
    assert victim.read_text("utf-8") == "kept"
    # What is no file keeps its place; of a device that is the machine's, so none is tried here.
    for words in (["lint", policy], ["run", policy], ["export", "docs", policy]):
        assert demur(*words, "-o", project / "pipe.md").exit_code == 4
        assert (project / "pipe.md").is_fifo()


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_file_that_is_called_as_an_option_writes_over_nothing(
    project: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    policy = write(project)
    before = policy.read_text("utf-8")
    for name in ("-opolicy.yaml", "--output=policy.yaml"):
        found = demur(command, "cases.jsonl", name)
        assert found.exit_code == 2
        assert "write `--` before the names" in found.output
        assert policy.read_text("utf-8") == before
    Path("-opolicy.yaml").write_text("demur: 1\n", "utf-8")
    assert "-opolicy.yaml" in demur(command, "--", "-opolicy.yaml").output
    assert policy.read_text("utf-8") == before


NAMES = [
    "run[1]", "[!a]", "[^a]", "a*", "a?", "**", "{a,b}", "~", "~a", "s3:", "http:", "-x", "%20", "a b",
    "a=b", "new\nline", "a'b", 'a"b', "a\\[1]", "\\\\[", "$a", "_a", "a;b", "é", "#a", "a,b", "[", "]",
]  # fmt: skip
DECOYS = ("run1", "a", "b", "ab", "x", "a1", "20")
WANTED = Wanted({"answer.score": Shape("double")}, frozenset())
SHAPES = {"answer": {"score": Shape("double")}}


@pytest.mark.parametrize("place", ["file", "folder"])
@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".csv", ".parquet"])
def test_a_file_is_read_by_its_exact_name(ending: str, place: str, tmp_path: Path) -> None:
    connection = embedded()
    for at, name in enumerate(NAMES):
        folder = tmp_path / str(at)
        for one, score in ((name, at), *((decoy, -1) for decoy in DECOYS)):
            path = folder / f"{one}{ending}" if place == "file" else folder / one / f"f{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_records(path, ending, float(score))
        path = folder / f"{name}{ending}" if place == "file" else folder / name / f"f{ending}"
        for attempt in range(ATTEMPTS):
            found = open_records(connection, [str(path)], WANTED, SHAPES, attempt)
            rows = found.table["answer.score"].to_pyarrow().to_pylist()
            assert rows == [at], (name, attempt, rows)


def write_records(path: Path, ending: str, score: float) -> None:
    import gzip

    import pyarrow
    from pyarrow import parquet

    line: dict[str, Any] = {"id": "1", "answer": {"score": score}}
    match ending:
        case ".csv":
            path.write_text(f"id,answer.score\n1,{score}\n", "utf-8")
        case ".parquet":
            parquet.write_table(pyarrow.table({"id": ["1"], "answer.score": [score]}), path)
        case ".jsonl.gz":
            path.write_bytes(gzip.compress(f"{json.dumps(line)}\n".encode()))
        case _:
            path.write_text(f"{json.dumps(line)}\n", "utf-8")


def test_a_name_with_nothing_in_it_stays_as_it_is(tmp_path: Path) -> None:
    connection = embedded()
    for name in ("a.jsonl", "2026-11-26/a b=c.parquet", "../a/Ä.jsonl"):
        assert named(connection, tmp_path / name) == (tmp_path / name).as_posix()


def test_duckdb_fetches_no_code_and_reads_no_variable() -> None:
    connection = embedded()
    names = (
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "python_enable_replacements",
    )
    for name in names:
        ((value,),) = connection.raw_sql(f"SELECT current_setting('{name}')").fetchall()
        assert value is False
