"""What is wrong with text that is not CEL, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from demur.cel.problems import Problem

_OTHER_LANGUAGES = {
    "and": "CEL writes `&&` for and.",
    "or": "CEL writes `||` for or.",
    "not": "CEL writes `!a`, or `!(a == b)`, for not.",
    "not in": "CEL writes `!(a in b)`.",
    "is": "CEL compares with `==`.",
    "like": "CEL matches with `.matches(…)` or `.contains(…)`.",
    "between": "CEL writes `a <= x && x <= b`.",
    "if": "CEL writes `condition ? a : b`.",
    "=": "CEL compares with `==`.",
    "===": "CEL compares with `==`.",
    "!==": "CEL compares with `!=`.",
    "<>": "CEL writes `!=` for not equal.",
    "=~": "CEL matches with `.matches(…)`.",
    "&": "CEL writes `&&` for and.",
    "|": "CEL writes `||` for or.",
    "**": "CEL has no powers; multiply.",
    "??": "CEL writes `a.?b.orValue(c)`.",
    "#": "A comment of CEL begins with `//`.",
    ";": "An expression is one value; CEL has no statements.",
    ")": "It closes no parenthesis.",
    "]": "It closes no bracket.",
    "}": "It closes no brace.",
}
"""What people write from habit in place of CEL's operators."""
_LONGEST = 3
"""Of these signs; words may be longer."""
_AROUND = 40
"""Characters before and after a place in which what was meant is looked for."""
_UNITS = {"d": "h", "h": "h", "m": "m", "s": "s"}
"""The unit of `duration(…)` for each letter that a unit of time begins with; days are hours."""


def _share(found: re.Match[str]) -> str:
    return f"A share is a number from 0 to 1: write `{Decimal(found[1]) / 100:f}`."


def _whole(found: re.Match[str]) -> str:
    return f"Write the number without separators: `{re.sub('[,_]', '', found[0])}`."


def _point(found: re.Match[str]) -> str:
    return f"The decimals of a number follow a point: `{found[0].replace(',', '.')}`."


def _duration(found: re.Match[str]) -> str:
    number, unit = found[1], found[2].lower()
    text = f"{number}ms" if unit.startswith(("ms", "milli")) else f"{number}{_UNITS[unit[0]]}"
    if unit[0] == "d":
        text = f"{Decimal(number) * 24:f}h"
    return f'A length of time is `duration("{text}")`; a number is compared with a number, in its unit.'


def _multiple(found: re.Match[str]) -> str:
    power = {"k": 3, "m": 6, "b": 9}[found[2].lower()]
    return f"Write the number in full: `{Decimal(found[1]) * 10**power:f}`."


_AS_IT_IS = "An expression stands alone and reads names as they are: `answer.confidence < 0.7`."
_HABITS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"(\d+(?:\.\d+)?)\s*%\s*(?:$|&&|\|\||[)\],}?:]|and\b|or\b)", _share),
    (r"(?<![\d.])[1-9]\d{0,2}(?:[,_]\d{3})+(?!\d)", _whole),
    (r"\d+(?:_\d+)+", _whole),
    (r"\d+,\d+", _point),
    (
        r"(?i)(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)\b",
        _duration,
    ),
    (r"(\d+(?:\.\d+)?)([kKMbB])\b", _multiple),
    (r"(\d+)\.(?!\d)", lambda found: f"Write `{found[1]}.0`."),
    (
        r"(?i)\bis\s+(?:not\s+)?(?:none|null|nil)\b",
        "`has(…)` asks whether a signal or field is there.",
    ),
    (r"(?i)\bis\s+not\b", "CEL compares with `!=`."),
    (r"(?i)\bin\s*\([^()]*,", "CEL writes a list in brackets: `a in [1, 2]`."),
    (r"\bf[\"']", "CEL joins texts with `+`, or writes `'…%s'.format([a])`."),
    (
        r"\bfor\s+\w+\s+in\b",
        "CEL writes `xs.all(x, …)`, `xs.exists(x, …)`, `xs.filter(x, …)` or `xs.map(x, …)`.",
    ),
    (
        r"[=-]>",
        "CEL compares with `>=`, and names the variable of a macro before a comma: "
        "`xs.exists(x, x > 0)`.",
    ),
    (r"\[[^\[\]]*:", "CEL writes `xs.slice(0, 2)` for a list, and `s.substring(0, 2)` for a text."),
    (r"\$\{\{?|\{\{|\$\w|@\w", _AS_IT_IS),
    ("[“”„‘’«»]", "Write straight quotes: `'` or `\"`."),
    ("≤|=<", "CEL writes `<=`."),
    ("≥", "CEL writes `>=`."),
    ("≠", "CEL writes `!=`."),
    ("×", "CEL writes `*`."),
    ("÷", "CEL writes `/`."),
    (r"\w''\w", "A quote within a text is written `\\'`."),
    (r"\(\s*/", "A pattern is a text: `.matches('abc')`."),
    (
        r"\b(contains|startsWith|endsWith|matches)\s+[\w\"']",
        lambda found: f"It is a method: `.{found[1]}(…)`.",
    ),
    (r"\bxor\b", "CEL writes `a != b` for two bools of which one holds."),
    (r"\bimplies\b", "CEL writes `!a || b`."),
    (r"~=", "CEL matches with `.matches(…)`."),
    (r"\+\+|--|[-+*/]=", "An expression is a value; CEL changes none."),
    (r"\?\.", "CEL writes `a.?b.orValue(c)`."),
    (r"\?:", "CEL writes `a.?b.orValue(c)`."),
)
"""How other languages, and people, write what CEL writes otherwise; and the advice."""
_OPERATORS = frozenset(("&&", "||", "=="))
"""CEL's own, which begin as other languages' do."""


def syntax_problem(text: str, unexpected: UnexpectedInput) -> Problem:
    """The problem where the parser could not go on."""
    if isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END":
        end = len(text.rstrip())
        message = "The expression ends too early."
        advice = _habit(text, max(0, end - 1)) or _unclosed(text)
        return Problem("DM301", message, max(0, end - 1), end, advice)
    if isinstance(unexpected, UnexpectedToken):
        token = unexpected.token
        start, end = token.start_pos or 0, token.end_pos or 0
        return Problem("DM301", f"`{token}` cannot stand here.", start, end, _advice(text, start))
    start = unexpected.pos_in_stream or 0
    character = text[start]
    if isinstance(unexpected, UnexpectedCharacters) and character in "\"'":
        quotes = character * 3 if text[max(0, start - 2) : start] == character * 2 else character
        start -= len(quotes) - 1
        advice = f"Close it with `{quotes}`."
        return Problem("DM301", "The string is not closed.", start, len(text), advice)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    message = f"`{shown}` cannot stand here."
    return Problem("DM301", message, start, start + 1, _advice(text, start))


def _habit(text: str, start: int) -> str | None:
    """The advice of the first habit that is written at, around or right before a place."""
    beginning = max(0, start - _AROUND)
    around, place = text[beginning : start + _AROUND], start - beginning
    for pattern, advice in _HABITS:
        for found in re.finditer(pattern, around):
            if found.start() <= place <= found.end():
                return advice if isinstance(advice, str) else advice(found)
    return None


def _advice(text: str, start: int) -> str | None:
    """The advice for the words or signs of another language at, around or right before a place."""
    habit = _habit(text, start)
    if text.lstrip().startswith("{{"):
        return _AS_IT_IS
    if habit is not None:
        return habit
    before = text[max(0, start - 20) : start].lower().split()
    here = text[start : start + 20].lower().split()
    word = here[0] if here else ""
    if word == "not" and here[1:2] == ["in"]:
        return _OTHER_LANGUAGES["not in"]
    if text[start : start + 2] in _OPERATORS:
        return None
    for length in range(_LONGEST, 0, -1):
        for beginning in range(max(0, start - length + 1), start + 1):
            sign = text[beginning : beginning + length]
            if sign in _OTHER_LANGUAGES and not sign.isalpha():
                return _OTHER_LANGUAGES[sign]
    return _OTHER_LANGUAGES.get(word) or _OTHER_LANGUAGES.get(before[-1] if before else "")


def _unclosed(text: str) -> str | None:
    for opening, closing in ("()", "[]", "{}"):
        missing = text.count(opening) - text.count(closing)
        if missing > 0:
            return f"Close it with `{closing * min(missing, 10)}`."
    return None
