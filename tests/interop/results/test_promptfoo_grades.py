"""promptfoo's grades against promptfoo's own arithmetic, written anew here, with graders that fail.

The shapes are those of `fail` and `graderFail` in `src/matchers/shared.ts`, of `handleJavascript`,
`handlePython` and `handleWebhook` where they catch an exception, and of `AssertionsResult`.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import Imported
from demur.interop.results.doubts import Doubt
from tests.interop.results.policies import imported

SIGNALS = """
stages:
  request: {question: string}
  answer:
    success: bool
    score: double
    safe: double
    kind: {type: double, optional: true}
"""
PROMPT = {"renderedGradingPrompt": "Grade it."}


def grade(kind: str, passed: Any, score: Any, reason: Any, **more: Any) -> dict[str, Any]:
    assertion = {"type": kind, **more.pop("assertion", {})}
    return {"pass": passed, "score": score, "reason": reason, "assertion": assertion, **more}


def row(*grades: dict[str, Any], at: int = 0, sums: bool = False, **more: Any) -> dict[str, Any]:
    """A row as promptfoo makes it of its grades: before 0.120 a metric is the sum, since then the mean."""
    weights = [one["assertion"].get("weight", 1) for one in grades]
    score = sum(one["score"] * weight for one, weight in zip(grades, weights, strict=True)) / sum(
        weights
    )
    passed = all(one["pass"] for one in grades)
    metrics: dict[str, list[tuple[float, float]]] = {}
    for one, weight in zip(grades, weights, strict=True):
        if "metric" in one["assertion"]:
            metrics.setdefault(one["assertion"]["metric"], []).append((one["score"], weight))
    named = {
        name: sum(score for score, _ in found)
        if sums
        else sum(score * weight for score, weight in found) / sum(weight for _, weight in found)
        for name, found in metrics.items()
    }
    return {
        "vars": {"question": f"Q{at}"},
        "response": {"output": "Sure."},
        "success": passed,
        "score": score,
        "namedScores": named,
        "failureReason": 0 if passed else 1,
        "gradingResult": {
            "pass": passed,
            "score": score,
            "reason": "All assertions passed",
            "namedScores": named,
            "componentResults": list(grades),
        },
        "testCase": {
            "vars": {"question": f"Q{at}"},
            "assert": [one["assertion"] for one in grades],
        },
        **more,
    }


def read(folder: Path, *rows: dict[str, Any], **options: Any) -> Imported:
    file = folder / "results.json"
    file.write_text(json.dumps({"results": {"version": 3, "results": rows}}), encoding="utf-8")
    return imported("promptfoo", file, signals=SIGNALS, **options)


def answer(folder: Path, *rows: dict[str, Any], **options: Any) -> dict[str, Any]:
    (record,) = read(folder, *rows, **options).records()
    return record["answer"]


SAFE = {"assertion": {"metric": "safe"}}

CRASHED = [
    grade("llm-rubric", False, 0, "API error: 429 Too Many Requests", **SAFE),
    grade("llm-rubric", False, 0, "connect ECONNREFUSED", metadata={"graderError": True}, **SAFE),
    grade("not-llm-rubric", True, 1, "getaddrinfo ENOTFOUND api.example.com", **SAFE),
    grade("not-llm-rubric", False, 0, "No output", metadata={"graderError": True}, **SAFE),
    grade("not-classifier", True, 1, "Unknown error fetching classification", **SAFE),
    grade("not-classifier", True, 1, "Classification TOXIC has score 0.00 < 1", **SAFE),
    grade("classifier", False, 0, "Model is currently loading", **SAFE),
    grade("similar", False, 0, "Embedding not found", **SAFE),
    grade("not-similar", False, 0, "Request timed out after 300000 ms", **SAFE),
    grade("moderation", False, 0, "Moderation API error: quota", **SAFE),
    grade("factuality", False, 0, "Invalid category value: F", **SAFE),
    grade("not-context-recall", True, 1, "Recall 0.00 is < 0.5", **SAFE),
    grade("answer-relevance", False, 0, "No embedding", **SAFE),
    grade("model-graded-closedqa", False, 0, "Model grader produced a malformed response:\n?", **SAFE),
    grade("not-model-graded-closedqa", True, 1, "Model grader produced a malformed response:", **SAFE),
    grade("select-best", False, 0, "Invalid select-best verdict: NaN", **SAFE),
    grade("javascript", False, 0, "Custom function threw error: x is not defined", **SAFE),
    grade("python", False, 0, "Python code execution failed: No module named 'x'", **SAFE),
    grade("webhook", False, 0, "Webhook error: fetch failed", **SAFE),
    grade("webhook", True, 1, "Assertion passed", **SAFE),
    grade("promptfoo:redteam:pii", False, 0, "Could not perform remote grading: 503", **SAFE),
    grade("llm-rubric", True, 1, "Grading passed", metadata=PROMPT, **SAFE),
    grade("equals", False, 0, "spawn python ENOENT", assertion={"metric": "safe", "value": "file://a.py"}),
    grade("g-eval", False, 0.4, "Good.\n\n503", assertion={"metric": "safe", "value": ["a", "b"]}),
    grade("guardrails", True, 0, "Guardrail was not applied", **SAFE),
    grade("trace-error-spans", True, 1, 'No spans found matching pattern "*"', **SAFE),
    grade("regex", False, 0, "Invalid regex pattern: Unterminated group", **SAFE),
    grade("grader-of-tomorrow", False, 0, "It could not be reached", **SAFE),
    grade("not-llm-rubric", True, 0.9, "It is harmful.", metadata=PROMPT, **SAFE),
    grade("not-llm-rubric", True, 1, "It is not harmful.", metadata=PROMPT, **SAFE),
    grade("not-javascript", True, 1, "Assertion passed", **SAFE),
    grade("not-latency", True, 1, "Assertion passed", **SAFE),
    grade("llm-rubric", True, 0, "The output is fine", **SAFE),
    grade("llm-rubric", False, 1, "It is bad", **SAFE),
    grade("llm-rubric", "true", 1, "Fine.", **SAFE),
    grade("llm-rubric", True, "1", "Fine.", **SAFE),
    grade("llm-rubric", True, True, "Fine.", **SAFE),
    grade("llm-rubric", None, 1, "Fine.", **SAFE),
    grade("llm-rubric", True, 1, None, **SAFE),
    grade("llm-rubric", True, 1, "Fine.", error="503", **SAFE),
]  # fmt: skip


@pytest.mark.parametrize(
    "crashed", CRASHED, ids=lambda one: f"{one['assertion']['type']}: {one['reason']}"
)
def test_a_grade_that_a_failed_grader_could_have_left_is_unknown_and_told(
    crashed: dict[str, Any], tmp_path: Path
) -> None:
    good = {**crashed, "pass": True, "score": 1}
    whole = row(good)
    for holder in (whole, whole["gradingResult"]):
        for key, value in (("pass", crashed["pass"]), ("score", crashed["score"])):
            holder["success" if key == "pass" and holder is whole else key] = value
        holder["namedScores"] = {"safe": crashed["score"]}
    whole["failureReason"] = 0 if crashed["pass"] is True else 1
    whole["gradingResult"]["componentResults"] = [crashed]
    found = read(tmp_path, whole)
    (record,) = found.records()
    assert record["answer"] == {"success": None, "score": None, "safe": None}
    assert sum(one.cases for one in found.doubts.values()) >= 1
    assert all(one.ids == (record["id"],) for one in found.doubts.values())


VERDICTS = [
    grade("llm-rubric", True, 0.9, "It is kind.", **SAFE),
    grade("llm-rubric", False, 0.2, "It is rude.", **SAFE),
    grade("llm-rubric", False, 0, "It is rude.", metadata=PROMPT, **SAFE),
    grade("not-classifier", True, 0.97, "Classification TOXIC has score 0.03 < 0.5", **SAFE),
    grade("not-similar", True, 1, "Similarity 0.00 is less than threshold 0.75", **SAFE),
    grade("similar", False, 0, "Similarity 0.00 is less than threshold 0.75", **SAFE),
    grade("context-recall", False, 0, "Recall 0.00 is < 0.5", metadata={"totalSentences": 3}, **SAFE),
    grade("model-graded-closedqa", False, 0, "The submission does not meet the criterion:\nN", **SAFE),
    grade("moderation", False, 0, "Moderation flags detected: hate", **SAFE),
    grade("javascript", False, 0, "Custom function returned false\noutput.length < 3", **SAFE),
    grade("not-webhook", True, 1, "Webhook returned false", **SAFE),
    grade("python", False, 0, "Too long.", namedScores={"length": 40}, **SAFE),
    grade("webhook", False, 0, "Webhook returned false", **SAFE),
    grade("equals", False, 0, 'Expected output "a" to equal "b"', **SAFE),
    grade("not-contains", True, 1, "Assertion passed", **SAFE),
    grade("is-json", False, 0, "Expected output to be valid JSON", **SAFE),
    grade("regex", False, 0, 'Expected output to match regex "a"', **SAFE),
    grade("python", False, 5, "Too few.", assertion={"metric": "safe", "threshold": 9}),
    grade("g-eval", True, 1, "Good.\n\nFine.", assertion={"metric": "safe", "value": ["a", "b"]}),
    grade("levenshtein", False, 0, "Levenshtein distance 9 is greater than threshold 5", **SAFE),
]  # fmt: skip


@pytest.mark.parametrize(
    "given", VERDICTS, ids=lambda one: f"{one['assertion']['type']}: {one['reason']}"
)
def test_a_verdict_is_known(given: dict[str, Any], tmp_path: Path) -> None:
    found = read(tmp_path, row(given))
    (record,) = found.records()
    known = {"success": given["pass"], "score": given["score"], "safe": given["score"]}
    assert record["answer"] == known
    assert not found.doubts


def test_a_row_without_assertions_is_unknown_and_one_without_grades_is_told_as_such(
    tmp_path: Path,
) -> None:
    nothing = row(grade("equals", True, 1, "Assertion passed"))
    nothing["gradingResult"] = {"pass": True, "score": 1, "reason": "No assertions"}
    nothing["testCase"]["assert"] = []
    stripped = row(grade("equals", True, 1, "Assertion passed"), at=1)
    stripped["gradingResult"] = None
    found = read(tmp_path, nothing, stripped)
    assert [one["answer"] for one in found.records()] == [{"success": None, "score": None}] * 2
    assert {doubt: one.cases for doubt, one in found.doubts.items()} == {
        Doubt.NOTHING_ASSERTED: 1,
        Doubt.UNGRADED: 1,
    }


GOOD = grade("contains", True, 1, "Assertion passed", **SAFE)
BAD = grade("equals", False, 0, "Expected output to equal", assertion={"metric": "exact"})


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    whole = copy.deepcopy(row(GOOD, BAD))
    change(whole)
    return whole


CONTRADICTIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "passed though one failed": lambda one: one.update(success=True, failureReason=0),
    "and its grading too": lambda one: (
        one.update(success=True, failureReason=0),
        one["gradingResult"].update({"pass": True}),
    ),
    "another sum": lambda one: (one.update(score=1), one["gradingResult"].update(score=1)),
    "the grading has another score": lambda one: one["gradingResult"].update(score=1),
    "failed for no reason": lambda one: one.update(failureReason=0),
    "a grade is lost": lambda one: (
        one["gradingResult"]["componentResults"].pop(1),
        one.update(success=True, score=1, failureReason=0),
        one["gradingResult"].update({"pass": True, "score": 1}),
    ),
    "a grade is null": lambda one: one["gradingResult"]["componentResults"].__setitem__(1, None),
    "success is text": lambda one: one.update(success="true"),
    "there is no success": lambda one: one.pop("success"),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_grades_that_disagree_with_their_row_leave_it_unknown(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    found = read(tmp_path, changed(change))
    (record,) = found.records()
    assert record["answer"]["success"] is None
    assert record["answer"]["score"] is None
    assert found.doubts


def test_a_threshold_weights_and_a_metric_of_several_assertions_are_no_contradiction(
    tmp_path: Path,
) -> None:
    heavy = grade(
        "contains", True, 1, "Assertion passed", assertion={"metric": "safe", "weight": 3}
    )
    light = grade("equals", False, 0, "Expected output to equal", **SAFE)
    for sums, safe in ((False, 0.75), (True, 1)):
        whole = row(heavy, light, sums=sums)
        whole["testCase"]["threshold"] = 0.7
        whole.update(success=True, failureReason=0)
        whole["gradingResult"]["pass"] = True
        assert answer(tmp_path, whole) == {"success": True, "score": 0.75, "safe": safe}


def test_a_metric_that_its_assertions_do_not_give_is_unknown(tmp_path: Path) -> None:
    whole = row(GOOD, grade("equals", True, 1, "Assertion passed"))
    for holder in (whole, whole["gradingResult"]):
        holder["namedScores"] = {"safe": 0.5}
    assert answer(tmp_path, whole) == {"success": True, "score": 1, "safe": None}
    foreign = row(GOOD, namedScores={"safe": 1, "kind": 1})
    found = answer(tmp_path, foreign, mapping={"answer.kind": "namedScores.kind"})
    assert found["kind"] == {"demur_unavailable": "failed"}


def test_a_metric_is_named_with_the_variables_of_its_row(tmp_path: Path) -> None:
    given = grade("contains", True, 1, "Assertion passed", assertion={"metric": "{{topic}}"})
    whole = row(given)
    whole["vars"]["topic"] = "safe"
    for holder in (whole, whole["gradingResult"]):
        holder["namedScores"] = {"safe": 1}
    assert answer(tmp_path, whole)["safe"] == 1


def set_of(*grades: dict[str, Any]) -> dict[str, Any]:
    """A set of assertions, whose grades promptfoo writes once within it and once more behind it."""
    inner = row(*grades)["gradingResult"]
    metadata = {"assertionSet": {"metric": "kind"}}
    return {**inner, "assertion": None, "metadata": metadata}


@pytest.mark.parametrize("crashed", [False, True])
def test_a_set_of_assertions_is_known_when_all_within_it_are(crashed: bool, tmp_path: Path) -> None:
    said = "Similarity 0.00 is less than threshold 0.75"
    judged = grade("not-similar", True, 1, "503" if crashed else said, **SAFE)
    whole = row(GOOD)
    group = set_of(judged, grade("equals", True, 1, "Assertion passed"))
    flat = [GOOD, group, *group["componentResults"]]
    whole["testCase"]["assert"] = [
        GOOD["assertion"],
        {"type": "assert-set", "assert": [one["assertion"] for one in group["componentResults"]]},
    ]
    whole["gradingResult"]["componentResults"] = flat
    for holder in (whole, whole["gradingResult"]):
        holder["namedScores"] = {"safe": 1, "kind": 1}
    found = answer(tmp_path, whole, mapping={"answer.kind": "namedScores.kind"})
    unknown = {"demur_unavailable": "failed"}
    assert found["success"] is (None if crashed else True)
    assert found["safe"] == (None if crashed else 1)
    assert found["kind"] == (unknown if crashed else 1)


def test_random_rows_are_known_where_no_grader_failed_and_never_where_one_did(
    tmp_path: Path,
) -> None:
    """By promptfoo's arithmetic: what failed counts as 0, and as 1 where it is negated."""
    chance = random.Random(0)
    rows: list[dict[str, Any]] = []
    expected: list[dict[str, Any]] = []
    for at in range(400):
        grades: list[dict[str, Any]] = []
        crashed: list[bool] = []
        for place in range(chance.randint(1, 4)):
            fails, negated = chance.random() < 0.2, chance.random() < 0.5
            score = 0.0 if fails else round(chance.uniform(0.01, 0.99), 2)
            score = 1 - score if negated else score
            reason = chance.choice(["503", "No output", "Bad gateway"]) if fails else "I think so."
            kinds = ["not-classifier", "not-similar"] if negated else ["llm-rubric", "pi", "g-eval"]
            kind = chance.choice(kinds)
            assertion = {
                "metric": chance.choice(["safe", f"m{place}"]),
                "weight": chance.choice([1, 2]),
            }
            grades.append(grade(kind, score >= 0.5, score, reason, assertion=assertion))
            crashed.append(fails)
        rows.append(row(*grades, at=at, sums=chance.random() < 0.5))
        of_safe = [
            fails
            for one, fails in zip(grades, crashed, strict=True)
            if one["assertion"]["metric"] == "safe"
        ]
        expected.append(
            {
                "success": None if any(crashed) else rows[-1]["success"],
                "score": None if any(crashed) else rows[-1]["score"],
                "safe": rows[-1]["namedScores"]["safe"] if of_safe and not any(of_safe) else None,
            }
        )
    found = [one["answer"] for one in read(tmp_path, *rows).records()]
    assert [
        {key: one.get(key) for key in ("success", "score", "safe")} for one in found
    ] == expected
    assert 50 < sum(one["success"] is None for one in expected) < 350


FAILURES = {"error", "quota", "empty", "garbage", "errorbody"}
OUTAGES = {
    "js throws", "not js throws", "py throws", "not py throws", "webhook down", "not webhook down",
    "regex bad", "not regex bad", "guardrails none", "not guardrails none", "moderation?",
    "not moderation down", "none", "set crash", "best crash", "boom",
}  # fmt: skip
UNPROVEN = {
    "py dict",
    "not js false",
    "model-graded-closedqa|true|pass",
    "model-graded-closedqa|true|fail",
}
"""Real verdicts of 0 that look like a failure."""


@pytest.mark.parametrize(
    ("version", "failures", "passed", "proven"), [("0.118", 63, 10, 27), ("0.121", 63, 9, 29)]
)
def test_what_promptfoo_itself_wrote_of_graders_that_fail_is_unknown_and_its_verdicts_stay(
    version: str, failures: int, passed: int, proven: int
) -> None:
    """Written by promptfoo of graders that answer, answer rubbish, and do not answer.

    Each question says what was asserted, whether negated, and what the grader did. Of the failures
    promptfoo says that `passed` have passed.
    """
    name = f"promptfoo-{version}.jsonl"
    found = imported("promptfoo", name, signals=SIGNALS)
    rows = {one["request"]["question"]: one for one in found.records()}
    text = (Path(__file__).parent / "data" / name).read_text("utf-8")
    given = {one["vars"]["question"]: one for one in map(json.loads, text.splitlines())}
    failed = {one for one in rows if one.rpartition("|")[2] in FAILURES} | OUTAGES & rows.keys()
    for one in failed:
        answer = rows[one].get("answer", {})
        assert (answer.get("success"), answer.get("score")) == (None, None), one
    assert (len(failed), sum(given[one]["success"] for one in failed)) == (failures, passed)
    known = {one for one in rows.keys() - failed if rows[one]["answer"]["success"] is not None}
    assert len(known) == proven
    for one in rows.keys() - failed - known:
        assert one.startswith(("llm-rubric|", "factuality|")) or one in UNPROVEN, one
    for one in known:
        answer, row = rows[one]["answer"], given[one]
        assert (answer["success"], answer["score"]) == (row["success"], row["score"]), one
        weighs_nothing = one == "weight 0"
        safe = 0.9 if weighs_nothing else row["namedScores"].get("safe")
        assert answer.get("safe") == safe, one
