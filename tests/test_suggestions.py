"""The name that was probably meant."""

from __future__ import annotations

import pytest

from demur.suggestions import closest, listed, meant_or_listed

SIGNALS = [
    "request.age",
    "request.language",
    "request.agent_id",
    "retrieval.documents",
    "answer.confidence",
    "answer.text",
    "answer.latency_ms",
    "params.min_confidence",
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("request.lang", "request.language"),
        ("answer.conf", "answer.confidence"),
        ("answer.latency", "answer.latency_ms"),
        ("answer.txt", "answer.text"),
        ("answer.confidnce", "answer.confidence"),
        ("anwser.confidence", "answer.confidence"),
        ("request.confidence", "answer.confidence"),
        ("params.confidence", "params.min_confidence"),
        ("confidence", "answer.confidence"),
        ("request.Language", "request.language"),
        ("answer.latencyMs", "answer.latency_ms"),
        ("answer.score", None),
        ("outcome.label", None),
    ],
)
def test_a_signal_is_meant_by_its_beginning_its_words_or_its_letters(
    name: str, meant: str | None
) -> None:
    assert closest(name, SIGNALS) == meant


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("lang", ["age", "language"], "language"),
        ("msg", ["metrics", "message"], "message"),
        ("score", ["core", "scores"], "scores"),
        ("score", ["scope", "best_score"], "best_score"),
        ("rule", ["rules", "role"], "rules"),
        ("suite", ["suites", "site"], "suites"),
        ("minScore", ["min_scope", "min_score"], "min_score"),
        ("retreival-miss", ["retrieval-miss", "answer-miss"], "retrieval-miss"),
        ("abs", ["has", "math.abs"], "math.abs"),
        ("isnan", ["math.isInf", "math.isNaN"], "math.isNaN"),
        ("x", ["xylophone"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_of_several_is_meant(
    name: str, candidates: list[str], meant: str | None
) -> None:
    assert closest(name, candidates) == meant
    assert closest(name, candidates[::-1]) == meant


def test_a_name_that_is_there_is_meant_itself() -> None:
    assert all(closest(one, SIGNALS) == one for one in SIGNALS)


def test_what_there_is_is_listed_where_nothing_is_like_it_and_the_list_is_short() -> None:
    assert meant_or_listed("shp", ["ship", "nightly"], "gates") == "Did you mean `ship`?"
    assert meant_or_listed("release", ["ship", "nightly"], "gates") == "The gates: ship, nightly."
    assert listed([], "gates") == "The gates: none."
    assert listed([f"g{at}" for at in range(20)], "gates").endswith("g11 and 8 more.")
