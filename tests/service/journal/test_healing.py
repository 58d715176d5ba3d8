"""A kill at any moment: every acknowledged line is there, at most the last is cut, and that is healed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.kill import killed_once
from demur.service.journal import Journal
from demur.service.journal.folder import segments, stem
from demur.service.journal.reading import Damage, read_journal
from tests.service.journal.checks import check, compiled, lines

RUNS = 25
"""`python -m benchmarks.kill` does 200."""


def test_no_acknowledged_line_is_lost_by_a_kill(tmp_path: Path) -> None:
    pick = random.Random(1)
    found = [killed_once(tmp_path / str(at), pick.uniform(0.0, 0.15)) for at in range(RUNS)]
    assert sum(one.acknowledged for one in found) > RUNS
    assert all(one.missing == 0 for one in found)
    assert all(one.cut <= 1 and one.damaged == 0 and one.cut_after == 0 for one in found)


def cut(folder: Path, bytes_off: int) -> None:
    (path,) = segments(folder)
    data = path.read_bytes()
    path.write_bytes(data[:-bytes_off])


@pytest.mark.parametrize("bytes_off", [1, 2, 100])
def test_a_cut_line_is_taken_off_when_a_journal_is_opened(tmp_path: Path, bytes_off: int) -> None:
    policy = compiled()
    with Journal(tmp_path) as journal:
        for at in range(3):
            journal.observe(check(policy, trace_id=f"t{at}"))
    cut(tmp_path, bytes_off)
    damage = [one for one in read_journal(tmp_path) if isinstance(one, Damage)]
    assert [one.is_cut for one in damage] == [True]
    with Journal(tmp_path) as journal:
        assert journal.status().healed == 1
    assert [one.trace_id for one in lines(tmp_path)] == ["t0", "t1"]


def test_a_segment_that_has_no_whole_line_goes(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.observe(check(compiled()))
    cut(tmp_path, 10)
    with Journal(tmp_path) as journal:
        assert journal.status().healed == 1
    assert segments(tmp_path) == []


def test_the_segment_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    policy = compiled()
    first = Journal(tmp_path)
    first.observe(check(policy, trace_id="t0"))
    first.flush()
    (path,) = segments(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"half')
    with Journal(tmp_path) as second:
        assert second.status().healed == 0
    assert path.read_bytes().endswith(b'{"half')
    first.close()


def test_another_journals_segments_are_left_alone(tmp_path: Path) -> None:
    with Journal(tmp_path, name="one") as journal:
        journal.observe(check(compiled()))
    cut(tmp_path, 10)
    with Journal(tmp_path, name="two") as journal:
        assert journal.status().healed == 0
    assert len(segments(tmp_path)) == 1


def test_a_kill_while_a_segment_was_packed_gives_no_line_twice(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path) as journal:
        journal.observe(check(policy, trace_id="t0"))
    (path,) = segments(tmp_path)
    unfinished = path.read_bytes()
    with Journal(tmp_path, form="gzip") as journal:
        journal.observe(check(policy, trace_id="t1"))
    path.write_bytes(unfinished)
    (tmp_path / f"{stem(path)}.parquet.part").write_bytes(b"half")
    assert [one.trace_id for one in lines(tmp_path)] == ["t0", "t1"]
    with Journal(tmp_path, form="gzip"):
        pass
    assert not path.exists()
    assert not list(tmp_path.glob("*.part"))
    assert [one.trace_id for one in lines(tmp_path)] == ["t0", "t1"]
