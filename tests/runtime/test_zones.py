"""A time without a zone is a moment only where its signal declares the zone, and clocks show it once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import demur
from demur.backends.python.reading import read
from demur.functions.values import EvaluationError, Timestamp
from demur.policy import Shape
from demur.runtime.bundle import decode, encode

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moments(local: datetime, zone: str) -> list[datetime]:
    """Every minute of a day and more at which the zone's clocks showed this, found by looking at each."""
    around = local.replace(tzinfo=UTC)
    every = (around + timedelta(minutes=at) for at in range(-900, 901))
    return [one for one in every if one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local]


def around_changes() -> list[datetime]:
    """Times on the clocks of 2024, about the hours at which some zone's change, and of one other day."""
    days = ((3, 10), (3, 31), (4, 7), (10, 6), (10, 27), (11, 3), (7, 1))
    starts = (datetime(2024, month, day, 1) for month, day in days)  # noqa: DTZ001 - local on purpose
    return [start + timedelta(minutes=15 * at) for start in starts for at in range(10)]


@pytest.mark.parametrize("zone", ZONES)
def test_a_local_time_is_the_moment_at_which_clocks_showed_it_if_there_is_one(zone: str) -> None:
    shape = Shape("timestamp", zone=zone)
    counts: set[int] = set()
    for local in around_changes():
        found = moments(local, zone)
        counts.add(len(found))
        for value in (local, local.isoformat(), local.isoformat(" "), f"{local.isoformat()}.0"):
            if len(found) == 1:
                seconds = (found[0] - EPOCH) // timedelta(seconds=1)
                assert read(value, shape, "x").nanoseconds == seconds * 10**9
            else:
                with pytest.raises(EvaluationError) as failure:
                    read(value, shape, "x")
                assert failure.value.reasons[0].kind == "clock_change"
    if zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"):
        assert counts == {0, 1, 2}


def test_a_time_that_names_its_zone_keeps_it() -> None:
    shape = Shape("timestamp", zone="Europe/Berlin")
    assert read("2024-07-01T10:00:00Z", shape, "x") == read(
        datetime(2024, 7, 1, 10, tzinfo=UTC), shape, "x"
    )
    assert read("2024-07-01T10:00:00", shape, "x") == read("2024-07-01T08:00:00Z", shape, "x")


def test_nanoseconds_of_a_local_time_are_kept() -> None:
    found = read("1970-01-01T01:00:00.123456789", Shape("timestamp", zone="Europe/Berlin"), "x")
    assert found == Timestamp(123456789)


def test_both_forms_and_the_bundle_take_the_zone(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "demur: 1\npolicy: p\nabout: a\nowner: t@example.com\nstages:\n  a:\n"
        "    t: {type: timestamp, zone: Europe/Berlin}\n    n: {type: int, optional: true}\n"
        "rules:\n  late:\n"
        "    when: a.t >= timestamp('2024-07-01T08:00:00Z') || has(a.n) && a.n > 3\n"
        "    then: refuse\non_unknown: {then: abstain}\n",
        "utf-8",
    )
    made = demur.load(path)
    kept = demur.Evaluator(*decode(encode(made.policy)))
    for evaluator in (made, kept):
        for value, expected in {
            "2024-07-01T10:00:00": "refuse",
            "2024-07-01T09:59:59": "answer",
            "2024-10-27T02:30:00": "abstain",
            "2024-03-31T02:30:00": "abstain",
        }.items():
            assert evaluator.decide({"a": {"t": value}}).action == expected
            # A malformed signal beside it sends the record to the precise form.
            assert evaluator.decide({"a": {"t": value, "n": "x"}}).action == (
                "refuse" if expected == "refuse" else "abstain"
            )
