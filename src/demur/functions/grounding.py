"""Answers held against the retrieved text: citations, quotations, sentences and numbers.

They compare words, and understand none: what is said in other words counts as unsupported, and what
is put together wrongly from the right words as supported. `docs/derived-signals.md` says how often.
"""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.regular_expressions import compile_pattern
from demur.functions.values import error
from demur.functions.words import (
    bounded,
    compiled,
    content,
    negates,
    normalised,
    numbers,
    sentences,
    with_dates_in_words,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

MAXIMUM_PASSAGES = 1_000_000
"""Characters of all passages together beyond which there is no result."""
MAXIMUM_QUOTATIONS = 200
"""Quotations beyond which there is no result: each is looked for in every passage."""
COVERAGE = 0.6
"""The share of a sentence's content that a place must have to support it, where none is given."""
SHORTEST_QUOTATION = 3
"""Words from which on what stands in quotation marks is taken for quoted, and not for a name."""
_CANDIDATES = 64
"""Places that a sentence is compared with, those of its rarest words first."""

_PATTERNS = {
    "citation": r"\[([^\[\]\n]{1,200})\](?:\(([^()\s]{1,2000})[^()\n]{0,200}\))?|【([^【】\n]{1,200})】",
    "identifier": r"\^?[^\W_][\w.:/#@+-]*",
    "range": r"(\d{1,6})[-–](\d{1,6})",
    "quotation": r"“([^“”]{1,5000})”|\"([^\"\n]{1,5000})\"|«([^«»]{1,5000})»|„([^„“”]{1,5000})[“”]",
    "omission": r"\[?(?:\.\.\.|…)\]?",
}


def _pattern(name: str) -> Pattern[str]:
    return compiled(_PATTERNS[name])


def citations(text: str) -> list[str]:
    """What the text cites, each once: `1` of `[1]`, `[1, 2]` and `[1-3]`, `a` of `[a]`, links' targets."""
    found: dict[str, None] = {}
    for one in _pattern("citation").finditer(bounded(text)):
        if one[2] is not None:
            found[one[2]] = None
            continue
        found.update(dict.fromkeys(_identifiers(one[1] or one[3])))
    return list(found)


def _identifiers(text: str) -> Iterator[str]:
    """The identifiers in brackets; nothing where what stands there is none, as in `[see below]`."""
    parts = [part.partition("†")[0].strip() for part in text.replace(";", ",").split(",")]
    if text.casefold() == "sic" or not all(map(_pattern("identifier").fullmatch, parts)):
        return
    for part in parts:
        ends = _pattern("range").fullmatch(part)
        if ends and 0 <= int(ends[2]) - int(ends[1]) < 100:
            yield from map(str, range(int(ends[1]), int(ends[2]) + 1))
        else:
            yield part.removeprefix("^")


def citations_by(text: str, pattern: str) -> list[str]:
    """What the RE2 pattern's first group finds, or all of it where it has none, each once."""
    expression = compile_pattern(pattern)
    group = 1 if expression.groups else 0
    try:
        found = [one[group] for one in expression.finditer(bounded(text))]
    except UnicodeEncodeError:
        raise error("the text is no valid Unicode") from None
    return list(dict.fromkeys(one for one in found if one))


def unresolved_citations(text: str, documents: list[str]) -> int:
    """How many citations are neither one of the documents' names nor the number of one, from 1."""
    return _unresolved(citations(text), documents)


def unresolved_citations_by(text: str, documents: list[str], pattern: str) -> int:
    """The same of the citations that the pattern finds."""
    return _unresolved(citations_by(text, pattern), documents)


def _unresolved(cited: list[str], documents: list[str]) -> int:
    known = {*documents, *map(str, range(1, len(documents) + 1))}
    return sum(one not in known for one in cited)


def _bounded_passages(passages: list[str]) -> list[str]:
    if sum(map(len, passages)) > MAXIMUM_PASSAGES:
        raise error(f"the passages have more than {MAXIMUM_PASSAGES:,} characters")
    return passages


def unfound_quotations(text: str, passages: list[str]) -> int:
    """How many quotations of three words or more stand in no passage word for word."""
    quoted: dict[tuple[str, ...], None] = {}
    for one in _pattern("quotation").finditer(bounded(text)):
        parts = _pattern("omission").split(next(part for part in one.groups() if part))
        runs = tuple(filter(str.strip, map(_as_words, parts)))
        if sum(len(run.split()) for run in runs) >= SHORTEST_QUOTATION:
            quoted[runs] = None
    if len(quoted) > MAXIMUM_QUOTATIONS:
        raise error(f"the text has more than {MAXIMUM_QUOTATIONS} quotations")
    if not quoted:
        return 0
    places = [_as_words(passage) for passage in _bounded_passages(passages)]
    return sum(not any(_has_in_order(place, runs) for place in places) for runs in quoted)


def _as_words(text: str) -> str:
    """The words with a space on either side of each, so that a part of a word is not found."""
    return f" {' '.join(words(normalised(text)))} "


def _has_in_order(place: str, runs: tuple[str, ...]) -> bool:
    at = 0
    for run in runs:
        found = place.find(run, at)
        if found < 0:
            return False
        # The space after a run is also the one before the next.
        at = found + len(run) - 1
    return True


def supported_numbers(text: str, passages: list[str]) -> float:
    """The share of the text's numbers that stand in a passage. Raises `EvaluationError` for none."""
    claimed, unsupported = _numbers(text, passages)
    if not claimed:
        raise error("the text has no number")
    return (claimed - unsupported) / claimed


def unsupported_numbers(text: str, passages: list[str]) -> int:
    """How many numbers of the text stand in no passage."""
    return _numbers(text, passages)[1]


def _numbers(text: str, passages: list[str]) -> tuple[int, int]:
    claimed = set(numbers(normalised(text)))
    if not claimed:
        return 0, 0
    known = {one for passage in _bounded_passages(passages) for one in numbers(_prepared(passage))}
    return len(claimed), len(claimed - known)


def _prepared(text: str) -> str:
    return with_dates_in_words(normalised(text))


def supported_words(text: str, passages: list[str]) -> float:
    """The share of the text's content words and numbers that stand in a passage."""
    claimed = _content(_prepared(text))
    if not claimed:
        raise error("the text has no word that says something")
    known: set[str] = set()
    for passage in _bounded_passages(passages):
        known |= _content(_prepared(passage))
    return len(claimed & known) / len(claimed)


def _content(text: str) -> set[str]:
    return {*content(text), *numbers(text)}


class _Places:
    """The passages sentence by sentence: what each says, and where a word stands."""

    def __init__(self, passages: list[str]) -> None:
        self.content: list[set[str]] = []
        self.negates: list[bool] = []
        self.follows: list[bool] = []
        self.of_word: dict[str, list[int]] = {}
        for passage in _bounded_passages(passages):
            for at, sentence in enumerate(sentences(passage)):
                text = _prepared(sentence)
                found = _content(text)
                for word in found:
                    self.of_word.setdefault(word, []).append(len(self.content))
                self.content.append(found)
                self.negates.append(negates(text))
                self.follows.append(at > 0)

    def support(self, sentence: str, coverage: float) -> bool | None:
        """Whether a place of one or two sentences supports this one; None where it says nothing.

        Of the places that have all of its numbers, the one with the most of its content must have the
        share `coverage` of it, and deny if the sentence denies.
        """
        text = _prepared(sentence)
        counted = set(numbers(text))
        claimed = {*content(text), *counted}
        if not claimed:
            return None
        denies, most, supports = negates(text), coverage * len(claimed), False
        for at in self._candidates(claimed):
            for found, place_denies in self._around(at, claimed):
                if len(found) < most or not counted <= found:
                    continue
                agrees = place_denies == denies
                supports = agrees or (supports and len(found) == most)
                most = len(found)
                if agrees and most == len(claimed):
                    return True
        return supports

    def _around(self, at: int, claimed: set[str]) -> Iterator[tuple[set[str], bool]]:
        """What of the claim stands at a sentence, and there with one beside it; and whether it is denied."""
        own = claimed & self.content[at]
        yield own, self.negates[at]
        before = at - 1 if self.follows[at] else None
        after = at + 1 if at + 1 < len(self.content) and self.follows[at + 1] else None
        for beside in (before, after):
            if beside is None:
                continue
            other = claimed & self.content[beside]
            if not other <= own and not own <= other:
                yield own | other, self.negates[at] or self.negates[beside]

    def _candidates(self, claimed: set[str]) -> Iterator[int]:
        """The places that have any of the words, those of rare words first."""
        found: set[int] = set()
        for word in sorted(claimed, key=lambda word: (len(self.of_word.get(word, ())), word)):
            for at in self.of_word.get(word, ()):
                if at not in found:
                    if len(found) == _CANDIDATES:
                        return
                    found.add(at)
                    yield at


def supported_sentences(text: str, passages: list[str], coverage: float = COVERAGE) -> float:
    """The share of the text's sentences that a place in the passages supports.

    Raises `EvaluationError` for a text that says nothing, and a coverage that is none.
    """
    if not 0 < coverage <= 1:
        raise error("the coverage is above 0 and at most 1")
    places = _Places(passages)
    judged = [places.support(sentence, coverage) for sentence in sentences(bounded(text))]
    known = [one for one in judged if one is not None]
    if not known:
        raise error("the text has no sentence that says something")
    return sum(known) / len(known)


_NO_MODEL = "The comparison is of words, without a model."
_PASSAGE = "'The tent weighs 1,200 grams. It is not waterproof.'"

FUNCTIONS = (
    Function(
        "citations",
        "What the text cites, each once, in order: `1` and `2` of `[1, 2]`, `1` to `3` of `[1-3]`, "
        "`faq-7` of `[faq-7]`, `【faq-7】` or `[^faq-7]`, and the target of `[a link](target)`. Words "
        "with a space in brackets cite nothing. With an RE2 pattern it is what its first group finds.",
        Overload("grounding.citations", "citations(string) -> list(string)", citations),
        Overload(
            "grounding.citations_by", "citations(string, string) -> list(string)", citations_by
        ),
        examples=(
            ("citations('So it is [1, 3], says [the FAQ](faq.md).')", "['1', '3', 'faq.md']"),
            ("citations('So it is (doc 7).', '[(]doc ([0-9]+)[)]')", "['7']"),
            ("citations('No source [see below].')", "citations('')"),
        ),
        cost="O(n)",
    ),
    Function(
        "unresolved_citations",
        "How many of the text's `citations` are neither in the list of documents' names nor the "
        "number of one of them, counted from 1.",
        Overload(
            "grounding.unresolved_citations",
            "unresolved_citations(string, list(string)) -> int",
            unresolved_citations,
        ),
        Overload(
            "grounding.unresolved_citations_by",
            "unresolved_citations(string, list(string), string) -> int",
            unresolved_citations_by,
        ),
        examples=(
            ("unresolved_citations('Yes [1] [faq-7] [4].', ['faq-7', 'faq-9'])", "1"),
            ("unresolved_citations('Yes.', ['faq-7'])", "0"),
            ("unresolved_citations('Yes {b}.', ['a'], '[{]([a-z]+)[}]')", "1"),
        ),
        cost="O(n + documents)",
    ),
    Function(
        "unfound_quotations",
        "How many quotations of three words or more stand in no passage word for word. Case, "
        "punctuation, white space and the kind of quotation marks do not matter; what stands on "
        "either side of `…` must be found in this order in one passage.",
        Overload(
            "grounding.unfound_quotations",
            "unfound_quotations(string, list(string)) -> int",
            unfound_quotations,
        ),
        examples=(
            (f"unfound_quotations('It “is not waterproof”.', [{_PASSAGE}])", "0"),
            (f"unfound_quotations('It “is quite waterproof”.', [{_PASSAGE}])", "1"),
        ),
        cost="O(quotations · passages), with at most 200 quotations",
    ),
    Function(
        "supported_sentences",
        "The share of the text's sentences, from 0 to 1, that a passage supports: one or two sentences "
        "of it that follow each other have all its numbers and 0.6 of its content (or the share that is "
        f"given), and those with the most of it deny if the sentence does. {_NO_MODEL} A text "
        "without any content is an error.",
        Overload(
            "grounding.supported_sentences",
            "supported_sentences(string, list(string)) -> double",
            supported_sentences,
        ),
        Overload(
            "grounding.supported_sentences_at",
            "supported_sentences(string, list(string), double) -> double",
            supported_sentences,
        ),
        examples=(
            (f"supported_sentences('The tent weighs 1200 grams.', [{_PASSAGE}])", "1.0"),
            (
                f"supported_sentences('It is waterproof. It weighs 1200 grams.', [{_PASSAGE}])",
                "0.5",
            ),
            ("supported_sentences('The tent is red.', ['a'].filter(x, x == 'b'))", "0.0"),
            ("supported_sentences('So it is.', ['a'])", ERROR),
        ),
        source="recall of content words as in ROUGE-1 (Lin 2004), against the best place; stems by the "
        "S-stemmer (Harman 1991)",
        cost="O(n + passages), with at most 64 places compared for each sentence",
    ),
    Function(
        "supported_words",
        "The share of the text's content words and numbers, from 0 to 1, that stand anywhere in the "
        f"passages. {_NO_MODEL} A text without any is an error.",
        Overload(
            "grounding.supported_words",
            "supported_words(string, list(string)) -> double",
            supported_words,
        ),
        examples=(
            (f"supported_words('A red tent of 1200 grams', [{_PASSAGE}])", "0.75"),
            ("supported_words('So it is.', ['a'])", ERROR),
        ),
        source="ROUGE-1 precision over content words (Lin 2004)",
        cost="O(n + passages)",
    ),
    Function(
        "unsupported_numbers",
        "How many different numbers of the text stand in no passage. `1,000`, `1000.0`, `1 thousand` "
        "and `a date's` parts are found in each other's form; a percent sign or currency is no part.",
        Overload(
            "grounding.unsupported_numbers",
            "unsupported_numbers(string, list(string)) -> int",
            unsupported_numbers,
        ),
        examples=(
            (f"unsupported_numbers('It weighs 1.2 thousand grams.', [{_PASSAGE}])", "0"),
            (f"unsupported_numbers('It weighs 900 grams.', [{_PASSAGE}])", "1"),
            ("unsupported_numbers('It is light.', ['a'])", "0"),
        ),
        cost="O(n + passages)",
    ),
    Function(
        "supported_numbers",
        "The share of the text's different numbers, from 0 to 1, that stand in a passage. A text "
        "without numbers is an error: `unsupported_numbers` is 0 for it.",
        Overload(
            "grounding.supported_numbers",
            "supported_numbers(string, list(string)) -> double",
            supported_numbers,
        ),
        examples=(
            (f"supported_numbers('1200 grams, 2 poles', [{_PASSAGE}])", "0.5"),
            ("supported_numbers('It is light.', ['a'])", ERROR),
        ),
        cost="O(n + passages)",
    ),
)
