"""What is wrong with text that is not CEL, and what was probably meant."""

from __future__ import annotations

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from demur.cel.problems import Problem

_OTHER_LANGUAGES = {
    "and": "CEL writes `&&` for and.",
    "or": "CEL writes `||` for or.",
    "not": "CEL writes `!` for not.",
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
_OPERATORS = frozenset(("&&", "||", "=="))
"""CEL's own, which begin as other languages' do."""


def syntax_problem(text: str, unexpected: UnexpectedInput) -> Problem:
    """The problem where the parser could not go on."""
    if isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END":
        end = len(text.rstrip())
        message = "The expression ends too early."
        return Problem("DM301", message, max(0, end - 1), end, _unclosed(text))
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


def _advice(text: str, start: int) -> str | None:
    """The advice for the words or signs of another language at, around or right before a place."""
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
