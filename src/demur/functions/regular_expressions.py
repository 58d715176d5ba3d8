"""Regular expressions: RE2's, which take time linear in the text, so that no pattern can hang."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAXIMUM_CACHED = 200
"""Patterns that are kept, those of records among them: each takes memory as it is matched."""
MAXIMUM_LENGTH = 20_000
"""Characters of a pattern, which may come from a record."""
MAXIMUM_PROGRAM = 50_000
"""Instructions that a pattern comes to. A short one may come to many: `(\\pL{50}){2}` to some 120,000."""
_compiled: dict[str, Any] = {}


def compile_pattern(pattern: str, *, quotes: bool = False) -> Any:
    """RE2's form of a pattern, with `search`.

    Raises `EvaluationError`. Only with `quotes` does it say which part of the pattern is wrong: a pattern
    may come from a record.
    """
    found = _compiled.get(pattern)
    if found is not None:
        return found
    if len(pattern) > MAXIMUM_LENGTH:
        raise error(f"the pattern has more than {MAXIMUM_LENGTH:,} characters")
    import re2  # pyright: ignore[reportMissingTypeStubs]

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as refused:
        reason = refused.args[0]
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        text = text if quotes else text.partition(":")[0]
        raise error(f"RE2 refuses the pattern: {text}") from None
    except UnicodeEncodeError:
        raise error("the pattern is no valid text") from None
    if compiled.programsize > MAXIMUM_PROGRAM:
        size = f"{compiled.programsize:,} instructions; at most {MAXIMUM_PROGRAM:,} are allowed"
        raise error(f"the pattern comes to {size}")
    if len(_compiled) >= MAXIMUM_CACHED:
        _compiled.clear()
    _compiled[pattern] = compiled
    return compiled


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises `EvaluationError`."""
    compiled = compile_pattern(pattern)
    try:
        return compiled.search(text) is not None
    except UnicodeEncodeError:
        raise error("the text is no valid Unicode") from None


FUNCTIONS = (
    Function(
        "matches",
        "Whether the RE2 pattern is found anywhere in the text; `^` and `$` bind it to the ends.",
        Overload("regular_expressions.matches", "matches(string, string) -> bool", matches),
        Overload("regular_expressions.matches_method", "string.matches(string) -> bool", matches),
        examples=(
            ("'demur'.matches('^de')", "true"),
            ("'demur'.matches('e.u')", "true"),
            ("'a'.matches('(')", ERROR),
        ),
    ),
)
