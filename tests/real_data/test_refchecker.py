"""RefChecker's labelled answers: a policy that abstains on a contradicted claim does so exactly as often
as the labels say, per model and setting."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import demur

POLICY = """\
demur: 1
policy: contradictions
version: 1.0.0
about: Abstains from answers with a claim that people found contradicted.
owner: tests@example.com
stages:
  answer:
    response: string
    claims: {type: list, of: {label: {type: string, enum: [Entailment, Neutral, Contradiction]}}}
failures:
  contradicted: {severity: critical}
rules:
  contradicted-claim:
    when: answer.claims.exists(c, c.label == "Contradiction")
    then: abstain
    failure: contradicted
    say: I can't stand by that answer.
on_unknown: {then: refuse, say: Something is missing.}
"""

# Counted from the files and stated in their README: answers with a contradicted claim, of 100.
STATED = {
    ("noisy_context", "gpt4"): 2,
    ("noisy_context", "chatgpt"): 17,
    ("noisy_context", "davinci001"): 29,
    ("noisy_context", "falcon_40B_instruct"): 30,
    ("noisy_context", "alpaca_7B"): 31,
    ("zero_context", "gpt4"): 21,
    ("zero_context", "chatgpt"): 31,
    ("zero_context", "alpaca_7B"): 42,
    ("zero_context", "falcon_40B_instruct"): 45,
    ("zero_context", "davinci001"): 67,
}


def _actions(policy: demur.Evaluator, file: Path) -> Counter[str]:
    answers = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(answers) == 100
    return Counter(
        policy.decide({"answer": {"response": one["response"], "claims": one["claims"]}}).action
        for one in answers
    )


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> demur.Evaluator:
    file = tmp_path_factory.mktemp("refchecker") / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return demur.load(file)


@pytest.mark.parametrize(("setting", "model"), STATED)
def test_it_abstains_exactly_as_often_as_the_labels_say(
    setting: str, model: str, policy: demur.Evaluator, shared_data: Path
) -> None:
    actions = _actions(policy, shared_data / "refchecker" / setting / f"{model}.jsonl")
    abstained = STATED[setting, model]
    assert actions == Counter(abstain=abstained, answer=100 - abstained)


def test_every_setting_and_model_agrees_with_a_plain_count(
    policy: demur.Evaluator, shared_data: Path
) -> None:
    files = sorted((shared_data / "refchecker").rglob("*.jsonl"))
    assert len(files) == 15
    for file in files:
        counted = sum(
            any(claim["label"] == "Contradiction" for claim in json.loads(line)["claims"])
            for line in file.read_text("utf-8").splitlines()
        )
        assert _actions(policy, file)["abstain"] == counted
