"""Text as words, sentences, numbers: what the functions over texts have in common.

Everything here takes time that grows with the text and no faster.
"""

from __future__ import annotations

from demur.functions.values import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

MAXIMUM_TEXT = 200_000
"""Characters of a text beyond which there is no result, so that no request holds up the others."""

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PATTERNS = {
    # A character of Chinese or Japanese is a word; elsewhere letters and digits, with apostrophes.
    "word": rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+(?:['’][^\W_{_IDEOGRAPHS}]+)*",
    "end": r"[.!?]+[)\]\"'”’»]*(?=\s|$)|[。！？]+[」』”]*|(?<=[a-z0-9)\"”])\.(?=[A-Z])"
    r"|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)",
    "number": r"(?<!\w)(?:(?<![^\s(\[])[-−])?"
    r"(\d{1,3}(?:[,'’\u00a0\u202f]\d{3})+(?!\d)(?:\.\d++)?|\d++(?:[.,]\d++)?)"
    r"(?:st|nd|rd|th)?(?![^\W\d_])(?:[ -]?(hundred|thousand|million|billion|trillion)\b)?"
    r"|(?<!\w)(\d++(?:\.\d++)?)(k|m|bn)\b",
    "date": r"(?<!\d)(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)",
    "spelled": r"[a-z]+",
}
_compiled: dict[str, Pattern[str]] = {}


def compiled(pattern: str) -> Pattern[str]:
    """A pattern of our own, compiled when it is first asked for."""
    if pattern not in _compiled:
        from re import compile

        _compiled[pattern] = compile(pattern)
    return _compiled[pattern]


def _pattern(name: str) -> Pattern[str]:
    return compiled(_PATTERNS[name])


def bounded(text: str) -> str:
    """The text. Raises `EvaluationError` where it is too long."""
    if len(text) > MAXIMUM_TEXT:
        raise error(f"a text has more than {MAXIMUM_TEXT:,} characters")
    return text


def normalised(text: str) -> str:
    """The text in one form of its characters (Unicode NFKC), without regard to case."""
    from unicodedata import normalize

    return normalize("NFKC", bounded(text)).casefold()


def words(text: str) -> list[str]:
    """The words, in order and as written."""
    return _pattern("word").findall(text)


_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr jr st vs e.g i.e etc inc ltd co corp no vol fig al approx dept est gen "
    "gov hon rep rev sen sgt capt col lt mt u.s u.k a.m p.m jan feb mar apr jun jul aug sep sept "
    "oct nov dec".split()
)
_LONGEST_ABBREVIATION = 8


def sentences(text: str) -> list[str]:
    """The sentences: up to a full stop, question or exclamation mark, a blank line or a list's item.

    An abbreviation or an initial ends none. Sentences that were run together (`century.First`) are
    told apart; those without a word are left out.
    """
    found: list[str] = []
    start = 0
    for end in _pattern("end").finditer(text):
        before = text[max(start, end.start() - _LONGEST_ABBREVIATION - 1) : end.start()]
        if end.group()[0] == "." and _abbreviates(before):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [one for one in found if _pattern("word").search(one)]


def _abbreviates(before: str) -> bool:
    """Whether a full stop after this text belongs to an abbreviation or an initial."""
    last = before.replace("(", " ").rsplit(None, 1)
    if not last or before[-1:].isspace():
        return False
    word = last[-1].casefold()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


_STOP_WORDS = frozenset(
    "a about after all also an and any are as at be been being but by can could did do does for from "
    "had has have he her hers him his how i if in into is it its just me more most my of on or other "
    "our ours out over own s she should so some such than that the their theirs them then there these "
    "they this those through to too under until up us very was we were what when where which while who "
    "whom whose why will with would you your yours yes no not".split()
)
"""English words that say nothing of their own (after van Rijsbergen 1979); others stand for content."""
_NEGATIONS = frozenset(
    "no not never none nobody nothing neither nor cannot without nowhere".split()
)


def content(text: str) -> list[str]:
    """The words of normalised text that say something, in their stems; numbers are not among them."""
    found: list[str] = []
    for word in words(text):
        plain = word.replace("’", "'").removesuffix("'s")
        if plain in _STOP_WORDS or plain.endswith("n't") or not any(map(str.isalpha, plain)):
            continue
        if plain in _VALUES or plain in _SCALES or _pattern("number").fullmatch(plain):
            continue
        found.append(_stem(plain))
    return found


def _stem(word: str) -> str:
    """The word without an English plural's ending, by the S-stemmer (Harman 1991)."""
    if len(word) > 3 and word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


def negates(text: str) -> bool:
    """Whether normalised text has a word of negation."""
    return any(word in _NEGATIONS or word[-3:] in ("n't", "n’t") for word in words(text))


_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_VALUES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_LETTERS = {"k": 3, "m": 6, "bn": 9}
_LONGEST_NUMBER = 18
"""Digits of a number that is still multiplied by a word after it; nobody writes longer ones so."""


def with_dates_in_words(text: str) -> str:
    """The text with dates such as 2021-03-14 as `14 march 2021`, whose parts are found by themselves."""
    return _pattern("date").sub(
        lambda date: f"{int(date[3])} {_MONTHS[int(date[2]) - 1]} {date[1]}", text
    )


def numbers(text: str) -> list[str]:
    """The numbers of normalised text, each in one form: `1,000`, `1000.0` and `1 thousand` are `1000`.

    A percent sign, a currency and an ordinal's ending are no part of a number. A number in words is
    found up to trillions, but for a lone `one`, which mostly counts nothing. A comma before other than
    three digits is a decimal point.
    """
    text = with_dates_in_words(text)
    found: list[str] = []
    for one in _pattern("number").finditer(text):
        grouped, word, plain, letter = one.groups()
        scale = _SCALES[word] if word else _LETTERS[letter] if letter else 0
        sign = "-" if one.group()[0] in "-−" else ""
        found.append(sign + _scaled(_digits(grouped or plain), scale))
    found.extend(_spelled(text))
    return found


def _digits(text: str) -> str:
    """The digits of a number as written, with a point before its fraction."""
    if text.isdigit():
        return text
    grouped = text.translate(_GROUPING)
    # A comma before other than three digits, and only one, is a decimal point.
    is_decimal = text.count(",") == 1 and len(text) - text.index(",") != 4 and "." not in text
    return text.replace(",", ".") if is_decimal else grouped


_GROUPING = dict.fromkeys(map(ord, ",'’\u00a0\u202f"))


def _scaled(digits: str, scale: int) -> str:
    """The number times a power of ten, without zeros that say nothing."""
    whole, _, fraction = digits.partition(".")
    if scale and len(digits) <= _LONGEST_NUMBER:
        fraction = fraction.ljust(scale, "0")
        whole, fraction = whole + fraction[:scale], fraction[scale:]
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _spelled(text: str) -> Iterator[str]:
    """The numbers that stand in words: `twenty-one`, `three hundred and five`, `two million`."""
    total = current = counted = 0
    end = -1

    def complete() -> Iterator[str]:
        if counted and not (counted == 1 and total + current == 1):
            yield str(total + current)

    for word in _pattern("spelled").finditer(text):
        name = word.group()
        joined = end >= 0 and text[end : word.start()] in (" ", "-", "‐", "–")
        value, scale = _VALUES.get(name), _SCALES.get(name)
        if counted and joined and name == "and" and text[word.end() : word.end() + 1] == " ":
            end = word.end()
            continue
        if not joined and counted:
            yield from complete()
            total = current = counted = 0
        if value is not None:
            fits = (value < 10 <= current % 100 and current % 10 == 0) or current % 100 == 0
            if counted and not fits:
                yield from complete()
                total = current = counted = 0
            current, counted, end = current + value, counted + 1, word.end()
        elif scale is not None and 0 < current < (100 if scale == 2 else 1000):
            current, counted, end = current * 10**scale, counted + 1, word.end()
            if scale > 2:
                total, current = total + current, 0
        elif counted:
            yield from complete()
            total = current = counted = 0
    yield from complete()
