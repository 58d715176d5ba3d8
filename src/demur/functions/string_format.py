"""`format`: a text with values put in place of its clauses (CEL's strings extension)."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.conversions import format_double
from demur.functions.timestamps import format_duration, format_timestamp
from demur.functions.values import Duration, Timestamp, TypeValue, entries, error, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAXIMUM_PRECISION = 1000


def format_text(text: str, values: list[Any]) -> str:
    """The text with each clause replaced by the next value. Raises `EvaluationError`."""
    written: list[str] = []
    position = used = 0
    while (percent := text.find("%", position)) >= 0:
        written.append(text[position:percent])
        clause, precision, position = _clause(text, percent + 1)
        if clause == "%":
            written.append("%")
            continue
        if used >= len(values):
            raise error("more clauses than values")
        written.append(_CLAUSES[clause](values[used], precision))
        used += 1
    written.append(text[position:])
    return "".join(written)


def _clause(text: str, start: int) -> tuple[str, int | None, int]:
    """The clause's letter, its precision, and where the text goes on."""
    precision = None
    if text[start : start + 1] == ".":
        end = start + 1
        while "0" <= text[end : end + 1] <= "9":
            end += 1
        digits = text[start + 1 : end]
        if not digits or len(digits) > 4 or int(digits) > MAXIMUM_PRECISION:
            raise error("no such precision")
        precision, start = int(digits), end
    letter = text[start : start + 1]
    if letter != "%" and letter not in _CLAUSES:
        raise error("no such clause")
    if letter == "%" and precision is not None:
        raise error("`%%` has no precision")
    return letter, precision, start + 1


def _refuse(value: Any, clause: str) -> str:
    raise error(f"`%{clause}` does not take a value of type {type_name(value)}")


def _special(value: Any) -> str | None:
    """The name of a double that is no number, or None."""
    if isinstance(value, float) and value - value != 0.0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return None


def _string(value: Any, precision: int | None = None) -> str:
    if isinstance(value, float):
        return _special(value) or format_double(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_string, value))}]"
    if isinstance(value, dict):
        pairs = sorted((_string(key), _string(one)) for key, one in entries(value))
        return f"{{{', '.join(f'{key}: {one}' for key, one in pairs)}}}"
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return _refuse(value, "s")


def _text_of_bytes(value: bytes) -> str:
    """As UTF-8; octets in a row that are none are one replacement character."""
    parts: list[str] = []
    was_valid = True
    for character in value.decode("utf-8", "surrogateescape"):
        is_valid = not "\udc80" <= character <= "\udcff"
        if is_valid or was_valid:
            parts.append(character if is_valid else "\ufffd")
        was_valid = is_valid
    return "".join(parts)


_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (int, lambda value: str(int(value))),
    (str, lambda value: value),
    (bytes, _text_of_bytes),
    (type(None), lambda value: "null"),
    (Timestamp, format_timestamp),
    (Duration, format_duration),
    (TypeValue, lambda value: value.name),
)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _decimal(value: Any, precision: int | None) -> str:
    if _is_whole(value):
        return str(int(value))
    if isinstance(value, float):
        return _special(value) or format_double(value)
    return _refuse(value, "d")


def _fixed(value: Any, precision: int | None) -> str:
    if not _is_whole(value) and not isinstance(value, float):
        return _refuse(value, "f")
    return _special(value) or f"{float(value):.{6 if precision is None else precision}f}"


def _scientific(value: Any, precision: int | None) -> str:
    if not _is_whole(value) and not isinstance(value, float):
        return _refuse(value, "e")
    return _special(value) or f"{float(value):.{6 if precision is None else precision}e}"


def _binary(value: Any, precision: int | None) -> str:
    return f"{int(value):b}" if isinstance(value, int) else _refuse(value, "b")


def _octal(value: Any, precision: int | None) -> str:
    return f"{int(value):o}" if _is_whole(value) else _refuse(value, "o")


def _hexadecimal(value: Any, precision: int | None) -> str:
    if _is_whole(value):
        return f"{int(value):x}"
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").hex()
    return value.hex() if isinstance(value, bytes) else _refuse(value, "x")


_CLAUSES: dict[str, Callable[[Any, int | None], str]] = {
    "s": _string,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "o": _octal,
    "x": _hexadecimal,
    "X": lambda value, precision: _hexadecimal(value, precision).upper(),
}

FUNCTIONS = (
    Function(
        "format",
        "The text with its clauses replaced by the list's values: `%s` any value, `%d` a number, "
        "`%.3f` and `%e` a number with decimals, `%b`, `%o`, `%x`, `%X` in other bases, `%%` a "
        "percent sign.",
        Overload("string_format.format", "string.format(list(dyn)) -> string", format_text),
        examples=(
            ("'%s is %.1f'.format(['score', 0.25])", "'score is 0.2'"),
            ("'%d'.format(['a'])", ERROR),
        ),
    ),
)
