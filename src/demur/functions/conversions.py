"""Conversions between types; what another type cannot hold is an error."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.arithmetic import checked_int, checked_uint
from demur.functions.timestamps import SECOND, format_duration, format_timestamp
from demur.functions.values import TypeValue, Uint, error, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


MAXIMUM_LENGTH = 1000
"""Of the text of a number: Python takes long over longer ones, or refuses them."""


def _is_number(text: str, characters: str = "0123456789") -> bool:
    return len(text) <= MAXIMUM_LENGTH and text != "" and not text.strip(characters)


def _int_of_string(text: str) -> int:
    if not _is_number(text[1:] if text[:1] in ("-", "+") else text):
        raise error("the text is no int")
    return checked_int(int(text))


def _uint_of_string(text: str) -> Uint:
    if not _is_number(text):
        raise error("the text is no uint")
    return checked_uint(int(text))


def _int_of_double(value: float) -> int:
    """Truncated towards zero; the two ends of the range are refused, as they are not exact."""
    if -9223372036854775808.0 < value < 9223372036854775808.0:
        return int(value)
    raise error("integer overflow")


def _uint_of_double(value: float) -> Uint:
    if 0 <= value < 18446744073709551616.0:
        return Uint(int(value))
    raise error("unsigned integer overflow")


_SPECIAL_DOUBLES = frozenset(("nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"))


def _double_of_string(text: str) -> float:
    if text.lower() in _SPECIAL_DOUBLES:
        return float(text)
    try:
        value = float(text) if _is_number(text, "0123456789.eE+-") else None
    except ValueError:
        value = None
    if value is None:
        raise error("the text is no double")
    if value - value != 0.0:
        raise error("double overflow")
    return value


def format_double(value: float) -> str:
    """The shortest digits that read back as this finite double, without an exponent."""
    mantissa, _, exponent = repr(value).removesuffix(".0").partition("e")
    if not exponent:
        return mantissa
    sign = "-" if value < 0 else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    if int(exponent) < 0:
        return f"{sign}0.{whole.rjust(-int(exponent), '0')}{fraction}"
    return f"{sign}{whole}{fraction.ljust(int(exponent), '0')}"


def _string_of_double(value: float) -> str:
    """As Go's `%g`: with an exponent below 0.0001 and from a million on."""
    if value != value:
        return "NaN"
    if value - value != 0.0:
        return "+Inf" if value > 0 else "-Inf"
    if value == 0.0 or 1e-4 <= abs(value) < 1e6:
        return format_double(value)
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    first, *others = (whole + fraction).rstrip("0")
    point = "." if others else ""
    sign = "-" if value < 0 else ""
    return f"{sign}{first}{point}{''.join(others)}e{int(exponent or len(whole) - 1):+03d}"


def _string_of_bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise error("the bytes are no UTF-8") from None


def _bytes_of_string(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise error("the text has no UTF-8") from None


_TRUE = frozenset(("1", "t", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "false", "FALSE", "False"))


def _bool_of_string(text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise error("the text is no bool")


def _same(value: Any) -> Any:
    return value


def _seconds(value: Any) -> int:
    return value.nanoseconds // SECOND


FUNCTIONS = (
    Function(
        "int",
        "As an int: doubles are cut towards zero, timestamps are seconds since 1970.",
        Overload("conversions.int_of_int", "int(int) -> int", _same, "{0}"),
        Overload("conversions.int_of_uint", "int(uint) -> int", lambda v: checked_int(int(v))),
        Overload("conversions.int_of_double", "int(double) -> int", _int_of_double),
        Overload("conversions.int_of_string", "int(string) -> int", _int_of_string),
        Overload("conversions.int_of_timestamp", "int(timestamp) -> int", _seconds),
        examples=(("int(-1.9)", "-1"), ("int('12')", "12"), ("int(1e99)", ERROR)),
    ),
    Function(
        "uint",
        "As a uint: doubles are cut towards zero.",
        Overload("conversions.uint_of_uint", "uint(uint) -> uint", _same, "{0}"),
        Overload("conversions.uint_of_int", "uint(int) -> uint", checked_uint),
        Overload("conversions.uint_of_double", "uint(double) -> uint", _uint_of_double),
        Overload("conversions.uint_of_string", "uint(string) -> uint", _uint_of_string),
        examples=(("uint(3.9)", "3u"), ("uint(-1)", ERROR)),
    ),
    Function(
        "double",
        "As a double, the nearest where it cannot be exact.",
        Overload("conversions.double_of_double", "double(double) -> double", _same, "{0}"),
        Overload("conversions.double_of_int", "double(int) -> double", float, "float({0})"),
        Overload("conversions.double_of_uint", "double(uint) -> double", float, "float({0})"),
        Overload("conversions.double_of_string", "double(string) -> double", _double_of_string),
        examples=(("double(2)", "2.0"), ("double('1e3')", "1000.0"), ("double('a')", ERROR)),
    ),
    Function(
        "string",
        "As text: timestamps in RFC 3339 form, durations in seconds, bytes as UTF-8.",
        Overload("conversions.string_of_string", "string(string) -> string", _same, "{0}"),
        Overload("conversions.string_of_int", "string(int) -> string", str, "str({0})"),
        Overload("conversions.string_of_uint", "string(uint) -> string", lambda v: str(int(v))),
        Overload("conversions.string_of_double", "string(double) -> string", _string_of_double),
        Overload(
            "conversions.string_of_bool",
            "string(bool) -> string",
            lambda v: "true" if v else "false",
        ),
        Overload("conversions.string_of_bytes", "string(bytes) -> string", _string_of_bytes),
        Overload(
            "conversions.string_of_timestamp", "string(timestamp) -> string", format_timestamp
        ),
        Overload("conversions.string_of_duration", "string(duration) -> string", format_duration),
        examples=(("string(1.0)", "'1'"), ("string(duration('1h'))", "'3600s'")),
    ),
    Function(
        "bytes",
        "As bytes: text in UTF-8.",
        Overload("conversions.bytes_of_bytes", "bytes(bytes) -> bytes", _same, "{0}"),
        Overload("conversions.bytes_of_string", "bytes(string) -> bytes", _bytes_of_string),
        examples=(("bytes('é')", "b'\\xc3\\xa9'"),),
    ),
    Function(
        "bool",
        "As a bool: the texts 1, t, true, True, TRUE, and 0, f, false, False, FALSE.",
        Overload("conversions.bool_of_bool", "bool(bool) -> bool", _same, "{0}"),
        Overload("conversions.bool_of_string", "bool(string) -> bool", _bool_of_string),
        examples=(("bool('t')", "true"), ("bool('yes')", ERROR)),
    ),
    Function(
        "type",
        "The value's type.",
        Overload("conversions.type", "type(A) -> type", lambda v: TypeValue(type_name(v))),
        examples=(("type(1) == int", "true"),),
    ),
    Function(
        "dyn",
        "The same value, of a type that is found out only during evaluation.",
        Overload("conversions.dyn", "dyn(A) -> dyn", _same, "{0}"),
        examples=(("dyn(1) == 1.0", "true"),),
    ),
)
