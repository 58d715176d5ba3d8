"""Limits on the size of what is computed and on what it costs, which the compiler puts into a policy.

They depend on sizes alone, and not on the order in which something is evaluated: so whatever evaluates a
policy comes to the same. The compiler leaves a limit out where declared sizes show that it is kept.
"""

from __future__ import annotations

from demur.functions import Function, Overload
from demur.functions.values import EvaluationError, Optional, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TOO_LARGE = "too_large"
"""The kind of reason for which a value is unknown that would be larger than a policy allows."""
TOO_COSTLY = "too_costly"
"""That of one which would take more steps than a policy allows, or more memory than there is."""


def too_large(limit: int) -> EvaluationError:
    """The error of a value that is larger than the policy's limit."""
    return EvaluationError(Reason(TOO_LARGE, "", f"a value would be larger than {limit:,}"))


def total(value: Any, most: int) -> int:
    """Characters, octets or elements, those of inner lists and maps included; counted up to `most`."""
    if value.__class__ is str or value.__class__ is bytes:
        return len(value)
    found = 0
    pending = [value]
    while pending and found <= most:
        one = pending.pop()
        if one.__class__ is Optional:
            pending.append(one.value)
        elif one.__class__ is list:
            found += len(one)
            if found <= most:
                pending.extend(part for part in one if part.__class__ in _HOLDING)
        elif one.__class__ is dict:
            found += len(one)
            if found <= most:
                pending.extend(part for part in one.values() if part.__class__ in _HOLDING)
    return found


_HOLDING = frozenset((list, dict, Optional))


def sized(value: Any, limit: int) -> Any:
    """The value, if it is no larger than `limit`. Raises `EvaluationError`."""
    if total(value, limit) > limit:
        raise too_large(limit)
    return value


def affordable(value: Any, limit: int, times: int) -> Any:
    """The value, if going through it so many times takes no more steps than `limit`.

    Raises `EvaluationError`.
    """
    if value.__class__ in _WITH_SIZE and len(value) * times > limit:
        raise EvaluationError(Reason(TOO_COSTLY, "", f"it would take more than {limit:,} steps"))
    return value


_WITH_SIZE = frozenset((str, bytes, list, dict))


def within(function: Callable[..., Any], identifier: str, limit: int) -> Callable[..., Any]:
    """The function, which fails where its value would be larger than `limit`, before it is made."""
    expected = EXPECTED.get(identifier)
    if expected is None:
        return lambda *arguments: sized(function(*arguments), limit)

    def checked(*arguments: Any) -> Any:
        if expected(*arguments) > limit:
            raise too_large(limit)
        return function(*arguments)

    return checked


def _replaced(text: str, old: str, new: str, most: int = -1) -> int:
    if len(new) <= len(old):
        return len(text)
    count = text.count(old)
    return len(text) + (count if most < 0 else min(count, most)) * (len(new) - len(old))


def _parts(text: str, separator: str, most: int = -1) -> int:
    count = text.count(separator) + 1
    return count if most < 0 else min(count, most)


def _joined(parts: list[str], separator: str = "") -> int:
    return sum(map(len, parts)) + len(separator) * max(len(parts) - 1, 0)


def _formatted(text: str, values: list[Any]) -> int:
    """At most so many characters: each value as its type is at the longest."""
    found = len(text) + text.count("%.") * _LONGEST_DECIMALS
    pending: list[Any] = [values]
    while pending:
        one = pending.pop()
        if one.__class__ is list:
            pending.extend(one)
            found += 2 * len(one)
        elif one.__class__ is dict:
            pending.extend(one.values())
            found += sum(len(key) if isinstance(key, str) else _LONGEST_NUMBER for key in one)
            found += 4 * len(one)
        elif isinstance(one, str | bytes):
            found += _LONGEST_OCTETS * len(one) if "%x" in text or "%X" in text else len(one)
        else:
            found += _LONGEST_NUMBER if "%f" not in text else _LONGEST_DECIMALS
    return found


_LONGEST_NUMBER = 70
_LONGEST_DECIMALS = 1_400
_LONGEST_OCTETS = 8

EXPECTED: dict[str, Callable[..., int]] = {
    "strings.add": lambda a, b: len(a) + len(b),
    "strings.add_bytes": lambda a, b: len(a) + len(b),
    "strings.replace": _replaced,
    "strings.replace_some": _replaced,
    "strings.split": _parts,
    "strings.split_some": _parts,
    "strings.join": _joined,
    "strings.join_with": _joined,
    "lists.add": lambda a, b: len(a) + len(b),
    "string_format.format": _formatted,
}
"""The size of a function's value by its arguments, where it may be much larger than these."""

FUNCTIONS = (
    Function(
        "@sized",
        "Within a policy: the value, unless it is larger than the policy allows.",
        Overload("limits.sized", "@sized(A, int) -> A", sized),
    ),
    Function(
        "@affordable",
        "Within a policy: the value, unless going through it so often takes more steps than the policy "
        "allows.",
        Overload("limits.affordable", "@affordable(A, int, int) -> A", affordable),
    ),
)
