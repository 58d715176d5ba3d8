"""Timestamps and durations: arithmetic, order, parts, and their texts (RFC 3339, Go's durations)."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import Duration, EvaluationError, Timestamp, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import Any

SECOND = 10**9
_INT64 = 2**63
_DIGITS = "0123456789"
_UNITS = {
    "h": 3600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": 10**6,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ns": 1,
}
"""Nanoseconds; the micro sign and the Greek letter look the same."""
_LETTERS = "".join(_UNITS)
_MAXIMUM_DIGITS = 100


def parse_duration(text: str) -> Duration:
    """A duration such as `1h30m`, `-1.5s` or `250ms`. Raises `EvaluationError`.

    What is finer than a nanosecond is cut off.
    """
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text.startswith(("-", "+")) else text
    if rest == "0":
        return Duration(0)
    if not rest:
        raise error("not a duration")
    total = 0
    while rest:
        number = _leading(rest, _DIGITS + ".")
        unit = _leading(rest[len(number) :], _LETTERS)
        total += _nanoseconds(number, unit)
        rest = rest[len(number) + len(unit) :]
    return checked_duration(sign * total)


def _nanoseconds(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    digits = whole + fraction
    if unit not in _UNITS or not digits or "." in digits or len(digits) > _MAXIMUM_DIGITS:
        raise error("not a duration")
    return int(digits) * _UNITS[unit] // 10 ** len(fraction)


def _leading(text: str, alphabet: str) -> str:
    return text[: len(text) - len(text.lstrip(alphabet))]


def checked_duration(nanoseconds: int) -> Duration:
    """A duration, if 64 bits can hold its nanoseconds, as CEL's Go implementation demands."""
    if not -_INT64 <= nanoseconds < _INT64:
        raise error("duration out of range")
    return Duration(nanoseconds)


def format_duration(duration: Duration) -> str:
    """The duration in seconds, as CEL writes it: `5400s`, `-1.5s`."""
    sign = "-" if duration.nanoseconds < 0 else ""
    seconds, rest = divmod(abs(duration.nanoseconds), SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{fraction}s"


def parse_timestamp(text: str) -> Timestamp:
    """A moment in RFC 3339 form. Raises `EvaluationError`; leap seconds are no moment either.

    What is finer than a nanosecond is cut off.
    """
    from datetime import UTC, datetime

    parts = (text[0:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    marks = text[4:5] + text[7:8] + text[10:11] + text[13:14] + text[16:17]
    rest = text[19:]
    decimals = ""
    if rest.startswith("."):
        decimals = _leading(rest[1:], _DIGITS)
        rest = rest[1 + len(decimals) :]
        marks += "" if decimals else "."
    is_digits = text.isascii() and all(part.isdigit() for part in parts)
    if not is_digits or marks.upper() != "--T::" or not rest.startswith(("Z", "z", "+", "-")):
        raise error("not an RFC 3339 timestamp")
    offset = 0 if rest in ("Z", "z") else _offset_seconds(rest)
    try:
        moment = datetime(*map(int, parts), tzinfo=UTC)
    except ValueError:
        raise error("no such date or time") from None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86400 + since.seconds - offset
    return Timestamp(seconds * SECOND + int(decimals[:9].ljust(9, "0")))


def _offset_seconds(text: str) -> int:
    """The seconds of a fixed offset from UTC such as `+05:30`; the sign may be left out."""
    digits = text[1:] if text.startswith(("+", "-")) else text
    hours, colon, minutes = digits[:2], digits[2:3], digits[3:]
    is_digits = text.isascii() and hours.isdigit() and minutes.isdigit() and len(minutes) == 2
    if colon != ":" or not is_digits or int(hours) > 23 or int(minutes) > 59:
        raise error("no such offset from UTC")
    seconds = int(hours) * 3600 + int(minutes) * 60
    return -seconds if text.startswith("-") else seconds


def format_timestamp(timestamp: Timestamp) -> str:
    """The moment in RFC 3339 form in UTC, with as many decimals as it needs."""
    moment, nanoseconds = _moment(timestamp)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{moment.replace(tzinfo=None).isoformat()}{fraction}Z"


def _moment(timestamp: Timestamp) -> tuple[datetime, int]:
    """The moment in UTC to the second, and the nanoseconds on top."""
    from datetime import UTC, datetime, timedelta

    seconds, nanoseconds = divmod(timestamp.nanoseconds, SECOND)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(seconds=seconds), nanoseconds


def from_datetime(moment: datetime) -> Timestamp:
    """A datetime as a timestamp. Raises `EvaluationError` where it has no time zone."""
    from datetime import UTC, datetime

    if moment.tzinfo is None or moment.utcoffset() is None:
        raise error("a datetime without a time zone is no moment")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Timestamp(((since.days * 86400 + since.seconds) * 10**6 + since.microseconds) * 1000)


def local_of_datetime(moment: datetime) -> Timestamp:
    """What the clocks showed by a datetime without a time zone, as if they were in UTC."""
    from datetime import UTC

    return from_datetime(moment.replace(tzinfo=UTC))


def parse_local(text: str) -> Timestamp | None:
    """What the clocks showed by a text without a zone, as if in UTC; None for any other text.

    It is RFC 3339's but for the zone. A space may stand for its `T`, as databases and pandas write it.
    """
    if text[10:11] not in ("T", "t", " ") or (text[19:] and not text[19:].startswith(".")):
        return None
    try:
        return parse_timestamp(f"{text[:10]}T{text[11:]}Z")
    except EvaluationError:
        return None


def in_zone(local: Timestamp, zone: str) -> Timestamp:
    """The moment at which the clocks of an IANA zone showed this.

    Raises `EvaluationError` where they never did or did twice, as they changed, and for no such zone.
    """
    if zone == "UTC":
        return local
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    moment, _ = _moment(local)
    try:
        shown = moment.replace(tzinfo=ZoneInfo(zone))
        earlier, later = shown.utcoffset(), shown.replace(fold=1).utcoffset()
    except (KeyError, ValueError, OverflowError, OSError):
        raise error("no such time zone, or a time out of range in it") from None
    if earlier is None or earlier != later:
        raise error("a time that the clocks skip or show twice")
    return Timestamp(local.nanoseconds - earlier // timedelta(microseconds=1) * 1000)


def from_timedelta(span: timedelta) -> Duration:
    """A timedelta as a duration. Raises `EvaluationError` where it is out of CEL's range."""
    return checked_duration(((span.days * 86400 + span.seconds) * 10**6 + span.microseconds) * 1000)


def _local(timestamp: Timestamp, zone: str) -> tuple[datetime, int]:
    """As `_moment`, on the clocks of an IANA zone or at a fixed offset. Raises `EvaluationError`."""
    from datetime import timedelta

    moment, nanoseconds = _moment(timestamp)
    if zone in ("", "UTC"):
        return moment, nanoseconds
    try:
        if zone[0] in "+-" + _DIGITS:
            return moment + timedelta(seconds=_offset_seconds(zone)), nanoseconds
        from zoneinfo import ZoneInfo

        return moment.astimezone(ZoneInfo(zone)), nanoseconds
    except (KeyError, ValueError, OverflowError, OSError):
        raise error("no such time zone, or a time out of range in it") from None


def _timestamp_of_int(seconds: int) -> Timestamp:
    return Timestamp(seconds * SECOND)


def _add(timestamp: Timestamp, duration: Duration) -> Timestamp:
    return Timestamp(timestamp.nanoseconds + duration.nanoseconds)


def _part(name: str, about: str, read: Callable[[Any, int], int], example: str) -> Function:
    """A part of a timestamp, in UTC or in a time zone."""
    return Function(
        name,
        f"{about}, in UTC or in the given time zone (`Europe/Berlin`, `+05:30`).",
        Overload(
            f"timestamps.{name}", f"timestamp.{name}() -> int", lambda value: read(*_moment(value))
        ),
        Overload(
            f"timestamps.{name}_in_zone",
            f"timestamp.{name}(string) -> int",
            lambda value, zone: read(*_local(value, zone)),
        ),
        examples=((f"timestamp('2024-02-29T13:14:15.678Z').{name}()", example),),
    )


def _whole(duration: Duration, unit: int) -> int:
    """How many whole units, towards zero."""
    count = abs(duration.nanoseconds) // unit
    return count if duration.nanoseconds >= 0 else -count


def _milliseconds_of_second(duration: Duration) -> int:
    milliseconds = _whole(duration, 10**6)
    return milliseconds - 1000 * _whole(duration, SECOND)


def _span(name: str, about: str, read: Callable[[Duration], int], example: str) -> Function:
    """A duration in whole units."""
    return Function(
        name,
        about,
        Overload(f"timestamps.{name}_of_duration", f"duration.{name}() -> int", read),
        examples=((f"duration('1h1m1.5s').{name}()", example),),
    )


def _orders() -> tuple[Function, ...]:
    compare = {
        "_<_": ("less", "<", lambda a, b: a < b),
        "_<=_": ("less_or_equal", "<=", lambda a, b: a <= b),
        "_>_": ("greater", ">", lambda a, b: a > b),
        "_>=_": ("greater_or_equal", ">=", lambda a, b: a >= b),
    }
    return tuple(
        Function(
            name,
            "Whether the first is earlier or shorter."
            if "<" in symbol
            else "Whether the first is later or longer.",
            *(
                Overload(
                    f"timestamps.{word}_{kind}",
                    f"{name}({kind}, {kind}) -> bool",
                    python,
                    f"({{0}} {symbol} {{1}})",
                )
                for kind in ("timestamp", "duration")
            ),
            examples=((f"duration('1s') {symbol} duration('2s')", str("<" in symbol).lower()),),
        )
        for name, (word, symbol, python) in compare.items()
    )


FUNCTIONS = (
    Function(
        "timestamp",
        "A moment, from RFC 3339 text or from seconds since 1970-01-01 UTC.",
        Overload("timestamps.from_string", "timestamp(string) -> timestamp", parse_timestamp),
        Overload("timestamps.from_int", "timestamp(int) -> timestamp", _timestamp_of_int),
        Overload(
            "timestamps.identity", "timestamp(timestamp) -> timestamp", lambda value: value, "{0}"
        ),
        examples=(
            ("timestamp('1970-01-01T00:01:00Z')", "timestamp(60)"),
            ("timestamp('2024-02-30T00:00:00Z')", ERROR),
        ),
    ),
    Function(
        "duration",
        "A span of time from text such as `1h30m` or `-1.5s` (units h, m, s, ms, us, ns).",
        Overload("timestamps.duration_from_string", "duration(string) -> duration", parse_duration),
        Overload(
            "timestamps.duration_identity",
            "duration(duration) -> duration",
            lambda value: value,
            "{0}",
        ),
        examples=(("duration('90m')", "duration('1h30m')"), ("duration('1 day')", ERROR)),
    ),
    Function(
        "_+_",
        "The moment or span that is later or longer by a span.",
        Overload("timestamps.add", "_+_(timestamp, duration) -> timestamp", _add),
        Overload(
            "timestamps.add_to", "_+_(duration, timestamp) -> timestamp", lambda a, b: _add(b, a)
        ),
        Overload(
            "timestamps.add_durations",
            "_+_(duration, duration) -> duration",
            lambda a, b: checked_duration(a.nanoseconds + b.nanoseconds),
        ),
        examples=(("timestamp(0) + duration('1s')", "timestamp(1)"),),
    ),
    Function(
        "_-_",
        "The span between two moments, or the moment or span that is earlier or shorter by a span.",
        Overload(
            "timestamps.between",
            "_-_(timestamp, timestamp) -> duration",
            lambda a, b: checked_duration(a.nanoseconds - b.nanoseconds),
        ),
        Overload(
            "timestamps.subtract",
            "_-_(timestamp, duration) -> timestamp",
            lambda a, b: Timestamp(a.nanoseconds - b.nanoseconds),
        ),
        Overload(
            "timestamps.subtract_durations",
            "_-_(duration, duration) -> duration",
            lambda a, b: checked_duration(a.nanoseconds - b.nanoseconds),
        ),
        examples=(("timestamp(60) - timestamp(0)", "duration('1m')"),),
    ),
    *_orders(),
    _part("getFullYear", "The year", lambda m, n: m.year, "2024"),
    _part("getMonth", "The month from 0", lambda m, n: m.month - 1, "1"),
    _part("getDate", "The day of the month from 1", lambda m, n: m.day, "29"),
    _part("getDayOfMonth", "The day of the month from 0", lambda m, n: m.day - 1, "28"),
    _part(
        "getDayOfWeek", "The day of the week from Sunday, 0", lambda m, n: m.isoweekday() % 7, "4"
    ),
    _part(
        "getDayOfYear", "The day of the year from 0", lambda m, n: m.timetuple().tm_yday - 1, "59"
    ),
    _part("getHours", "The hour", lambda m, n: m.hour, "13"),
    _part("getMinutes", "The minute", lambda m, n: m.minute, "14"),
    _part("getSeconds", "The second", lambda m, n: m.second, "15"),
    _part("getMilliseconds", "The milliseconds of the second", lambda m, n: n // 10**6, "678"),
    _span("getHours", "The duration in whole hours.", lambda d: _whole(d, 3600 * SECOND), "1"),
    _span("getMinutes", "The duration in whole minutes.", lambda d: _whole(d, 60 * SECOND), "61"),
    _span("getSeconds", "The duration in whole seconds.", lambda d: _whole(d, SECOND), "3661"),
    _span(
        "getMilliseconds",
        "The milliseconds of the duration's second; the whole seconds do not count.",
        _milliseconds_of_second,
        "500",
    ),
)
