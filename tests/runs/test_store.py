"""The store of runs: whole or not at all, whoever else writes, and nothing personal in it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from demur.language.compile import compile_file
from demur.measure.results import Interval, Measured, Slice
from demur.runs.commits import commit_of
from demur.runs.facts import Commit, changed
from demur.runs.manifests import Origin, origin
from demur.runs.records import LARGEST, lacking, write_records
from demur.runs.store import (
    ENDING,
    RECORDS,
    WITH_RECORDS,
    BrokenRun,
    facts_of,
    folder_of,
    keep,
    new_id,
    newest_first,
    prune,
    read,
    records_of,
)
from demur.runs.trend import Chosen, load
from demur.runtime.evaluator import Evaluator
from tests.conftest import skip_unless_ci
from tests.gate.running import policy, record, write
from tests.runs.history import START, facts, measured, store
from tests.runs.history import runs as made

HALF = Slice((("request.tenant", "a"), ("request.tags", "x = y, ü")))


def test_what_is_kept_is_read_again_as_it_was(tmp_path: Path) -> None:
    rows = [
        measured(0.1),
        measured(None, slice=HALF),
        measured(0.3, slice=Slice((("a", "b"),), remainder=3), unit="usd", better="higher"),
        measured(0.2, measured=Measured(0.2, None, 3, 3, Interval(-inf, inf)), limit=None),
    ]
    said = facts(3, baseline="20241205T120000Z-000000000", dropped=("request.text",), version=None)
    keep(tmp_path / "new" / "folder", said, rows)
    (path,) = newest_first(tmp_path / "new" / "folder")
    run = read(path)
    assert run.measurements == tuple(rows)
    assert run.facts == replace(said, without_records="they were not given")


def test_ids_sort_by_time_and_differ() -> None:
    ids = {new_id(START) for _ in range(50)}
    assert len(ids) == 50
    assert {one[:16] for one in ids} == {"20241205T120000Z"}


def test_ids_of_one_second_sort_by_the_part_of_it() -> None:
    moments = [START.replace(microsecond=at) for at in (0, 245, 500, 41_000, 999_999)]
    ids = list(map(new_id, moments))
    assert ids == sorted(ids)


def test_a_run_that_is_not_whole_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        Path(str(arguments[0])).write_bytes(b"PAR1 half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demur.runs.store._write", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, facts(0), [measured(0.1)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Parquet"),
        (b"not a run at all, but long enough to be one", "Parquet"),
        ("cut", "Parquet"),
        ("foreign", "holds no run"),
        ("newer", "its format is demur.kept/9"),
        ("facts", "facts are not as they must be"),
        ("columns", "a row is not as it must be"),
    ],
)
def test_a_broken_file_is_named_and_the_others_are_read(
    tmp_path: Path, content: bytes | str, reason: str
) -> None:
    import pyarrow
    from pyarrow import parquet

    store(tmp_path, made({Slice(): [0.1, 0.2]}))
    bad = tmp_path / f"20250101T000000Z-abcdef012{ENDING}"
    whole = newest_first(tmp_path)[0]
    table = parquet.read_table(whole)
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif content == "cut":
        bad.write_bytes(whole.read_bytes()[:-20])
    elif content == "foreign":
        parquet.write_table(pyarrow.table({"a": [1]}), bad)
    elif content == "newer":
        keep(
            tmp_path, replace(facts(0), id="20250101T000000Z-abcdef012", format="demur.kept/9"), []
        )
    elif content == "facts":
        said = table.schema.metadata[b"demur.run"].replace(b'"records": 500', b'"records": "x"')
        parquet.write_table(table.replace_schema_metadata({b"demur.run": said}), bad)
    else:
        parquet.write_table(table.drop_columns(["metric"]), bad)
    found, broken = load(tmp_path, Chosen("assistant"))
    assert [one.facts.id for one in found] == [facts(0).id, facts(1).id]
    (only,) = broken
    assert bad.name in str(only)
    assert reason in str(only)
    assert str(only).startswith("DM843")
    with pytest.raises(BrokenRun):
        read(bad)


def _keep_some(folder: str, start: int) -> None:
    for at in range(start, start + 10):
        keep(Path(folder), facts(at), [measured(0.1)])
        load(Path(folder), Chosen("assistant"))


def test_several_may_write_and_read_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(_keep_some, [str(tmp_path)] * 3, [0, 10, 20]))
    found, broken = load(tmp_path, Chosen("assistant"))
    assert broken == []
    assert len({one.facts.id for one in found}) == 30
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_records_are_kept_of_the_newest_runs_and_of_the_last_that_passed(tmp_path: Path) -> None:
    count = WITH_RECORDS + 5
    for at in range(count):
        keep(tmp_path, facts(at, verdict="pass" if at == 2 else "fail"), [])
        records_of(tmp_path, facts(at).id).write_bytes(b"")
    prune(tmp_path)
    kept = sorted(one.name.removesuffix(RECORDS) for one in tmp_path.glob(f"*{RECORDS}"))
    assert kept == [facts(2).id, *(facts(at).id for at in range(5, count))]
    assert len(newest_first(tmp_path)) == count


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    return Evaluator(*compile_file(policy(tmp_path, "", "wrong <= 1")))


def unpacked(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_records_are_kept_without_what_is_personal_or_undeclared(
    tmp_path: Path, evaluator: Evaluator
) -> None:
    row = record("c1")
    row["request"]["mail"] = "someone@example.com"
    row["extra"] = {"text": "secret"}
    row["time"] = "2026-01-01T00:00:00Z"
    path = tmp_path / "kept.gz"
    found = write_records(evaluator, [write(tmp_path / "r.jsonl", [row, record("c2")])], path)
    assert found.dropped == ("request.text",)
    first, second = unpacked(path)
    assert first == {
        "id": "c1",
        "time": "2026-01-01T00:00:00Z",
        "request": {"tenant": "a", "tags": ["x"]},
        "answer": {"score": 0.9, "cost": 0.1, "judged": 4.0},
        "outcome": {"correct": True},
    }
    assert second["id"] == "c2"
    assert b"secret" not in gzip.decompress(path.read_bytes())


def test_what_cannot_be_kept_is_told_and_leaves_no_file(
    tmp_path: Path, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.gz"
    assert write_records(evaluator, ["a_table"], path).without == "they were no files"
    results = write(tmp_path / "r.jsonl", [record(f"c{at}") for at in range(4)])
    monkeypatch.setattr("demur.runs.records.LARGEST", 3)
    assert write_records(evaluator, [results], path).without == "there were more than 3"
    assert not path.exists()
    assert LARGEST > 3


def test_a_dropped_signal_lacks_only_where_a_rule_or_metric_reads_it(
    tmp_path: Path, evaluator: Evaluator
) -> None:
    assert lacking(evaluator, ["request.text"]) == ()
    path = policy(tmp_path, "", "wrong <= 1")
    text = path.read_text("utf-8").replace("when: answer.score < 0.5", "when: request.text == ''")
    path.write_text(text, "utf-8")
    reads = Evaluator(*compile_file(path))
    assert lacking(reads, ["request.text", "request.tags"]) == ("request.text",)


def test_the_store_stands_beside_the_policy_unless_something_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    assert folder_of(file, None, {}) == tmp_path / ".demur" / "runs"
    assert folder_of(file, None, {"DEMUR_RUNS": "kept"}) == Path("kept")
    assert folder_of(file, Path("given"), {"DEMUR_RUNS": "kept"}) == Path("given")
    assert folder_of(file, None, {"DEMUR_RUNS": ""}) is None


@pytest.mark.parametrize(
    ("environment", "commit"),
    [
        ({}, Commit()),
        ({"GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main"}, Commit("abc", "main")),
        (
            {"GITHUB_SHA": "abc", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "topic"},
            Commit("abc", "topic"),
        ),
        ({"CI_COMMIT_SHA": "def", "CI_COMMIT_BRANCH": "main"}, Commit("def", "main")),
    ],
)
def test_the_commit_is_what_ci_says(
    tmp_path: Path, environment: dict[str, str], commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path, environment) == commit


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """git, in the folder and with no configuration but the folder's own."""
    if shutil.which("git") is None:
        skip_unless_ci("there is no git")

    def run(*words: str, folder: Path = tmp_path) -> str:
        name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", *name, *words], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


def test_the_commit_is_gits_where_no_ci_says(tmp_path: Path, git: Callable[..., str]) -> None:
    git("init", "-b", "topic")
    assert commit_of(tmp_path, {}) == Commit(None, "topic")
    (tmp_path / "a").write_text("1", "utf-8")
    git("add", "a")
    git("commit", "-m", "one")
    sha = git("rev-parse", "HEAD")
    assert commit_of(tmp_path, {}) == Commit(sha, "topic")
    (tmp_path / "inner").mkdir()
    assert commit_of(tmp_path / "inner", {}) == Commit(sha, "topic")
    git("pack-refs", "--all")
    assert commit_of(tmp_path, {}) == Commit(sha, "topic")
    git("checkout", "-b", "a/b.c-1")
    assert commit_of(tmp_path, {}) == Commit(sha, "a/b.c-1")
    git("checkout", "--detach")
    assert commit_of(tmp_path, {}) == Commit(sha, None)


def test_a_second_work_tree_and_a_submodule_have_commits_of_their_own(
    tmp_path: Path, git: Callable[..., str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    git("init", "-b", "main", str(first))
    git("commit", "--allow-empty", "-m", "one", folder=first)
    git("worktree", "add", "-b", "side", str(second), folder=first)
    git("commit", "--allow-empty", "-m", "two", folder=second)
    sha = git("rev-parse", "HEAD", folder=second)
    assert commit_of(second, {}) == Commit(sha, "side")
    git("pack-refs", "--all", folder=first)
    assert commit_of(second, {}) == Commit(sha, "side")
    other = tmp_path / "other"
    git("init", "-b", "trunk", str(other))
    git("-c", "protocol.file.allow=always", "submodule", "add", str(first), "module", folder=other)
    assert commit_of(other / "module", {}) == Commit(git("rev-parse", "HEAD", folder=first), "main")


@pytest.mark.skipif(sys.platform == "win32", reason="never: the command is a script for sh")
@pytest.mark.parametrize("form", ["bare in committed files", "of the work tree"])
def test_no_command_of_a_repository_is_run(
    form: str, tmp_path: Path, git: Callable[..., str]
) -> None:
    """What git itself would run: a monitor of files, and a filter of what is committed."""
    outer = tmp_path / "outer"
    git("init", "-b", "main", str(outer))
    git("commit", "--allow-empty", "-m", "one", folder=outer)
    sha = git("rev-parse", "HEAD", folder=outer)
    mark = tmp_path / "ran"
    folder = outer
    if form != "of the work tree":
        folder = outer / "policies"
        git("init", "--bare", "-b", "theirs", str(folder))
        (folder / "work").mkdir()
    said = ["config", "--file", str(folder / ("config" if folder != outer else ".git/config"))]
    git(*said, "core.fsmonitor", f"touch {mark}; false")
    git(*said, "filter.a.clean", f"touch {mark}; cat")
    if folder != outer:
        git(*said, "core.bare", "false")
        git(*said, "core.worktree", "work")
    (outer / ".gitattributes").write_text("* filter=a\n", "utf-8")
    assert commit_of(folder, {}) == Commit(sha, "main")
    assert not mark.exists()


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/heads/../../../secret",
        "ref: refs/heads/.invalid",
        "ref: /etc/passwd",
        "ref: refs/heads/a b",
        "",
        "x" * 40,
        "\xff",
    ],
)
def test_a_head_that_is_none_says_nothing(head: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(head.encode("latin-1"))
    assert commit_of(tmp_path, {}) == Commit()


def test_the_fingerprint_is_that_of_the_manifests_beside_the_results(tmp_path: Path) -> None:
    for name, model in (("a", "sha256:1"), ("b", "sha256:2")):
        (tmp_path / f"{name}.jsonl").write_text("{}\n", "utf-8")
        parts = {"model": model, "data": "sha256:d"}
        manifest = {"format": "demur.run/1", "fingerprint": parts, "finished": f"at {name}"}
        (tmp_path / f"{name}.run.json").write_text(json.dumps(manifest), "utf-8")
    (tmp_path / "c.jsonl").write_text("{}\n", "utf-8")
    (tmp_path / "c.run.json").write_text('{"format": "other", "fingerprint": {"x": "y"}}', "utf-8")
    first, second = (str(tmp_path / f"{one}.jsonl") for one in "ab")
    assert origin([first]) == Origin({"model": "sha256:1", "data": "sha256:d"}, "at a")
    both = {"model": "sha256:1 sha256:2", "data": "sha256:d"}
    assert origin([first, second]) == Origin(both, "at a at b")
    # Not all of the folder's results say when they were had.
    assert origin([str(tmp_path)]) == Origin(both)
    assert origin(["a_table"]) == Origin()


def test_what_only_one_run_tells_counts_as_changed() -> None:
    before, now = facts(0), facts(1, fingerprint={"model": "sha256:m"}, commit=Commit())
    found = [(one.what, one.before, one.now) for one in changed(before, now)]
    assert found == [
        ("prompt", "sha256:" + "1" * 64, None),
        ("model", None, "sha256:m"),
        ("commit", "0000" * 10, None),
    ]


def test_reading_the_store_loads_no_engine(tmp_path: Path) -> None:
    store(tmp_path, made({Slice(): [0.1]}))
    code = (
        "import sys; from pathlib import Path; from demur.runs.trend import Chosen, load, trend;"
        f"load(Path({str(tmp_path)!r}), Chosen('assistant'));"
        "assert not {'ibis', 'duckdb', 'scipy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_facts_come_newest_first(tmp_path: Path) -> None:
    store(tmp_path, made({Slice(): [0.1, 0.2, 0.3]}))
    assert [one.id for one in facts_of(tmp_path, [])] == [facts(at).id for at in (2, 1, 0)]
    assert list(facts_of(tmp_path / "none", [])) == []
