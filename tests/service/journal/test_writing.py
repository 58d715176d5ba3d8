"""What a journal writes, where, and what becomes of its segments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from demur.service.journal import Journal, JournalError, Masking, Retention
from demur.service.journal.folder import segments
from demur.service.journal.reading import Damage, outcomes, read_journal, records
from tests.conftest import ROOT
from tests.service.journal.checks import check, compiled, lines, record, values

SCHEMA = json.loads((ROOT / "schemas" / "journal.schema.json").read_text("utf-8"))


def test_each_check_is_a_line_with_its_record_and_decision(tmp_path: Path) -> None:
    policy = compiled()
    one = check(policy, record(confidence=0.2), time=1_764_182_400.5)
    with Journal(tmp_path) as journal:
        journal.observe(one)
    (line,) = values(tmp_path)
    assert line["id"] == line["trace_id"] == one.trace_id
    assert line["span_id"] == one.span_id
    assert line["time"] == "2025-11-26T18:40:00.500000Z"
    assert line["demur"]["digest"] == policy.digest
    assert (line["demur"]["policy"], line["demur"]["version"]) == ("journalled", "1.2.0")
    assert (line["demur"]["stage"], line["demur"]["final"]) == ("answer", True)
    assert line["demur"]["masked"] == ["request.text", "retrieval.documents[].author"]
    assert line["answer"] == {"confidence": 0.2, "latency_ms": 12.5}
    assert line["retrieval"] == {"documents": [{"id": "d1", "score": 0.9}]}
    decision = line["decision"]
    assert (decision["action"], decision["rule"]) == ("abstain", "low-confidence")
    assert decision["failures"] == ["doubtful"]
    assert decision["message"] == "I am not sure."


def test_lines_of_every_kind_are_as_the_schema_says(tmp_path: Path) -> None:
    policy = compiled()
    validator = Draft202012Validator(SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)
    shadow = policy.decide(record())
    with Journal(tmp_path, maximum_lines=6) as journal:
        journal.observe(check(policy))
        journal.observe(check(policy, {}, is_incomplete=True, shadow=shadow, span_id=None))
        journal.observe(check(policy, bypass="incident 12", rollout="canary"))
        journal.observe(check(policy, {"request": {"odd": 1}, "answer": None}))
        journal.outcome("t1", {"correct": True, "comment": "thanks"})
        for _ in range(100):
            journal.observe(check(policy))
    found = lines(tmp_path)
    for one in found:
        validator.validate(one.value)
    assert {one.kind for one in found} == {"decision", "outcome", "lost"}
    counted = [one.value["demur"].get("undeclared") for one in found]
    assert [one for one in counted if one is not None] == [1]
    wrong = {**found[0].value, "demur": {**found[0].value["demur"], "final": "yes"}}
    assert not validator.is_valid(wrong)


def test_a_bypassed_decision_is_never_called_success(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.observe(check(compiled(), bypass="incident 12"))
    (line,) = values(tmp_path)
    decision = line["decision"]
    assert (decision["action"], decision["answered"], decision["declined"]) == (
        "bypass",
        None,
        None,
    )
    assert line["demur"]["bypass"] == "incident 12"
    assert line["demur"]["bypassed_action"] == "answer"


def test_a_segment_is_closed_by_size_and_the_next_begins(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path, maximum_bytes=3_000) as journal:
        for at in range(20):
            journal.observe(check(policy, trace_id=f"t{at}"))
            journal.flush()
    assert len(segments(tmp_path)) >= 5
    assert [one.trace_id for one in lines(tmp_path)] == [f"t{at}" for at in range(20)]
    name = segments(tmp_path)[0].name
    assert name.startswith("journal-2")
    assert name.endswith(f"-{os.getpid()}-000001.jsonl")


def test_a_segment_is_closed_by_age_though_nothing_more_comes(tmp_path: Path) -> None:
    with Journal(tmp_path, maximum_age=0.2, form="gzip") as journal:
        journal.observe(check(compiled()))
        for _ in range(2_400):
            if list(tmp_path.glob("*.jsonl.gz")):
                break
            threading.Event().wait(0.05)
        assert [path.suffix for path in segments(tmp_path)] == [".gz"]


def test_packed_segments_read_as_before(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path, maximum_bytes=3_000, form="gzip") as journal:
        for at in range(20):
            journal.observe(check(policy, trace_id=f"t{at}"))
            journal.flush()
    assert {path.suffix for path in segments(tmp_path)} == {".gz"}
    assert [one.trace_id for one in lines(tmp_path)] == [f"t{at}" for at in range(20)]


def test_only_the_newest_segments_are_kept(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path, maximum_bytes=1, retention=Retention(segments=3)) as journal:
        for at in range(20):
            journal.observe(check(policy, trace_id=f"t{at}"))
            journal.flush()
    assert [one.trace_id for one in lines(tmp_path)] == ["t17", "t18", "t19"]
    other = tmp_path / "bytes"
    with Journal(other, maximum_bytes=1, retention=Retention(bytes=2_600)) as journal:
        for at in range(20):
            journal.observe(check(policy, trace_id=f"t{at}"))
            journal.flush()
    kept = segments(other)
    assert 1 <= len(kept) < 20
    assert sum(path.stat().st_size for path in kept) <= 2_600


def test_retention_leaves_the_segment_of_another_writer(tmp_path: Path) -> None:
    policy = compiled()
    first = Journal(tmp_path)
    first.observe(check(policy, trace_id="first"))
    first.flush()
    with Journal(tmp_path, maximum_bytes=1, retention=Retention(segments=1)) as second:
        for at in range(5):
            second.observe(check(policy, trace_id=f"t{at}"))
            second.flush()
    first.close()
    assert {one.trace_id for one in lines(tmp_path)} == {"first", "t4"}


def test_outcomes_are_joined_to_final_decisions_and_the_last_counts(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path) as journal:
        journal.observe(check(policy, trace_id="t1", is_final=False, stage="request"))
        journal.observe(check(policy, trace_id="t1"))
        journal.observe(check(policy, trace_id="t2"))
        journal.outcome("t1", {"correct": False, "comment": "bad, says Ada"})
        journal.outcome("t1", {"correct": True})
    assert outcomes(tmp_path) == {"t1": {"correct": True}}
    found = list(records(tmp_path))
    assert [one["trace_id"] for one in found] == ["t1", "t2"]
    assert found[0]["outcome"] == {"correct": True}
    assert "outcome" not in found[1]


def test_an_outcome_without_a_policy_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        with pytest.raises(JournalError, match="DM945"):
            journal.outcome("t1", {"correct": True})
        journal.outcome("t1", {"correct": True}, evaluator=compiled())
    assert outcomes(tmp_path) == {"t1": {"correct": True}}


def test_lines_of_several_segments_come_in_the_order_of_time(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path, name="one") as one, Journal(tmp_path, name="two") as two:
        for at in range(10):
            journal = (one, two)[at % 2]
            journal.observe(check(policy, trace_id=f"t{at}", time=1_700_000_000.0 + at))
    assert [line.trace_id for line in lines(tmp_path)] == [f"t{at}" for at in range(10)]


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path, maximum_bytes=50_000, durable=True) as journal:

        def work(number: int) -> None:
            for at in range(50):
                journal.write(check(policy, trace_id=f"{number}-{at}"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.status().written == 400
    assert len({one.trace_id for one in lines(tmp_path)}) == 400


def test_a_line_too_long_for_readers_is_written_without_its_signals(tmp_path: Path) -> None:
    long = record()
    long["request"]["tags"] = ["x" * (9 * 1024 * 1024)]
    with Journal(tmp_path) as journal:
        journal.observe(check(compiled(), long))
    (line,) = values(tmp_path)
    assert "request" not in line
    assert "request.tags" in line["demur"]["inexact"]
    assert line["decision"]["action"] == "answer"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_opens_its_own_segment_and_the_parent_loses_nothing(tmp_path: Path) -> None:
    policy = compiled()
    journal = Journal(tmp_path)
    journal.observe(check(policy, trace_id="before"))
    child = os.fork()
    if child == 0:
        journal.observe(check(policy, trace_id="child"))
        is_written = journal.flush()
        journal.close()
        os._exit(0 if is_written else 1)
    _, status = os.waitpid(child, 0)
    journal.observe(check(policy, trace_id="after"))
    journal.close()
    assert status == 0
    by_process: dict[str, list[str]] = {}
    for one in lines(tmp_path):
        by_process.setdefault(one.path.name.split("-")[2], []).append(one.trace_id)
    assert by_process == {str(os.getpid()): ["before", "after"], str(child): ["child"]}


def test_what_waits_at_the_interpreters_end_is_written(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from demur.service.journal import Journal
from tests.service.journal.checks import check, compiled
journal = Journal(sys.argv[1])
for at in range(100):
    journal.observe(check(compiled(), trace_id=f"t{at}"))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True, env=environment)
    assert len(lines(tmp_path)) == 100


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "a-b"}, "DM940"),
        ({"name": "../up"}, "DM940"),
        ({"form": "csv"}, "DM940"),
        ({"folder": None}, "DM940"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    given: dict[str, object] = {"folder": tmp_path, **settings}
    with pytest.raises(JournalError, match=said):
        Journal(**given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="DM940"):
        Masking("hash", key=b"short")


@pytest.mark.parametrize("form", ["gzip", "parquet"])
def test_a_damaged_segment_is_named_and_the_others_are_read(tmp_path: Path, form: str) -> None:
    with Journal(tmp_path, form=form, maximum_bytes=1) as journal:  # type: ignore[arg-type]
        for at in range(2):
            journal.observe(check(compiled(), trace_id=f"t{at}"))
            journal.flush()
    first, _ = segments(tmp_path)
    data = bytearray(first.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    first.write_bytes(data)
    found = list(read_journal(tmp_path))
    damage = [one for one in found if isinstance(one, Damage)]
    assert [one.path for one in damage] == [first]
    assert "cannot be read" in damage[0].reason
    assert "t1" in [one.trace_id for one in found if not isinstance(one, Damage)]


def test_what_is_no_line_of_a_journal_is_named_and_passed_over(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.observe(check(compiled()))
    (path,) = segments(tmp_path)
    good = path.read_bytes()
    path.write_bytes(b"{}\n[1]\nnot json\n" + b'{"demur":{"journal":9}}\n' + good + good[:50])
    found = list(read_journal(tmp_path))
    damage = [one for one in found if isinstance(one, Damage)]
    assert [one.number for one in damage] == [1, 2, 3, 4, 6]
    assert [one.is_cut for one in damage] == [False, False, False, False, True]
    assert "newer demur" in str(damage[3])
    assert "DM950" in str(damage[0])
    assert len(found) == 6


@pytest.mark.parametrize("form", ["jsonl", "gzip", "parquet"])
def test_journals_that_follow_each_other_within_a_second_lose_no_line(
    form: str, tmp_path: Path
) -> None:
    policy = compiled()
    for at in range(4):
        with Journal(tmp_path, form=form) as journal:
            journal.observe(check(policy, record(), trace_id=f"t{at}"))
    assert sorted(one["id"] for one in records(tmp_path)) == ["t0", "t1", "t2", "t3"]
