"""CLINC150: a scope policy over a real classifier, its coverage against its risk, and both by domain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import demur
from demur.measure.results import Judgement
from tests.real_data.classifier import DOMAIN_OF, DOMAINS
from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import read

CLASSIFIED = "clinc150/classified.jsonl"
# By the confidence that is asked for: queries in scope answered, of 3,000; wrong answers and answers;
# queries out of scope not answered, of 200; the gate's verdict.
CURVE = {
    0.0: (3000, 633, 3200, 0, "fail"),
    0.1: (2931, 545, 3087, 44, "fail"),
    0.2: (2776, 396, 2874, 102, "fail"),
    0.3: (2628, 279, 2685, 143, "inconclusive"),
    0.4: (2505, 224, 2543, 162, "pass"),
    0.5: (2325, 145, 2347, 178, "fail"),
    0.6: (2175, 103, 2191, 184, "fail"),
    0.8: (1778, 45, 1785, 193, "fail"),
}
Row = dict[str, Any]


@pytest.fixture
def assistant(gates_folder: Path) -> Gates:
    return Gates(gates_folder, "assistant.yaml")


@pytest.fixture
def rows(gates_folder: Path) -> list[Row]:
    return read(gates_folder / CLASSIFIED)


def is_answered(row: Row) -> bool:
    return row["classifier"]["confidence"] >= 0.4


def is_wrong(row: Row) -> bool:
    return row["classifier"]["intent"] != row["outcome"]["intent"]


def by_domain(
    rows: list[Row], holds: Callable[[Row], bool], among: Callable[[Row], bool]
) -> dict[str, tuple[int, int]]:
    """For each domain that the classifier found: of how many of the rows it holds, and how many."""
    found: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if among(row):
            found[row["classifier"]["domain"]].append(holds(row))
    return {name: (sum(every), len(every)) for name, every in found.items()}


def counts(slices: dict[str, Judgement]) -> dict[str, tuple[int, int]]:
    return {name: counted(one) for name, one in slices.items()}


def test_the_domains_hold_each_intent_once(shared_data: Path) -> None:
    intents = {row["intent"] for row in read(shared_data / "clinc150" / "train.jsonl")}
    assert set(DOMAIN_OF) == intents
    assert {len(names.split()) for names in DOMAINS.values()} == {15}
    assert (len(DOMAINS), len(DOMAIN_OF)) == (10, 150)


@pytest.mark.parametrize("confidence", CURVE)
def test_what_coverage_costs_in_risk(confidence: float, assistant: Gates, rows: list[Row]) -> None:
    result = assistant.judged("ship", CLASSIFIED, parameters={"min_confidence": confidence})
    covered, wrong, answered, recalled, verdict = CURVE[confidence]
    assert counted(required(result, "coverage").overall) == (covered, 3000)
    assert counted(required(result, "risk").overall) == (wrong, answered)
    assert counted(required(result, "out_of_scope_recall").overall) == (recalled, 200)
    assert result.verdict == verdict
    sure = [row for row in rows if row["classifier"]["confidence"] >= confidence]
    assert (len(sure), sum(map(is_wrong, sure))) == (answered, wrong)
    assert sum(row["outcome"]["in_scope"] for row in sure) == covered


def test_asking_for_more_confidence_lowers_coverage_and_risk() -> None:
    risks = [wrong / answered for _, wrong, answered, *_ in CURVE.values()]
    covered = [one[0] for one in CURVE.values()]
    recalled = [one[3] for one in CURVE.values()]
    assert risks == sorted(risks, reverse=True)
    assert covered == sorted(covered, reverse=True)
    assert recalled == sorted(recalled)


def test_abstention_and_risk_by_domain(assistant: Gates, rows: list[Row]) -> None:
    result = assistant.judged("domains", CLASSIFIED)
    abstained, risk = (sliced(required(result, metric)) for metric in ("abstained", "risk"))
    assert set(abstained) == set(risk) == set(DOMAINS)
    assert counts(abstained) == by_domain(rows, lambda row: not is_answered(row), lambda row: True)
    assert counts(risk) == by_domain(rows, is_wrong, is_answered)
    assert counted(abstained["kitchen_and_dining"]) == (96, 327)
    assert counted(risk["small_talk"]) == (36, 247)
    assert {one.verdict for one in abstained.values()} == {"pass"}
    doubtful = {name for name, one in risk.items() if one.verdict != "pass"}
    assert doubtful == {"home", "small_talk"}
    assert result.verdict == "inconclusive"


def test_out_of_scope_recall_by_domain_with_the_small_ones_together(
    assistant: Gates, rows: list[Row]
) -> None:
    result = assistant.judged("leaks", CLASSIFIED)
    requirement = required(result, "out_of_scope_recall")
    *plain, together = requirement.judgements[1:]
    raw = by_domain(
        rows, lambda row: not is_answered(row), lambda row: not row["outcome"]["in_scope"]
    )
    small = {name: one for name, one in raw.items() if one[1] < 10}
    assert result.records == 200
    assert small == {"home": (6, 9), "meta": (6, 6)}
    assert {one.slice.of[0][1]: counted(one) for one in plain} == {
        name: one for name, one in raw.items() if name not in small
    }
    assert together.slice.remainder == 2
    assert counted(together) == (12, 15)
    assert sum(one.measured.samples for one in requirement.judgements[1:]) == 200


def test_two_hundred_queries_are_too_few_to_say_it_of_each_domain(assistant: Gates) -> None:
    result = assistant.judged("leaks", CLASSIFIED)
    requirement = required(result, "out_of_scope_recall")
    assert counted(requirement.overall) == (162, 200)
    assert requirement.overall.verdict == "pass"
    doubtful = [one for one in requirement.judgements if one.verdict == "inconclusive"]
    assert [
        one for one in requirement.judgements if one.verdict not in ("pass", "inconclusive")
    ] == []
    assert {str(one.slice) for one in doubtful} == {
        "classifier.domain = auto_and_commute",
        "classifier.domain = credit_cards",
        "classifier.domain = small_talk",
        "classifier.domain = work",
        "classifier.domain: 2 small slices together",
    }
    assert all(one.needed for one in doubtful)
    assert result.verdict == "inconclusive"


def test_the_engine_decides_as_python_does(assistant: Gates, rows: list[Row]) -> None:
    policy = demur.load(assistant.folder / "assistant.yaml")
    actions = [policy.decide(row).action for row in rows]
    assert actions == ["answer" if is_answered(row) else "abstain" for row in rows]
    every, *_ = assistant.judged("ship", CLASSIFIED).failures
    assert Counter(every.actions) == Counter(actions)
