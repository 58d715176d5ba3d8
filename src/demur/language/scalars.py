"""What an unquoted YAML scalar means: the core schema of YAML 1.2, and nothing of YAML 1.1.

So `yes`, `on`, `1:30` and `2024-01-01` are strings.
"""

from __future__ import annotations

import math
import re

_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
}
_NUMBER = re.compile(
    r"(?P<octal>0o[0-7]+)|(?P<hexadecimal>0x[0-9a-fA-F]+)|(?P<decimal>[-+]?[0-9]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_BASES = {"octal": 8, "hexadecimal": 16, "decimal": 10}
_NONZERO = re.compile(r"[-+.0]*[1-9]")
_OCTAL_OF_1_1 = re.compile(r"[-+]?0[0-7]+")
MAX_DIGITS = 1000
"""Longest number that is read: far beyond every type's range, and cheap to convert."""


def resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar.

    Raises OverflowError for a number that has too many digits or is beyond a double's range.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if len(text) > MAX_DIGITS:
        raise OverflowError(f"a number of {len(text)} characters")
    kind = number.lastgroup or ""
    if kind != "float":
        return int(text[2:] if kind in ("octal", "hexadecimal") else text, _BASES[kind])
    value = float(text)
    if math.isinf(value) or (value == 0 and _NONZERO.match(text)):
        raise OverflowError("beyond the range of a double")
    return value


def octal(text: str) -> int | None:
    """What YAML 1.1 reads in a whole number that begins with a zero; None for any other text."""
    return int(text, 8) if _OCTAL_OF_1_1.fullmatch(text) else None
