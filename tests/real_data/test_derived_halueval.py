"""How well the functions over texts tell HaluEval's hallucinated answers, as the documentation says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from demur.functions.texts import language
from demur.functions.values import EvaluationError
from tests.conftest import ROOT, skip_unless_ci
from tests.real_data import halueval
from tests.real_data.halueval import Answer, Quality

PAGE = ROOT / "docs" / "derived-signals.md"
WORDS = "supported_words(answer, knowledge)"


@pytest.fixture(scope="module")
def scores(shared_data: Path) -> Mapping[str, list[Answer]]:
    try:
        import phonenumbers  # noqa: F401
        import py3langid  # noqa: F401
        import stdnum  # noqa: F401
    except ImportError:
        skip_unless_ci("the extra demur[texts] is not installed")
    rows = halueval.rows(shared_data)
    return {check: list(halueval.answers(check, rows)) for check in halueval.CHECKS}


@pytest.fixture(scope="module")
def measured(scores: Mapping[str, list[Answer]]) -> Mapping[str, Quality]:
    return {check: halueval.quality(found) for check, found in scores.items()}


def test_the_documentation_has_the_numbers_that_come_out(measured: Mapping[str, Quality]) -> None:
    assert halueval.table(measured) in PAGE.read_text("utf-8")


def test_the_documentation_counts_where_the_best_check_fails(
    scores: Mapping[str, list[Answer]], measured: Mapping[str, Quality]
) -> None:
    judged = [one for at, one in enumerate(scores[WORDS]) if at // 2 % 2 == 1]
    missed = [one for one in judged if one.hallucinated and one.score == -1.0]
    silent = [one for one in judged if one.score is None]
    together = measured["supported_words(question + ' ' + answer, knowledge)"]
    page = " ".join(PAGE.read_text("utf-8").split())
    assert len(missed) == measured[WORDS].hallucinated - measured[WORDS].hallucinated_flagged
    assert (
        f"**{len(missed)} of {measured[WORDS].hallucinated} hallucinated answers are missed" in page
    )
    short = [one for one in silent if one.text.casefold().strip(" .") in ("yes", "no")]
    assert not any(one.hallucinated for one in silent)
    assert f"**{len(silent)} right answers are unknown**: {len(short)} say `yes` or `no`" in page
    assert f"**{together.right_flagged} of {together.right} right answers are flagged" in page


def test_the_language_of_a_question_is_english_wherever_it_is_known(
    scores: Mapping[str, list[Answer]], shared_data: Path
) -> None:
    del scores
    found = Counter(_language(row["question"]) for row in halueval.rows(shared_data))
    assert found.keys() == {"en", None}
    assert f"the {found['en']} questions" in " ".join(PAGE.read_text("utf-8").split())


def _language(text: str) -> str | None:
    try:
        return language(text)
    except EvaluationError:
        return None


def test_the_check_of_words_stays_as_good_as_it_is(measured: Mapping[str, Quality]) -> None:
    found = measured[WORDS]
    assert found.precision is not None
    assert found.precision >= 0.99
    assert found.recall >= 0.89
    assert found.auc is not None
    assert found.auc >= 0.94
