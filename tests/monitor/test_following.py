"""A journal that is read on finds at each evaluation what reading all of it finds."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demur.monitor.alerts import alerts
from demur.monitor.following import Followed, Whole, source_of
from demur.monitor.memory import Memory
from demur.monitor.run import Evaluation, evaluate_once, history_for, longest, reading_for
from demur.runtime.evaluator import Evaluator
from tests.monitor.traffic import MINUTE, START, connection, firing, line, moment, policy, steady

SETTINGS = "when: low > 0.2\nwindow: 5m\nno_data: ok"
NAME = "journal-20260921T142320Z-1-{:06}"


class Monitor:
    """Evaluates by what is read on, and holds each evaluation against one of everything."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        self.evaluator: Evaluator = policy(folder, settings)
        self.journal = folder / "journal"
        self.journal.mkdir()
        self.alerts = alerts(self.evaluator)
        self.followed = Followed([str(self.journal)], reading_for(self.evaluator, self.alerts))
        self.memory = Memory()

    def at(self, minute: int) -> Evaluation:
        """The evaluation after so many minutes, which must be that of everything."""
        moment = START + minute * MINUTE
        since = min(moment, self.memory.at or moment) - longest(self.alerts)
        made = evaluate_once(self.alerts, self.followed.history(since), moment, self.memory)
        whole = history_for(connection(), [str(self.journal)], self.evaluator, self.alerts)
        assert made == evaluate_once(self.alerts, whole, moment, self.memory)
        self.memory = Memory(moment, made.records, made.states)
        return made

    def kept(self) -> int:
        """How many lines are kept for later evaluations."""
        ((count,),) = self.followed._connection.raw_sql(
            "SELECT count(*) FROM kept.main.lines"
        ).fetchall()
        return count

    def write(self, number: int, rows: list[dict[str, Any]]) -> Path:
        """Appends the rows to a segment."""
        path = self.journal / f"{NAME.format(number)}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        return path


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    made = Monitor(tmp_path)
    yield made
    made.followed.close()


def test_lines_that_are_appended_count_from_the_next_evaluation_on(monitor: Monitor) -> None:
    found: dict[int, Evaluation] = {}
    for minute in range(1, 31):
        bad = 5 if 10 < minute <= 20 else 0
        rows = steady(monitor.evaluator, 1, bad=bad, start=minute - 1)
        monitor.write(minute // 10, rows)
        found[minute] = monitor.at(minute)
    assert firing(found) == list(range(13, 23))


def test_only_the_lines_that_windows_need_are_kept(monitor: Monitor) -> None:
    monitor.write(1, steady(monitor.evaluator, 300))
    assert monitor.at(300).records == 50
    assert monitor.kept() == 50


def test_a_line_that_is_half_written_counts_when_it_is_whole(monitor: Monitor) -> None:
    rows = steady(monitor.evaluator, 5)
    path = monitor.write(1, rows[:-1])
    text = json.dumps(rows[-1])
    with path.open("a", encoding="utf-8") as file:
        file.write(text[:40])
    moment = START + 5 * MINUTE
    assert monitor.followed.history(moment - 5 * MINUTE).records == len(rows) - 1
    with path.open("a", encoding="utf-8") as file:
        file.write(text[40:] + "\n")
    assert monitor.at(5).records == len(rows)


def test_late_and_unordered_records_count_by_their_own_time(monitor: Monitor) -> None:
    rows = steady(monitor.evaluator, 20, bad=3)
    random.Random(1).shuffle(rows)
    late = 0
    for step in range(10):
        monitor.write(step // 3, rows[step * 20 : step * 20 + 20])
        late += monitor.at(2 * step + 2).late
    assert late > 0


def test_an_outcome_that_is_told_later_joins_its_record(tmp_path: Path) -> None:
    monitor = Monitor(tmp_path, "when: wrong > 0.5\nwindow: 5m\nno_data: ok")
    rows = steady(monitor.evaluator, 4)
    for row in rows:
        row["outcome"] = {"correct": True}
    monitor.write(1, rows)
    assert not monitor.at(4).statuses[0].is_firing
    told = [
        {
            "trace_id": row["trace_id"],
            "time": moment(START + 4 * MINUTE),
            "demur": {"journal": 1, "kind": "outcome"},
            "outcome": {"correct": False},
        }
        for row in rows
    ]
    monitor.write(2, told)
    assert monitor.at(5).statuses[0].is_firing
    monitor.followed.close()


@pytest.mark.parametrize("read_before", [True, False])
def test_a_segment_that_is_packed_meanwhile_counts_once(
    monitor: Monitor, read_before: bool
) -> None:
    path = monitor.write(1, steady(monitor.evaluator, 4))
    if read_before:
        assert monitor.at(4).records == 40
    monitor.write(1, steady(monitor.evaluator, 1, start=4))
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert monitor.at(5).records == 50
    path.unlink()
    monitor.write(2, steady(monitor.evaluator, 1, start=5))
    assert monitor.at(6).records == 50


def test_a_segment_that_is_gone_or_another_is_not_counted_on(monitor: Monitor) -> None:
    first = monitor.write(1, steady(monitor.evaluator, 3))
    second = monitor.write(2, steady(monitor.evaluator, 1, start=3))
    assert monitor.at(4).records == 40
    first.unlink()
    second.write_text(json.dumps(line(monitor.evaluator, "only", START + 4 * MINUTE)) + "\n")
    assert monitor.at(5).records == 1


def test_records_without_a_time_are_counted_on(monitor: Monitor) -> None:
    for minute in (1, 2, 3):
        rows = steady(monitor.evaluator, 1, start=minute - 1)
        monitor.write(1, [*rows, line(monitor.evaluator, f"untimed{minute}", None)])
        assert monitor.at(minute).untimed == minute


def test_a_line_that_cannot_be_read_is_named_by_its_own_file_and_number(monitor: Monitor) -> None:
    path = monitor.write(1, steady(monitor.evaluator, 1))
    monitor.at(1)
    with path.open("a", encoding="utf-8") as file:
        file.write("<no line>\n")
    monitor.write(1, steady(monitor.evaluator, 1, start=1))
    (found,) = monitor.followed.history(START).unreadable
    assert found.lines == 1
    assert "journal-20260921T142320Z-1-000001.jsonl:11:1" in found.shown[0]
    assert monitor.at(2).records == 20


def test_text_that_no_engine_holds_is_read_with_all_the_rest(tmp_path: Path) -> None:
    monitor = Monitor(tmp_path, "when: low > 0.2\nwindow: 5m\nby: [request.tenant]\nno_data: ok")
    monitor.write(1, steady(monitor.evaluator, 2))
    monitor.at(2)
    rows = steady(monitor.evaluator, 1, start=2, tenant="half \ud800 a pair")
    monitor.write(1, [{**row, "trace_id": f"t{at}"} for at, row in enumerate(rows)])
    assert monitor.at(3).records == 30
    monitor.followed.close()


def test_what_is_read_once_or_is_a_table_is_read_as_a_whole(tmp_path: Path) -> None:
    reading = reading_for(policy(tmp_path, SETTINGS), ())
    assert isinstance(source_of(["a"], reading, None, goes_on=False), Whole)
    assert isinstance(source_of(["a"], reading, "spark", goes_on=True), Whole)
    assert isinstance(source_of(["a"], reading, "duckdb", goes_on=True), Followed)
