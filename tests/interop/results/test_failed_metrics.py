"""What DeepEval and RAGAS leave behind of a metric that failed, and what becomes of it.

DeepEval's shapes are those of `create_metric_data` and `update_metric_data`: with `ignore_errors` a metric
that raised has an `error`, no score and a `success` of false; one that was skipped is not in the list.
RAGAS's executor puts NaN where a metric raised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import Imported
from demur.interop.results.doubts import Doubt
from tests.interop.results.policies import imported, policy

SIGNALS = """
stages:
  request: {text: string}
  answer:
    success: bool
    faithfulness: double
    bias: {type: double, optional: true}
"""
Json = dict[str, Any]


def metric(score: Any, success: Any, name: str = "Faithfulness", **more: Any) -> Json:
    plain = {"name": name, "threshold": 0.5, "success": success, "score": score, "reason": "So."}
    return {**plain, "strictMode": False, "flaky": False, "error": None, **more}


def case(success: Any, *metrics: Json, **more: Any) -> Json:
    return {"name": "one", "input": "Q", "success": success, "metricsData": list(metrics), **more}


def deepeval(folder: Path, *cases: Json, **options: Any) -> Imported:
    file = folder / "run.json"
    file.write_text(json.dumps({"testCases": cases}), encoding="utf-8")
    return imported("deepeval", file, signals=SIGNALS, **options)


FAILED = metric(None, False, reason=None, error="429 Too Many Requests")


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        (case(False, FAILED), Doubt.FAILED),
        (case(True, {**FAILED, "score": 0.9, "success": True}), Doubt.FAILED),
        (case(True, metric(0.9, True, error="")), Doubt.FAILED),
        (case(True, metric(0.9, True, skipped=True)), Doubt.FAILED),
        (case(True, metric(None, True)), Doubt.FORMLESS),
        (case(True, metric(0.9, None)), Doubt.FORMLESS),
        (case(True, metric(0.9, "true")), Doubt.FORMLESS),
        (case(True, metric("0.9", True)), Doubt.FORMLESS),
        (case(True, metric(True, True)), Doubt.FORMLESS),
        (case(True, metric(float("nan"), True)), Doubt.FORMLESS),
    ],
)
def test_a_metric_that_failed_is_unknown_and_so_is_whether_its_case_passed(
    given: Json, doubt: Doubt, tmp_path: Path
) -> None:
    found = deepeval(tmp_path, given)
    (record,) = found.records()
    assert record["answer"] == {"success": None, "faithfulness": None}
    assert set(found.doubts) == {doubt}
    mapping = {"answer.faithfulness": "metricsData.0.score", "answer.success": "success"}
    (record,) = deepeval(tmp_path, given, mapping=mapping).records()
    assert record["answer"] == {"success": None, "faithfulness": None}


GOOD = metric(0.9, True)


@pytest.mark.parametrize(
    ("given", "success", "doubts"),
    [
        (case(True, GOOD), True, set[Doubt]()),
        (case(False, metric(0.2, False)), False, set[Doubt]()),
        (case(True, metric(0.0, True, "Bias"), GOOD), True, set[Doubt]()),
        (case(True, GOOD, metric(0.1, False, "Bias", flaky=True)), True, set[Doubt]()),
        (case(True), None, {Doubt.NOTHING_ASSERTED}),
        ({**case(True), "metricsData": None}, None, {Doubt.NOTHING_ASSERTED}),
        (case(None, GOOD), None, {Doubt.FORMLESS}),
        (case("true", GOOD), None, {Doubt.FORMLESS}),
        (case(True, GOOD, metric(0.9, False, "Bias")), None, {Doubt.CONTRADICTION}),
        (case(False, GOOD), None, {Doubt.CONTRADICTION}),
    ],
)
def test_a_case_passed_if_all_its_metrics_say_so(
    given: Json, success: bool | None, doubts: set[Doubt], tmp_path: Path
) -> None:
    found = deepeval(tmp_path, given)
    (record,) = found.records()
    assert record["answer"]["success"] is success
    assert set(found.doubts) == doubts


def test_a_metric_of_one_name_that_says_two_things_is_unknown(tmp_path: Path) -> None:
    (record,) = deepeval(tmp_path, case(True, GOOD, metric(0.6, True))).records()
    assert record["answer"]["faithfulness"] is None


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("NaN", None),
        ("null", None),
        ("Infinity", None),
        ('"0.9"', "0.9"),
        ("true", True),
        ("0.9", 0.9),
        ("0", 0),
    ],
)
def test_a_metric_of_ragas_that_raised_is_nan_and_unknown(
    written: str, known: Any, tmp_path: Path
) -> None:
    file = tmp_path / "ragas.jsonl"
    good = '{"user_input": "Q2", "response": "A", "faithfulness": 0.8}\n'
    line = f'{{"user_input": "Q", "response": "A", "faithfulness": {written}}}\n'
    file.write_text(line + good, encoding="utf-8")
    found = imported("ragas", file, signals=SIGNALS)
    first, second = (one["answer"]["faithfulness"] for one in found.records())
    assert (first, type(first)) == (known, type(known))
    assert second == 0.8
    assert found.lost == ({"answer.faithfulness": 1} if known is None else {})


@pytest.mark.parametrize(("written", "known"), [('"0.9"', False), ("true", False), ("0.9", True)])
def test_what_is_no_number_is_unknown_to_the_policy(
    written: str, known: bool, tmp_path: Path
) -> None:
    evaluator = policy(
        SIGNALS + "rules:\n  low: {when: answer.faithfulness < 0.7, then: abstain}\n"
    )
    file = tmp_path / "ragas.jsonl"
    file.write_text(f'{{"user_input": "Q", "response": "A", "faithfulness": {written}}}\n')
    (record,) = imported("ragas", file, signals=SIGNALS).records()
    unknown = {one.signal for one in evaluator.decide(record).unknown}
    assert ("answer.faithfulness" not in unknown) is known
