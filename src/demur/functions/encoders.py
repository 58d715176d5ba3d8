"""Encoders: base64."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error


def _encode(value: bytes) -> str:
    from base64 import b64encode

    return b64encode(value).decode("ascii")


def _decode(text: str) -> bytes:
    """Padding may be left out, line breaks are skipped; anything else is an error."""
    from base64 import b64decode

    text = text.replace("\r", "").replace("\n", "")
    padded = text if "=" in text else text + "=" * (-len(text) % 4)
    try:
        return b64decode(padded, validate=True)
    except ValueError:
        raise error("the text is not base64") from None


FUNCTIONS = (
    Function(
        "base64.encode",
        "The bytes in base64, with padding.",
        Overload("encoders.base64_encode", "base64.encode(bytes) -> string", _encode),
        examples=(("base64.encode(b'hello')", "'aGVsbG8='"),),
    ),
    Function(
        "base64.decode",
        "The bytes that the base64 text stands for; padding may be left out.",
        Overload("encoders.base64_decode", "base64.decode(string) -> bytes", _decode),
        examples=(("base64.decode('aGVsbG8')", "b'hello'"), ("base64.decode('%')", ERROR)),
    ),
)
