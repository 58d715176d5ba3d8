"""The functions over texts: what they find, and that no text makes them fail otherwise than known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions import families
from demur.functions.grounding import citations, supported_sentences, unfound_quotations
from demur.functions.personal_data import personal_data
from demur.functions.texts import longest_repeat
from demur.functions.values import EvaluationError
from demur.functions.words import MAXIMUM_TEXT, content, normalised, numbers, sentences
from tests.functions.calling import assert_fails, call

FAMILIES = ("grounding", "personal_data", "texts")
OVERLOADS = {
    overload.identifier: overload.signature
    for family in FAMILIES
    for function in families()[family]
    for overload in function.overloads
}
_TEXTS = st.one_of(
    st.text(max_size=200),
    st.text("ab 12,.[]()\"“”'-\n!?%", max_size=200),
    st.lists(
        st.sampled_from(
            "no not the twenty-one million and 1,000 2021-03-14 [1] [a](b) “it is so” +49 30 901820 "
            "a@b.co 4111111111111111 Dr. e.g. \ud800 \0 ﷺ 中文。".split(" ")
        ),
        max_size=40,
    ).map(" ".join),
)
_ARGUMENTS = {
    "string": _TEXTS,
    "list(string)": st.lists(_TEXTS, max_size=4),
    "int": st.integers(-2, 120),
    "double": st.floats(-1, 2),
}


@pytest.mark.parametrize("identifier", OVERLOADS)
@given(data=st.data())
def test_any_text_gives_a_value_of_its_type_or_an_error_of_the_language(
    identifier: str, data: st.DataObject
) -> None:
    parameters, result = OVERLOADS[identifier].partition("(")[2].split(") -> ")
    arguments = [data.draw(_ARGUMENTS[one.strip()]) for one in parameters.split(", ")]
    found = _outcome(identifier, arguments)
    assert found == _outcome(identifier, json.loads(json.dumps(arguments)))
    if isinstance(found, EvaluationError | str) and result != "string":
        return
    classes = {"int": int, "double": float, "string": str, "list(string)": list}
    assert found.__class__ is classes[result]
    if result == "double":
        assert 0.0 <= found <= 1.0
    if result == "int":
        assert found >= 0


def _outcome(identifier: str, arguments: list[Any]) -> Any:
    try:
        return call(identifier, *arguments)
    except EvaluationError as failure:
        return str(failure)


@pytest.mark.parametrize("identifier", OVERLOADS)
def test_a_text_beyond_the_limit_has_no_value(identifier: str) -> None:
    examples: dict[str, Any] = {"string": "x " * MAXIMUM_TEXT, "list(string)": [], "int": 4}
    parameters = OVERLOADS[identifier].partition("(")[2].split(") -> ")[0].split(", ")
    arguments = [examples.get(one, 0.5) for one in parameters]
    if identifier.endswith("_by"):
        arguments[-1] = "x"
    if identifier.endswith("_in"):
        arguments[-1] = "DE"
    assert_fails(identifier, *arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 and 1000.0 and 1 thousand and 1k", ["1000"] * 4),
        ("1.5 million, $2bn, 50% and 3,5", ["1500000", "2000000000", "50", "3.5"]),
        ("on 2021-03-14, the 21st of May", ["14", "2021", "21"]),
        ("twenty-one, three hundred and five, two million", ["21", "305", "2000000"]),
        ("one of them, but two hundred, five and six", ["200", "5", "6"]),
        ("minus -5, from 1844–1846, b12 and 12ab", ["-5", "1844", "1846"]),
        ("hundred hundred million", []),
    ],
)
def test_numbers_have_one_form_however_they_are_written(text: str, expected: list[str]) -> None:
    assert numbers(normalised(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith left the U.S. in 1999. Why?", ["Dr. Smith left the U.S. in 1999.", "Why?"]),
        ("Of the century.First for Women", ["Of the century.", "First for Women"]),
        ("Take:\n- a tent\n- a map", ["Take:", "- a tent", "- a map"]),
        ('He said "Stop it." Then he left', ['He said "Stop it."', "Then he left"]),
        ("... !!", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_content_is_what_says_something_in_its_stem() -> None:
    text = normalised("The hotels of the family’s companies don't open on the 3rd, two of them")
    assert content(text) == ["hotel", "family", "company", "open"]


PASSAGE = "The Alta tent weighs 1,200 grams. It is not waterproof. It costs 300 euros."


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("The Alta tent weighs 1200 grams.", 1.0),
        ("The Alta tent weighs 1300 grams.", 0.0),
        ("The Alta tent is not waterproof.", 1.0),
        ("The Alta tent is waterproof.", 0.0),
        ("The tent weighs 1200 grams and is not waterproof.", 1.0),
        ("Yes. It costs three hundred euros.", 1.0),
        ("Penguins live in Antarctica. It costs 300 euros.", 0.5),
    ],
)
def test_a_sentence_is_supported_by_its_words_numbers_and_denial(answer: str, share: float) -> None:
    assert supported_sentences(answer, [PASSAGE]) == share


def test_what_stands_in_two_passages_supports_no_sentence_together() -> None:
    answer = "Alta tents and Bora stoves weigh nothing."
    assert supported_sentences(answer, ["Alta tents.", "Bora stoves weigh nothing."], 0.9) == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1][2, 3] [4-6]", ["1", "2", "3", "4", "5", "6"]),
        ("[^7] 【8†source】 [a.md#b] [see below] [sic] []", ["7", "8", "a.md#b"]),
        ("[the FAQ](faq.md) ![a](b.png 'title')", ["faq.md", "b.png"]),
    ],
)
def test_citations_are_found_in_the_forms_that_models_write(text: str, expected: list[str]) -> None:
    assert citations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“IT IS not, waterproof!”", 0),
        ("“It is quite waterproof”", 1),
        ("“The Alta tent … costs 300 euros”", 0),
        ("“costs 300 euros … the Alta tent”", 1),
        ('It said "weighs  1,200\tgrams".', 0),
        ("It said “eighs 1,200 grams”.", 1),
        ("The “Alta tent”", 0),
    ],
)
def test_quotations_are_found_word_for_word(text: str, expected: int) -> None:
    assert unfound_quotations(text, [PASSAGE]) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a@b.example, 10.0.0.1, fe80::1ff:fe23:4567:890a", ["email", "ip"]),
        ("300.1.1.1, 12:30:45, version 1.2.3", []),
        ("GB33BUKB20201555555555", ["iban"]),
        ("GB33BUKB20201555555556", []),
        ("5500-0000-0000-0004", ["card"]),
        ("0000 0000 0000 0000", []),
        ("+1 650-253-0000", ["phone"]),
        ("+1 650-253", []),
    ],
)
def test_personal_data_is_found_by_its_form_and_check_digits(text: str, kinds: list[str]) -> None:
    assert personal_data(text) == kinds


@given(st.lists(st.sampled_from("abc"), max_size=24))
def test_the_longest_repeat_is_what_comparing_all_runs_finds(text: list[str]) -> None:
    runs = [
        length
        for length in range(1, len(text) // 2 + 1)
        for first in range(len(text) - length + 1)
        for second in range(first + length, len(text) - length + 1)
        if text[first : first + length] == text[second : second + length]
    ]
    assert longest_repeat(" ".join(text)) == max(runs, default=0)
