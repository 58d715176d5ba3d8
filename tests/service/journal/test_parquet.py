"""Segments by columns: what gates and monitors read, and nothing lost or taken for good on the way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from demur.functions.values import Unavailable
from demur.service.journal import Journal
from demur.service.journal.folder import segments
from demur.service.journal.reading import records
from demur.service.journal.replay import Replay
from tests.conftest import skip_unless_ci
from tests.service.journal.checks import check, compiled, lines, record

try:
    from pyarrow import parquet
except ImportError:
    skip_unless_ci("pyarrow is not installed")


def written(folder: Path, form: str, given: list[dict[str, Any]]) -> None:
    """A journal of these records, and of an outcome for each."""
    policy = compiled()
    with Journal(folder, form=form) as journal:  # type: ignore[arg-type]
        for at, one in enumerate(given):
            moment = 1_700_000_000.25 + at
            journal.observe(check(policy, one, trace_id=f"t{at}", time=moment, shadow=None))
            journal.outcome(f"t{at}", {"correct": at % 2 == 0}, moment)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_a_segment_by_columns_reads_as_the_lines_it_was_made_of(tmp_path: Path) -> None:
    given = [record(confidence=at / 10) for at in range(10)]
    written(tmp_path / "lines", "jsonl", given)
    written(tmp_path / "columns", "parquet", given)
    (path,) = segments(tmp_path / "columns")
    assert path.suffix == ".parquet"
    names = parquet.read_schema(path).names
    assert {"demur.final", "decision.action", "answer.confidence", "outcome.correct"} <= set(names)
    expected, found = lines(tmp_path / "lines"), lines(tmp_path / "columns")
    assert len(found) == 20
    for one, other in zip(expected, found, strict=True):
        first, second = without_nulls(one.value), without_nulls(other.value)
        assert second["demur"] == first["demur"]
        assert second == first


def test_what_columns_cannot_hold_stays_lines_beside(tmp_path: Path) -> None:
    odd = [
        record(confidence=math.nan),
        record(confidence="high"),
        record(latency_ms=Unavailable("timed_out", "did not come in time")),
        {**record(), "retrieval": {"documents": [{"id": "d", "score": math.inf}]}},
        {"request": {"intent": "\ud800"}},
    ]
    written(tmp_path, "parquet", [record(), *odd, record()])
    columnar, beside = segments(tmp_path)
    assert beside.name.endswith(".rest.jsonl")
    assert parquet.read_metadata(columnar).num_rows == 2 + 7
    assert len(beside.read_bytes().splitlines()) == 5
    replay = Replay(compiled())
    found = [one for one in lines(tmp_path) if one.kind == "decision"]
    assert sorted(one.trace_id for one in found) == [f"t{at}" for at in range(7)]
    assert {replay.decide(one).verdict for one in found} == {"same"}
    assert len(list(records(tmp_path))) == 7


def test_lines_of_a_policy_that_is_not_known_stay_until_it_is(tmp_path: Path) -> None:
    written(tmp_path, "jsonl", [record()])
    (path,) = segments(tmp_path)
    with Journal(tmp_path, form="parquet") as journal:
        journal.outcome("t9", {"correct": True}, evaluator=compiled(other_text()))
    assert path.exists()
    with Journal(tmp_path, form="parquet") as journal:
        journal.observe(check(compiled(), trace_id="t5"))
    assert not path.exists()
    assert {one.suffix for one in segments(tmp_path)} == {".parquet"}


def other_text() -> str:
    from tests.service.journal.checks import UNREAD

    return UNREAD.replace("0.7", "0.8")


def test_policies_that_differ_over_a_signal_share_a_segment(tmp_path: Path) -> None:
    from tests.service.journal.checks import UNREAD

    texts = compiled(UNREAD.replace("latency_ms: double", "latency_ms: string"))
    with Journal(tmp_path, form="parquet") as journal:
        journal.observe(check(compiled(), trace_id="t0"))
        journal.observe(check(texts, record(latency_ms="slow"), trace_id="t1"))
    assert [one.trace_id for one in lines(tmp_path)] == ["t0", "t1"]
    assert lines(tmp_path)[1].value["answer"]["latency_ms"] == "slow"


@pytest.mark.parametrize("form", ["jsonl", "gzip", "parquet"])
def test_a_monitor_measures_a_journal_in_every_form(tmp_path: Path, form: str) -> None:
    from demur.measure.records.connecting import connect
    from demur.measure.summaries import value_of
    from demur.monitor.history import read_history, reading

    given = [record(confidence=at / 10) for at in range(10)]
    written(tmp_path, form, given)
    policy = compiled()
    metrics = ("answer_rate", "wrong_rate")
    history = read_history(connect(None), [str(tmp_path)], reading(policy, metrics, (), ()))
    assert history.records == 10
    assert history.untimed == 0
    run = history.window(0, 2e9)
    parts = run.summaries[()][()]
    values = [value_of(one, parts[at]).known for at, one in enumerate(run.metrics.aggregates)]
    assert values == [pytest.approx(3 / 10), pytest.approx(2 / 3)]
    assert history.count(1_700_000_000, 1_700_000_005) == 5
