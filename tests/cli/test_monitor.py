"""`demur monitor` as a user runs it."""

from __future__ import annotations

import json
from os import utime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from tests.monitor.traffic import MINUTE, START, moment, policy, steady, write


def run(folder: Path, minute: int, *options: object) -> Result:
    words = ["monitor", folder / "policy.yaml", "--journal", folder / "journal.jsonl"]
    words += ["--at", moment(START + minute * MINUTE), *options]
    return CliRunner().invoke(cli, [str(one) for one in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bad from minute 10 to 20."""
    evaluator = policy(
        tmp_path, "when: low > 0.2\nwindow: 1m\nfor: 2m\nno_data: ok\nseverity: page"
    )
    rows = [
        *steady(evaluator, 10),
        *steady(evaluator, 10, bad=5, start=10),
        *steady(evaluator, 10, start=20),
    ]
    write(tmp_path / "journal.jsonl", rows)
    return tmp_path


def test_states_go_on_from_one_call_to_the_next(folder: Path) -> None:
    state = folder / "state.json"
    found = {minute: run(folder, minute, "--state", state) for minute in (10, 11, 12, 13, 21)}
    assert {minute: one.exit_code for minute, one in found.items()} == {
        10: 0, 11: 3, 12: 3, 13: 1, 21: 0,
    }  # fmt: skip
    assert "no alert fires" in found[11].output
    assert "… pending  watched  page  since 2026-09-21T14:24:20.000Z" in found[11].output
    assert "1 alert firing" in found[13].output
    assert "low > 0.2: 0.5 over 10 cases, where at most 0.2 is allowed." in found[13].output
    assert "runbook: runbook.md; owner: team@example.com" in found[13].output
    assert "✓ resolved  watched" in found[21].output


def test_without_a_state_each_call_begins_anew(folder: Path) -> None:
    assert [run(folder, minute).exit_code for minute in (11, 12, 13)] == [3, 3, 3]


def test_json_is_one_object(folder: Path) -> None:
    found = json.loads(run(folder, 11, "--format", "json").stdout)
    assert (found["version"], found["verdict"], found["records"]) == (1, "inconclusive", 10)
    (alert,) = found["alerts"]
    assert (alert["alert"], alert["state"], alert["value"]) == ("watched", "pending", 0.5)


def test_a_broken_state_is_moved_aside_and_said(folder: Path) -> None:
    state = folder / "state.json"
    state.write_text("{", "utf-8")
    result = run(folder, 11, "--state", state)
    assert result.exit_code == 3
    assert "cannot be read" in result.stderr
    assert (folder / "state.json.broken").read_text("utf-8") == "{"
    assert json.loads(state.read_text("utf-8"))["version"] == 1


def test_a_clock_that_goes_backwards_is_refused(folder: Path) -> None:
    state = folder / "state.json"
    run(folder, 12, "--state", state)
    before = state.read_bytes()
    result = run(folder, 11, "--state", state)
    assert result.exit_code == 2
    assert "no later time than at the last evaluation" in result.stderr
    assert state.read_bytes() == before


def test_a_receiver_that_is_down_is_said_and_told_later(folder: Path) -> None:
    state = folder / "state.json"
    for minute in (11, 12, 13):
        result = run(folder, minute, "--state", state, "--notify", "webhook=http://127.0.0.1:9")
    assert result.exit_code == 4
    assert "webhook=http://127.0.0.1:9 did not get 1 of its messages" in result.stderr
    assert "1 alert firing" in result.stdout
    ((name, unsent),) = json.loads(state.read_text("utf-8"))["unsent"].items()
    assert name.startswith("webhook=http://127.0.0.1:9#")
    assert len(unsent) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--notify", "pager=http://x"), "There is no receiver `pager`"),
        (("--notify", "webhook"), "Name its URL: webhook=http://"),
        (("--every", "1x"), "no length of time"),
        (("--every", "1m"), "one time and --every many"),
    ],
)
def test_wrong_usage_is_status_2(folder: Path, options: tuple[str, ...], said: str) -> None:
    result = run(folder, 11, *options)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("settings", "every", "said"),
    [
        (
            "when: low > 0.2\nwindow: 1m",
            "90s",
            ("a window of 1m", "--every 1m`", "window: 1m30s`."),
        ),
        (
            "slo: {metric: low, objective: 0.99, window: 30d}",
            "6m",
            ("`watched 14.4x over 1h`", "a window of 5m", "--every 5m`", "window: 5w1d`"),
        ),
    ],
)
def test_evaluations_that_are_further_apart_than_a_window_is_long_are_refused(
    settings: str, every: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    policy(tmp_path, settings)
    journal = write(tmp_path / "journal.jsonl", [])
    command = ["monitor", str(tmp_path / "policy.yaml"), "--journal", journal, "--every", every]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 2
    assert [one for one in said if one not in " ".join(result.stderr.split())] == []


def test_nothing_is_evaluated_every_no_time(folder: Path) -> None:
    command = ["monitor", str(folder / "policy.yaml"), "--journal", "x", "--every", "0s"]
    result = CliRunner().invoke(cli, command)
    assert (result.exit_code, "longer than 0" in result.stderr) == (2, True)


def test_what_cannot_be_read_is_status_4(folder: Path) -> None:
    (folder / "journal.jsonl").write_text("{}\nnot json\n", "utf-8")
    result = run(folder, 11)
    assert result.exit_code == 4
    assert "journal.jsonl:2:1" in result.stderr


def _break(folder: Path, minute: int) -> Path:
    """A line that is none in the journal, whose file was last changed in this minute."""
    path = folder / "journal.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write("<no line>\n")
    utime(path, (START + minute * MINUTE, START + minute * MINUTE))
    return path


def test_a_line_that_cannot_be_read_neither_ends_nor_quiets_the_monitor(folder: Path) -> None:
    _break(folder, 31)
    state = folder / "state.json"
    quiet = run(folder, 9)
    assert quiet.exit_code == 4
    assert "DM957: passed over: " in quiet.stderr
    assert "journal.jsonl:301:1: error[DM721]" in quiet.stderr
    assert "! error  watched" in quiet.stdout
    assert "1 line that may be of its windows cannot be read" in quiet.stdout
    found = {minute: run(folder, minute, "--state", state) for minute in (11, 12, 13, 21)}
    assert "✕ firing  watched" in found[13].stdout
    assert found[13].exit_code == 1
    # It is not known to have ended.
    assert "✕ firing  watched" in found[21].stdout
    assert json.loads(run(folder, 9, "--format", "json").stdout)["unreadable"] == 1


def test_a_line_that_cannot_be_read_is_over_with_the_windows_that_it_may_be_of(
    folder: Path,
) -> None:
    _break(folder, 25)
    assert run(folder, 25).exit_code == 4
    late = run(folder, 27)
    assert late.exit_code == 0
    assert json.loads(run(folder, 27, "--format", "json").stdout)["unreadable"] == 0


@pytest.mark.parametrize("settings", ["no_data: ok", "no_data: keep", "no_data: fire"])
def test_silence_with_a_line_that_cannot_be_read_is_not_known_to_be_silence(
    settings: str, tmp_path: Path
) -> None:
    evaluator = policy(tmp_path, f"when: low > 0.2\nwindow: 1m\n{settings}")
    write(tmp_path / "journal.jsonl", steady(evaluator, 2))
    _break(tmp_path, 10)
    assert run(tmp_path, 10).exit_code == 4


def test_a_segment_that_cannot_be_read_leaves_the_others(folder: Path) -> None:
    journal = folder / "journal"
    journal.mkdir()
    (folder / "journal.jsonl").rename(journal / "a.jsonl")
    (journal / "b.jsonl.gz").write_bytes(b"no gzip")
    (journal / "c.parquet").write_bytes(b"no parquet")
    words = ["monitor", folder / "policy.yaml", "--journal", journal, "--format", "json"]
    result = CliRunner().invoke(cli, [*map(str, words), "--at", moment(START + 9 * MINUTE)])
    assert result.exit_code == 4
    found = json.loads(result.stdout)
    assert (found["records"], found["unreadable"]) == (10, 2)
    assert "b.jsonl.gz is not compressed by gzip" in result.stderr
    assert "c.parquet is no readable Parquet file" in result.stderr


def test_the_line_that_is_being_written_is_not_there_yet(folder: Path) -> None:
    journal = folder / "journal"
    journal.mkdir()
    path = journal / "journal-20260921T142320Z-1-000001.jsonl"
    (folder / "journal.jsonl").rename(path)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"trace_id": "t')
    words = ["monitor", folder / "policy.yaml", "--journal", journal]
    result = CliRunner().invoke(cli, [*map(str, words), "--at", moment(START + 9 * MINUTE)])
    assert result.exit_code == 0, result.output


def test_a_policy_without_alerts_is_wrong_usage(folder: Path) -> None:
    path = folder / "policy.yaml"
    path.write_text(path.read_text("utf-8").partition("alerts:")[0], "utf-8")
    result = run(folder, 11)
    assert result.exit_code == 2
    assert "The policy has no alerts." in result.stderr
