"""Timestamps and durations: texts, arithmetic within range, parts in time zones."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions import find
from demur.functions.timestamps import (
    format_duration,
    format_timestamp,
    from_datetime,
    from_timedelta,
    parse_duration,
    parse_timestamp,
)
from demur.functions.values import INT_MAX, INT_MIN, Duration, EvaluationError, Timestamp
from tests.functions.calling import assert_fails, call

SECOND = 10**9
timestamps = st.integers(Timestamp.MIN, Timestamp.MAX).map(Timestamp)
durations = st.integers(INT_MIN, INT_MAX).map(Duration)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5400 * SECOND),
        ("-1.5h", -5400 * SECOND),
        ("+2ms", 2 * 10**6),
        (".5s", SECOND // 2),
        ("1.s", SECOND),
        ("1us", 1000),
        ("1µs", 1000),
        ("1μs", 1000),
        ("1m1ms", 60 * SECOND + 10**6),
        ("1.9999999999s", 1_999_999_999),
        ("9223372036.854775807s", INT_MAX),
        ("-9223372036.854775808s", INT_MIN),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == Duration(nanoseconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "+-1s", "1", "s", ".s", "1 s", "1h 2m", "1d", "1.2.3s", "1e3s", "1hm", "٣s"),
        *("9223372036.854775808s", "320000000000s", "1" * 200 + "s"),
    ],
)
def test_other_text_is_no_duration(text: str) -> None:
    assert_fails("timestamps.duration_from_string", text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.0000000019Z", 1),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T23:59:59.5-00:00", -SECOND // 2),
        ("0001-01-01T00:00:00Z", Timestamp.MIN),
        ("9999-12-31T23:59:59.999999999Z", Timestamp.MAX),
    ],
)
def test_a_timestamp_is_read_in_rfc_3339_form(text: str, nanoseconds: int) -> None:
    assert parse_timestamp(text) == Timestamp(nanoseconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00,5Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.5",
        "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00Z",
        "2024-1-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+01:60",
        "2024-01-01T00:00:00+0100",
        "2024-01-01T00:00:00+01",
        "٢024-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_other_text_is_no_timestamp(text: str) -> None:
    assert_fails("timestamps.from_string", text)


@given(st.text())
def test_any_text_gives_a_value_or_an_error(text: str) -> None:
    for parse in (parse_duration, parse_timestamp):
        with contextlib.suppress(EvaluationError):
            parse(text)


@given(durations)
def test_a_duration_survives_its_text(duration: Duration) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(timestamps)
def test_a_timestamp_survives_its_text(timestamp: Timestamp) -> None:
    assert parse_timestamp(format_timestamp(timestamp)) == timestamp


def test_texts_have_no_more_decimals_than_they_need() -> None:
    assert format_duration(Duration(-SECOND // 2)) == "-0.5s"
    assert format_duration(Duration(3600 * SECOND)) == "3600s"
    assert format_timestamp(Timestamp(120_000_000)) == "1970-01-01T00:00:00.12Z"
    assert format_timestamp(Timestamp(Timestamp.MIN)) == "0001-01-01T00:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_is_the_moment_that_its_text_is(moment: datetime) -> None:
    assert from_datetime(moment) == parse_timestamp(moment.isoformat())


def test_a_datetime_without_a_time_zone_is_refused() -> None:
    with pytest.raises(EvaluationError):
        from_datetime(datetime(2024, 1, 1))  # noqa: DTZ001 - this is what must be refused


def test_a_datetime_is_taken_at_its_offset() -> None:
    moment = datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert from_datetime(moment) == Timestamp(0)


def test_a_timedelta_is_exact_or_refused() -> None:
    assert from_timedelta(timedelta(microseconds=-1)) == Duration(-1000)
    with pytest.raises(EvaluationError):
        from_timedelta(timedelta.max)


@given(timestamps, durations)
def test_what_is_added_can_be_taken_off_again(timestamp: Timestamp, duration: Duration) -> None:
    try:
        later = call("timestamps.add", timestamp, duration)
    except EvaluationError:
        total = timestamp.nanoseconds + duration.nanoseconds
        assert not Timestamp.MIN <= total <= Timestamp.MAX
        return
    assert call("timestamps.add_to", duration, timestamp) == later
    assert call("timestamps.subtract", later, duration) == timestamp
    assert call("timestamps.between", later, timestamp) == duration


@pytest.mark.parametrize(
    ("identifier", "arguments"),
    [
        ("add", (Timestamp(Timestamp.MAX), Duration(1))),
        ("subtract", (Timestamp(Timestamp.MIN), Duration(1))),
        ("between", (Timestamp(Timestamp.MAX), Timestamp(Timestamp.MIN))),
        ("add_durations", (Duration(INT_MAX), Duration(1))),
        ("subtract_durations", (Duration(INT_MIN), Duration(1))),
        ("from_int", (-62135596801,)),
        ("from_int", (253402300800,)),
        ("from_int", (INT_MAX,)),
    ],
)
def test_what_lies_out_of_range_is_an_error(identifier: str, arguments: tuple[Any, ...]) -> None:
    assert_fails(f"timestamps.{identifier}", *arguments)


@given(timestamps, timestamps)
def test_order_is_that_of_moments(left: Timestamp, right: Timestamp) -> None:
    earlier = left.nanoseconds < right.nanoseconds
    assert call("timestamps.less_timestamp", left, right) is earlier
    assert call("timestamps.greater_or_equal_timestamp", left, right) is not earlier


MOMENT = parse_timestamp("2024-02-29T23:14:15.678901234Z")


@pytest.mark.parametrize(
    ("name", "in_utc", "zone", "in_zone"),
    [
        ("getFullYear", 2024, "UTC", 2024),
        ("getMonth", 1, "Europe/Berlin", 2),
        ("getDate", 29, "Europe/Berlin", 1),
        ("getDayOfMonth", 28, "+01:00", 0),
        ("getDayOfWeek", 4, "Europe/Berlin", 5),
        ("getDayOfYear", 59, "Europe/Berlin", 60),
        ("getHours", 23, "-02:30", 20),
        ("getHours", 23, "02:00", 1),
        ("getMinutes", 14, "Asia/Kolkata", 44),
        ("getSeconds", 15, "", 15),
        ("getMilliseconds", 678, "Asia/Kolkata", 678),
    ],
)
def test_a_part_is_in_utc_or_in_the_zone(name: str, in_utc: int, zone: str, in_zone: int) -> None:
    assert call(f"timestamps.{name}", MOMENT) == in_utc
    assert call(f"timestamps.{name}_in_zone", MOMENT, zone) == in_zone


def test_sunday_is_day_zero() -> None:
    assert call("timestamps.getDayOfWeek", parse_timestamp("2024-03-03T00:00:00Z")) == 0


@pytest.mark.parametrize(
    "zone",
    [
        *("Mars/Phobos", "utc+1", "Z", "+24:00", "+01:60", "1:059", "+5:30", "+٠١:٠٠", "-", "+"),
        *("../../etc/passwd", "/etc/localtime", "America", "a\x00b", "\ud800", "A" * 10_000),
    ],
)
def test_there_is_no_such_zone(zone: str) -> None:
    assert_fails("timestamps.getHours_in_zone", MOMENT, zone)


def test_a_time_out_of_range_in_a_zone_is_an_error() -> None:
    assert_fails("timestamps.getFullYear_in_zone", Timestamp(Timestamp.MAX), "+02:00")


@pytest.mark.parametrize(
    ("text", "hours", "minutes", "seconds", "milliseconds"),
    [
        ("1h1m1.5s", 1, 61, 3661, 500),
        ("-1h1m1.5s", -1, -61, -3661, -500),
        ("1.999999s", 0, 0, 1, 999),
    ],
)
def test_a_duration_is_counted_in_whole_units_towards_zero(
    text: str, hours: int, minutes: int, seconds: int, milliseconds: int
) -> None:
    duration = parse_duration(text)
    assert call("timestamps.getHours_of_duration", duration) == hours
    assert call("timestamps.getMinutes_of_duration", duration) == minutes
    assert call("timestamps.getSeconds_of_duration", duration) == seconds
    assert call("timestamps.getMilliseconds_of_duration", duration) == milliseconds


def test_importing_the_family_does_not_import_datetime() -> None:
    import subprocess
    import sys

    check = "import sys, demur.functions.timestamps; print('datetime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
    assert find("timestamps.from_string").python is parse_timestamp
