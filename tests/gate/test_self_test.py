"""A gate proves that it can fail, and one that cannot is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

import demur
from demur.gate.candidates import candidates
from demur.gate.self_test import Proof, self_test
from demur.language.compile import compile_file
from demur.measure.thresholds import gates
from demur.runtime.evaluator import Evaluator
from tests.gate.running import connection, policy, with_metrics

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [
    *sorted(one for one in (ROOT / "policies").glob("*.yaml") if ".test." not in one.name),
    ROOT / "examples" / "support_rag" / "policy.yaml",
    ROOT / "docs" / "examples" / "gates" / "answers.yaml",
    *sorted((ROOT / "tests" / "real_data" / "policies").glob("*.yaml")),
]
ODD = """\
demur: 1
policy: odd
about: A policy with signals of every kind.
owner: team@example.com
stages:
  request:
    channel: {type: string, enum: [phone, chat], optional: true}
    name: {type: string, pii: true, max_size: 3}
    asked: {type: string}
    at: timestamp
    within: {type: duration, optional: true}
    attached: {type: bytes, optional: true}
    scores: {type: map, of: double}
  retrieval:
    documents:
      type: list
      of: {source: string, score: {type: double, min: 0, max: 1}}
      max_size: 8
  answer:
    label: string
    calls: {type: int, min: 1, max: 9}
    tokens: uint
    latency: {type: double, min: 0, optional: true}
rules:
  few-documents:
    when: size(retrieval.documents) < 6
    then: abstain
  late:
    when: has(answer.latency) && answer.latency > 5.0
    then: flag
metrics:
  few_on_phone: rate(decision.declined, has(request.channel) && request.channel == "phone")
  mislabelled: rate(request.asked != answer.label, decision.answered)
  calls: mean(answer.calls)
  tokens: mean(answer.tokens)
  slow: rate(has(answer.latency) && answer.latency > 60.0, decision.action == "flag")
  long_names: rate(size(request.name) > 2)
  gap: >-
    rate(decision.declined, has(request.channel) && request.channel == "phone")
    - rate(decision.declined, has(request.channel) && request.channel == "chat")
suites:
  cases: {cases: cases.jsonl}
gates:
  odd:
    suites: [cases]
    confidence: 0.99
    by: [request.channel]
    require:
"""


def proofs(path: Path) -> dict[str, Proof]:
    evaluator = Evaluator(*compile_file(path))
    (gate,) = gates(evaluator).values()
    return {one.requirement: one for one in self_test(evaluator, gate, connection())}


def proven(folder: Path, settings: str, *require: str) -> dict[str, Proof]:
    path = policy(folder, settings, *require)
    return proofs(
        with_metrics(
            path,
            "worst: max(answer.cost)",
            "least: min(answer.judged)",
            "all: count()",
            "failed: count(outcome.correct == false)",
            "tenants: distinct(request.tenant)",
            "spread: max(answer.judged) - min(answer.judged)",
            'gap: rate(decision.declined, request.tenant == "b")'
            ' - rate(decision.declined, request.tenant == "a")',
        )
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_requirement_of_the_projects_own_policies_can_fail(path: Path) -> None:
    evaluator = demur.load(path)
    for gate in gates(evaluator).values():
        found = self_test(evaluator, gate, connection())
        assert [one.requirement for one in found if not one.can_fail] == []
        assert len(found) == len(gate.thresholds) > 0


@pytest.mark.parametrize("path", EXAMPLES[:5], ids=lambda path: path.stem)
def test_candidates_are_admissible_the_same_each_time_and_some_are_answered(path: Path) -> None:
    evaluator = demur.load(path)
    records = list(candidates(evaluator))
    assert records == list(candidates(evaluator))
    decisions = [evaluator.decide(record) for record in records]
    assert [one.unknown for one in decisions if one.unknown] == []
    assert any(one.action == "answer" for one in decisions)
    assert any(one.stops for one in decisions)


@pytest.mark.parametrize(
    ("requirement", "value"),
    [
        ("wrong <= 0.1", 1.0),
        ("correct >= 0.9", 0.0),
        ("wrong_answers < 0.5", 1.0),
        ("low <= 0.2", 1.0),
        ("grade >= 4", 0.0),
        ("balance >= 0", -1.0),
        ("least >= 1", 0.0),
        ("spread <= 4", 5.0),
        ("gap <= 0.1", 1.0),
        ("failed <= 100", 2000.0),
        ("failed <= 90000", 100_000.0),
        ("all >= 500", 1.0),
        ("correct >= baseline", 0.0),
        ("wrong <= baseline + 0.05", 1.0),
        ("failed <= baseline + 5", 2000.0),
    ],
)
def test_a_requirement_fails_on_the_worst_records(
    tmp_path: Path, requirement: str, value: float
) -> None:
    proof = proven(tmp_path, "", requirement)[requirement]
    assert proof.can_fail
    assert proof.value == value


@pytest.mark.parametrize(
    "requirement",
    [
        "cost <= 1000000",
        "cost >= 0",
        "cost_p90 <= baseline * 1.1",
        "worst <= 3000000",
        "spent <= 1000",
        "spent <= 100000000000",
        "per_point >= 0.2",
        "tenants <= 3",
        "tenants >= 2",
    ],
)
def test_a_metric_that_nothing_bounds_fails_beyond_any_limit(
    tmp_path: Path, requirement: str
) -> None:
    assert proven(tmp_path, "", requirement)[requirement].can_fail


@pytest.mark.parametrize(
    "requirement",
    [
        "wrong >= 0",
        "wrong <= 1",
        "balance >= -1",
        "grade >= 0",
        "grade <= 5",
        "spread <= 5",
        "all >= 0",
        "tenants >= 0",
        "wrong <= baseline + 1",
    ],
)
@pytest.mark.parametrize("settings", ["", "confidence: 0.9"])
def test_a_requirement_that_cannot_fail_is_found_out(
    tmp_path: Path, requirement: str, settings: str
) -> None:
    proof = proven(tmp_path, settings, requirement)[requirement]
    assert not proof.can_fail
    assert proof.records


def test_a_gap_between_groups_takes_one_record_of_each(tmp_path: Path) -> None:
    (proof,) = proven(tmp_path, "confidence: 0.95", "gap <= 0.1").values()
    assert proof.can_fail
    assert {one["request"]["tenant"] for one in proof.records} == {"a", "b"}


def test_more_samples_than_are_fed_by_default_are_fed(tmp_path: Path) -> None:
    (proof,) = proven(tmp_path, "min_samples: 2500", "wrong <= 0.1").values()
    assert proof.can_fail


def test_slices_levels_and_confidence_do_not_keep_a_gate_from_failing(tmp_path: Path) -> None:
    found = proven(
        tmp_path,
        "confidence: 0.999\nmin_samples: 100\nmin_slice: 50\nby: [request.tenant, request.tags]",
        "wrong <= 0.9",
        "{that: grade >= 0.5, level: warn}",
        "wrong_answers <= baseline",
    )
    assert [one.can_fail for one in found.values()] == [True] * 3


def test_signals_of_every_kind_are_drawn(tmp_path: Path) -> None:
    required = (
        "few_on_phone <= 0.5",
        "mislabelled <= 0.5",
        "calls <= 8",
        "calls >= 2",
        "tokens <= 100000000",
        "slow <= 0.5",
        "long_names <= 0.5",
        "gap <= 0.5",
        "gap <= 1",
    )
    path = tmp_path / "odd.yaml"

    path.write_text(ODD + "".join(f"      - {one}\n" for one in required), "utf-8")
    found = proofs(path)
    assert [name for name, one in found.items() if not one.can_fail] == ["gap <= 1"]
    assert found["calls <= 8"].value == 9
