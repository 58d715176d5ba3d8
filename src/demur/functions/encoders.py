"""The encoders extension: base64."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error


def _encode(value: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(value, newline=False).decode("ascii")


def _decode(text: str) -> bytes:
    """Line breaks are skipped, and padding may be missing, but not wrong."""
    from binascii import a2b_base64

    text = text.replace("\r", "").replace("\n", "")
    digits = text.rstrip("=")
    padding = "=" * (-len(digits) % 4)
    if text not in (digits, digits + padding) or len(padding) > 2:
        raise error("not base64")
    try:
        return a2b_base64(digits + padding, strict_mode=True)
    except ValueError:
        raise error("not base64") from None


FUNCTIONS = (
    Function(
        "base64.encode",
        "The bytes in base64, with padding.",
        Overload("encoders.base64_encode", "base64.encode(bytes) -> string", _encode),
        examples=(("base64.encode(b'hello')", "'aGVsbG8='"),),
    ),
    Function(
        "base64.decode",
        "The bytes that base64 text stands for; padding may be left out. Other text is an error.",
        Overload("encoders.base64_decode", "base64.decode(string) -> bytes", _decode),
        examples=(
            ("base64.decode('aGVsbG8=')", "b'hello'"),
            ("base64.decode('aGVsbG8')", "b'hello'"),
            ("base64.decode('aGVsbG8==')", ERROR),
        ),
    ),
)
