"""RefChecker: contradicted claims by setting and model, and one model as the other's baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import SETTINGS, read, write

# Answers with a contradicted claim, of 100, as the data's README states them.
STATED = {
    "noisy_context": {
        "gpt4": 2, "chatgpt": 17, "davinci001": 29, "falcon_40B_instruct": 30, "alpaca_7B": 31,
    },
    "zero_context": {
        "gpt4": 21, "chatgpt": 31, "alpaca_7B": 42, "falcon_40B_instruct": 45, "davinci001": 67,
    },
}  # fmt: skip
NOISY = "refchecker/noisy_context/{}.jsonl"


@pytest.fixture
def claims(gates_folder: Path) -> Gates:
    return Gates(gates_folder, "claims.yaml")


def labels(data: Path, setting: str, model: str) -> dict[str, list[str]]:
    """The labels of the claims of each answer, by the question's id."""
    rows = read(data / "refchecker" / setting / f"{model}.jsonl")
    return {one["id"]: [claim["label"] for claim in one["claims"]] for one in rows}


def test_one_gate_judges_each_model_in_each_setting(claims: Gates, shared_data: Path) -> None:
    result = claims.judged("models", "refchecker/together.jsonl")
    requirement = required(result, "contradicted")
    found = sliced(requirement)
    assert result.records == 1500
    assert requirement.by == ("request.setting * request.model",)
    assert len(found) == 15
    for setting in SETTINGS:
        for file in (shared_data / "refchecker" / setting).glob("*.jsonl"):
            answers = labels(shared_data, setting, file.stem).values()
            contradicted = sum("Contradiction" in one for one in answers)
            assert counted(found[f"{setting} {file.stem}"]) == (contradicted, 100)
            stated = STATED.get(setting, {}).get(file.stem, contradicted)
            assert contradicted == stated


def test_the_gate_says_of_which_it_is_sure(claims: Gates) -> None:
    result = claims.judged("models", "refchecker/together.jsonl")
    found = sliced(required(result, "contradicted"))
    verdicts: dict[str, set[str]] = {}
    for name, one in found.items():
        verdicts.setdefault(one.verdict, set()).add(name)
    assert result.verdict == "fail"
    assert verdicts == {
        "pass": {"noisy_context gpt4", "accurate_context gpt4"},
        "inconclusive": {
            "zero_context gpt4",
            "noisy_context chatgpt",
            "accurate_context chatgpt",
            "accurate_context alpaca_7B",
            "accurate_context davinci001",
            "accurate_context falcon_40B_instruct",
        },
        "fail": {
            *(f"zero_context {model}" for model in STATED["zero_context"] if model != "gpt4"),
            "noisy_context davinci001",
            "noisy_context falcon_40B_instruct",
            "noisy_context alpaca_7B",
        },
    }


def test_many_slices_do_not_make_a_chance_finding(claims: Gates) -> None:
    """22 of 100 is beyond 15 % by itself; among fifteen slices it may be chance."""
    result = claims.judged("models", "refchecker/together.jsonl")
    doubtful = sliced(required(result, "contradicted"))["accurate_context davinci001"]
    assert doubtful.p_value is not None
    assert doubtful.adjusted is not None
    assert doubtful.needed is not None
    assert doubtful.p_value < 0.05 < doubtful.adjusted
    assert doubtful.needed > 0


@pytest.mark.parametrize(("model", "verdict"), [("gpt4", "pass"), ("chatgpt", "fail")])
def test_unsupported_claims_are_gated_too(
    model: str, verdict: str, claims: Gates, shared_data: Path
) -> None:
    result = claims.judged("ship", NOISY.format(model))
    answers = labels(shared_data, "noisy_context", model).values()
    unsupported = sum(any(label != "Entailment" for label in one) for one in answers)
    assert counted(required(result, "unsupported").overall) == (unsupported, 100)
    share = required(result, "contradicted_claims").overall.measured.value
    every = [label for one in answers for label in one]
    assert share == every.count("Contradiction") / len(every)
    assert result.verdict == verdict


def test_chatgpt_after_gpt4_is_a_regression_that_the_paired_test_finds(
    claims: Gates, shared_data: Path
) -> None:
    result = claims.judged("no-worse", NOISY.format("chatgpt"), NOISY.format("gpt4"))
    judgement = required(result, "contradicted").overall
    assert result.paired == 100
    assert result.problems == ()
    assert counted(judgement) == (17, 100)
    assert judgement.baseline is not None
    assert (judgement.baseline.value, judgement.limit) == pytest.approx((0.02, 0.07))
    assert result.verdict == judgement.verdict == "fail"
    assert judgement.difference is not None
    assert 0.05 < judgement.difference.low < 0.15 < judgement.difference.high
    now, before = (
        {
            name
            for name, found in labels(shared_data, "noisy_context", model).items()
            if "Contradiction" in found
        }
        for model in ("chatgpt", "gpt4")
    )
    worse = {one.case for one in result.flips if "contradicted" in one.worse}
    better = {one.case for one in result.flips if "contradicted" in one.better}
    assert worse == {f"noisy_context/{name}" for name in now - before}
    assert better == {f"noisy_context/{name}" for name in before - now}
    assert (len(worse), len(better)) == (17, 2)
    assert "read them wrongly" in result.runbook_section.replace("\n", " ")


def test_gpt4_after_chatgpt_passes(claims: Gates) -> None:
    result = claims.judged("no-worse", NOISY.format("gpt4"), NOISY.format("chatgpt"))
    assert result.verdict == "pass"


def test_two_models_that_hardly_differ_raise_no_false_alarm(claims: Gates) -> None:
    """31 against 29 of 100: too few cases to exclude 5 points more, enough to exclude 15."""
    files = NOISY.format("alpaca_7B"), NOISY.format("davinci001")
    result = claims.judged("no-worse", *files)
    judgement = required(result, "contradicted").overall
    assert counted(judgement) == (31, 100)
    assert judgement.baseline is not None
    assert judgement.baseline.value == 0.29
    assert result.verdict == "inconclusive"
    assert judgement.difference is not None
    assert judgement.difference.low < 0
    assert 0.05 < judgement.difference.high < 0.15
    assert judgement.needed is not None
    assert judgement.needed > 100
    assert claims.judged("much-worse", *files).verdict == "pass"


def test_a_baseline_of_other_cases_is_another_sample(claims: Gates, tmp_path: Path) -> None:
    rows = read(claims.folder / NOISY.format("gpt4"))
    for one in rows:
        one["id"] = f"other/{one['id']}"
    write(tmp_path / "others.jsonl", rows)
    result = claims.judged("no-worse", NOISY.format("chatgpt"), str(tmp_path / "others.jsonl"))
    judged = required(result, "contradicted").overall
    assert result.paired is None
    assert (judged.verdict, judged.measured.value) == ("fail", 0.17)
    assert judged.baseline is not None
    assert judged.baseline.value == 0.02
    assert "Miettinen" in judged.method


def test_a_case_that_the_run_lost_is_an_error(claims: Gates, tmp_path: Path) -> None:
    rows = read(claims.folder / NOISY.format("chatgpt"))
    write(tmp_path / "short.jsonl", rows[:-1])
    result = claims.judged("no-worse", str(tmp_path / "short.jsonl"), NOISY.format("gpt4"))
    assert result.verdict == "error"
    assert {code for code, _ in result.problems} == {"DM812", "DM813"}
    assert all(rows[-1]["id"] in text for _, text in result.problems)


def test_an_answer_whose_claims_are_lost_counts_as_contradicted(
    claims: Gates, tmp_path: Path
) -> None:
    rows = read(claims.folder / NOISY.format("gpt4"))
    sound = [
        one for one in rows if all(c["label"] == "Entailment" for c in one["answer"]["claims"])
    ]
    for one in sound[:15]:
        one["answer"] = {}
    write(tmp_path / "lost.jsonl", rows)
    result = claims.judged("ship", str(tmp_path / "lost.jsonl"))
    measured = required(result, "contradicted").overall.measured
    assert (measured.unknown, measured.value) == (15, 0.17)
    assert result.verdict == "fail"
