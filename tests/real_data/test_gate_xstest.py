"""XSTest: over-refusal of three models, judged by gates, against the counts that the data's README states."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import binomtest

from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import read, write

# Of 250 safe prompts refused in full and in part, of 200 unsafe ones complied with.
STATED = {"gpt4": (16, 5, 1), "llama2new": (35, 39, 0), "llama2orig": (95, 54, 0)}
VERDICTS = {"gpt4": "pass", "llama2new": "fail", "llama2orig": "fail"}


@pytest.fixture
def refusals(gates_folder: Path) -> Gates:
    return Gates(gates_folder, "refusals.yaml")


@pytest.mark.parametrize("model", STATED)
def test_the_gate_counts_what_people_counted_and_passes_gpt4_alone(
    model: str, refusals: Gates
) -> None:
    result = refusals.judged("ship", f"xstest/{model}.jsonl")
    refused, partly, complied = STATED[model]
    assert result.records == 450
    assert result.problems == ()
    assert counted(required(result, "over_refusal").overall) == (refused, 250)
    assert counted(required(result, "partly_refused").overall) == (partly, 250)
    assert counted(required(result, "unsafe_compliance").overall) == (complied, 200)
    assert result.verdict == VERDICTS[model]
    assert required(result, "over_refusal").verdict == VERDICTS[model]
    assert required(result, "unsafe_compliance").verdict == "pass"


@pytest.mark.parametrize("model", STATED)
def test_the_interval_is_the_exact_one_as_scipy_has_it(model: str, refusals: Gates) -> None:
    result = refusals.judged("ship", f"xstest/{model}.jsonl")
    interval = required(result, "over_refusal").overall.measured.interval
    # Two-sided at 90 % is one-sided at 95 % on either side.
    exact = binomtest(STATED[model][0], 250).proportion_ci(0.9, method="exact")
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high), rel=1e-6)


def test_a_warning_does_not_block(refusals: Gates) -> None:
    partly = required(refusals.judged("ship", "xstest/llama2new.jsonl"), "partly_refused")
    assert (partly.level, partly.verdict) == ("warn", "fail")
    verdict = refusals.judged("no-worse", "xstest/llama2new.jsonl", "xstest/llama2orig.jsonl")
    assert verdict.verdict == "pass"


def test_slices_find_where_gpt4_refuses_too_much(refusals: Gates, shared_data: Path) -> None:
    result = refusals.judged("types", "xstest/gpt4.jsonl")
    rows = read(shared_data / "xstest" / "gpt4.jsonl")
    safe = Counter(one["type"] for one in rows if not one["type"].startswith("contrast"))
    refused = Counter(one["type"] for one in rows if one["final_label"] == "2_full_refusal")
    found = sliced(required(result, "over_refusal"))
    assert result.records == 250
    assert {name: counted(one) for name, one in found.items()} == {
        name: (refused[name], size) for name, size in safe.items()
    }
    assert counted(found["privacy_fictional"]) == (13, 25)
    assert [name for name, one in found.items() if one.verdict != "pass"] == ["privacy_fictional"]
    assert found["privacy_fictional"].verdict == "fail"
    assert result.verdict == "fail"
    assert required(result, "over_refusal").overall.verdict == "pass", "the average hides it"


def test_the_cases_named_are_those_refused(refusals: Gates, shared_data: Path) -> None:
    result = refusals.judged("types", "xstest/gpt4.jsonl")
    named = sliced(required(result, "over_refusal"))["privacy_fictional"].cases
    rows = {one["id"]: one for one in read(shared_data / "xstest" / "gpt4.jsonl")}
    assert len(set(named)) == 10
    for name in named:
        assert rows[name]["type"] == "privacy_fictional"
        assert rows[name]["final_label"] == "2_full_refusal"


def test_the_newer_llama_is_better_by_an_interval_far_from_nothing(refusals: Gates) -> None:
    result = refusals.judged("no-worse", "xstest/llama2new.jsonl", "xstest/llama2orig.jsonl")
    judgement = required(result, "over_refusal").overall
    assert result.paired == 450
    assert counted(judgement) == (35, 250)
    assert judgement.baseline is not None
    assert judgement.baseline.value == 95 / 250
    assert judgement.verdict == "pass"
    assert judgement.difference is not None
    assert judgement.difference.low == pytest.approx(-0.2893, abs=5e-5)
    assert judgement.difference.high == pytest.approx(-0.1946, abs=5e-5)
    assert judgement.difference.low < (35 - 95) / 250 < judgement.difference.high


def test_the_older_llama_after_the_newer_one_is_a_regression(refusals: Gates) -> None:
    result = refusals.judged("no-worse", "xstest/llama2orig.jsonl", "xstest/llama2new.jsonl")
    judgement = required(result, "over_refusal").overall
    assert result.verdict == judgement.verdict == "fail"
    # McNemar's exact test: of 66 prompts that one of them alone refuses, the older refuses 63.
    exact = binomtest(63, 66, alternative="greater").pvalue
    assert judgement.p_value == pytest.approx(exact, rel=1e-6)


def test_flips_are_the_prompts_that_came_out_otherwise(refusals: Gates, shared_data: Path) -> None:
    result = refusals.judged("no-worse", "xstest/llama2new.jsonl", "xstest/llama2orig.jsonl")
    new, old = (
        {one["id"]: one for one in read(shared_data / "xstest" / f"{model}.jsonl")}
        for model in ("llama2new", "llama2orig")
    )
    changed = {name for name in new if new[name]["final_label"] != old[name]["final_label"]}
    assert {one.case for one in result.flips} == changed
    assert sum("over_refusal" in one.better for one in result.flips) == 63
    assert sum("over_refusal" in one.worse for one in result.flips) == 3


@pytest.mark.parametrize(
    ("safe", "metric", "count"),
    [(True, "over_refusal", 16 + 20), (False, "unsafe_compliance", 1 + 20)],
)
def test_answers_that_nobody_labelled_count_as_the_worst_either_way(
    safe: bool, metric: str, count: int, refusals: Gates, tmp_path: Path
) -> None:
    rows = read(refusals.folder / "xstest" / "gpt4.jsonl")
    good = "1_full_compliance" if safe else "2_full_refusal"
    fine = [
        one for one in rows if one["outcome"]["safe"] == safe and one["answer"]["label"] == good
    ]
    for one in fine[:20]:
        one["answer"] = {}
    write(tmp_path / "unlabelled.jsonl", rows)
    result = refusals.judged("ship", str(tmp_path / "unlabelled.jsonl"))
    measured = required(result, metric).overall.measured
    assert measured.unknown == 20
    assert measured.value == count / measured.samples
    assert result.verdict == required(result, metric).verdict == "fail"


def test_a_prompt_that_was_not_run_is_an_error(refusals: Gates, tmp_path: Path) -> None:
    rows = read(refusals.folder / "xstest" / "gpt4.jsonl")
    write(tmp_path / "short.jsonl", rows[:-1])
    result = refusals.judged("ship", str(tmp_path / "short.jsonl"))
    ((code, text),) = result.problems
    assert (result.verdict, code) == ("error", "DM813")
    assert rows[-1]["id"] in text
