"""Texts measured: length in words and sentences, repetition, language."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error
from demur.functions.words import bounded, normalised, sentences, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REPEATED_WORDS = 4
MOST_WORDS = 100
_SHORTEST = 12
"""Letters from which on a text is long enough to tell its language."""
_SURE = 0.5
"""The probability from which on the most likely language counts as known."""


def word_count(text: str) -> int:
    """How many words."""
    return len(words(bounded(text)))


def sentence_count(text: str) -> int:
    """How many sentences."""
    return len(sentences(bounded(text)))


def repeated_share(text: str, length: int = REPEATED_WORDS) -> float:
    """The share of runs of `length` words that stood in the text before. Raises `EvaluationError`."""
    if not 1 <= length <= MOST_WORDS:
        raise error(f"a run has from 1 to {MOST_WORDS} words")
    found = words(normalised(text))
    runs = len(found) - length + 1
    if runs < 1:
        return 0.0
    different = len({tuple(found[at : at + length]) for at in range(runs)})
    return (runs - different) / runs


def longest_repeat(text: str) -> int:
    """How many words the longest run has that stands twice without overlapping; 0 for none."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(word, len(numbers) + 1) for word in words(normalised(text))]
    shortest, longest = 0, len(found) // 2
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if _stands_twice(found, middle):
            shortest = middle
        else:
            longest = middle - 1
    return shortest


_MODULUS = (1 << 61) - 1
_BASE = 1_000_003


def _stands_twice(found: list[int], length: int) -> bool:
    """Whether a run of this length stands twice; runs of one rolling hash (Karp and Rabin) are compared."""
    outgoing = pow(_BASE, length - 1, _MODULUS)
    first: dict[int, int] = {}
    hashed = 0
    for at, number in enumerate(found):
        if at >= length:
            hashed = (hashed - found[at - length] * outgoing) % _MODULUS
        hashed = (hashed * _BASE + number) % _MODULUS
        start = at - length + 1
        if start < 0:
            continue
        before = first.setdefault(hashed, start)
        if start - before >= length and found[before : before + length] == found[start : at + 1]:
            return True
    return False


_identifier: list[Any] = []


def language(text: str) -> str:
    """The ISO 639-1 code of the text's language. Raises `EvaluationError` where it is not certain."""
    letters = sum(map(str.isalpha, bounded(text)))
    if letters < _SHORTEST:
        raise error(f"with fewer than {_SHORTEST} letters the language cannot be told")
    if not _identifier:
        try:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier
        except ImportError:
            raise error("telling languages needs `pip install 'demur[texts]'`") from None
        _identifier.append(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
    found, probability = _identifier[0].classify(text)
    if not probability >= _SURE:
        raise error("the language cannot be told with certainty")
    return str(found)


FUNCTIONS = (
    Function(
        "word_count",
        "How many words the text has. A character of Chinese or Japanese is one; punctuation is none.",
        Overload("texts.word_count", "word_count(string) -> int", word_count),
        examples=(('word_count("Don\'t panic, twice.")', "3"), ("word_count('')", "0")),
        cost="O(n)",
    ),
    Function(
        "sentence_count",
        "How many sentences the text has. An abbreviation ends none, an item of a list is one.",
        Overload("texts.sentence_count", "sentence_count(string) -> int", sentence_count),
        examples=(
            ("sentence_count('Dr. Smith left. Why?')", "2"),
            ("sentence_count('...')", "0"),
        ),
        cost="O(n)",
    ),
    Function(
        "repeated_share",
        "The share, from 0 to 1, of runs of four words (or as many as are given) that stood in the "
        "text before. Case and punctuation do not matter. A shorter text repeats nothing.",
        Overload("texts.repeated_share", "repeated_share(string) -> double", repeated_share),
        Overload(
            "texts.repeated_share_of", "repeated_share(string, int) -> double", repeated_share
        ),
        examples=(
            ("repeated_share('to be or not to be', 2)", "0.2"),
            ("repeated_share('to be or not')", "0.0"),
            ("repeated_share('a', 0)", ERROR),
        ),
        source="rep-n of Welleck et al. 2020, Neural Text Generation with Unlikelihood Training",
        cost="O(n)",
    ),
    Function(
        "longest_repeat",
        "How many words the longest run has that stands in the text twice without overlapping.",
        Overload("texts.longest_repeat", "longest_repeat(string) -> int", longest_repeat),
        examples=(
            ("longest_repeat('I am sorry. I am sorry.')", "3"),
            ("longest_repeat('all new')", "0"),
        ),
        source="rolling hashes of Karp and Rabin 1987, lengths by bisection",
        cost="O(n log n)",
    ),
    Function(
        "language",
        "The ISO 639-1 code of the text's language, such as `en`. An error where the text has fewer "
        f"than {_SHORTEST} letters or no language has a probability of {_SURE:g}, and without "
        "`demur[texts]`.",
        Overload("texts.language", "language(string) -> string", language),
        examples=(
            ("language('Where is my parcel, and when will it arrive?')", "'en'"),
            ("language('Wo ist mein Paket, und wann kommt es endlich an?')", "'de'"),
            ("language('OK')", ERROR),
        ),
        source="naive Bayes over byte n-grams, Lui and Baldwin 2012, langid.py; by py3langid",
        cost="O(n)",
    ),
)
