"""Drift on real traffic: half an hour of a service against the next, and one configuration's runs."""

from __future__ import annotations

import csv
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tests.real_data.judging import Gates, required
from tests.real_data.records import POLICIES, read, write

Tokens = dict[str, list[int]]
KINDS = (("context", "request"), ("generated", "answer"))


def halves(data: Path) -> tuple[Tokens, Tokens]:
    """The tokens of the requests in the first thirty minutes, and of those after."""
    with (data / "azure_llm" / "conv.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = np.datetime64(rows[0]["TIMESTAMP"])
    found: tuple[Tokens, Tokens] = (
        {"context": [], "generated": []},
        {"context": [], "generated": []},
    )
    for row in rows:
        minutes = (np.datetime64(row["TIMESTAMP"]) - first) / np.timedelta64(1, "m")
        half = found[int(minutes >= 30)]
        half["context"].append(int(row["ContextTokens"]))
        half["generated"].append(int(row["GeneratedTokens"]))
    return found


def psi(now: list[int], before: list[int]) -> float:
    """By its definition, over the deciles of the values before."""
    edges = np.quantile(before, np.arange(1, 10) / 10)
    assert len(set(edges)) == 9
    counts = [
        np.array([sum(a < one <= b for one in values) for a, b in pairwise(ends)])
        for ends in [[-math.inf, *edges, math.inf]]
        for values in (now, before)
    ]
    p, q = (
        (one + 0.5) / (len(values) + 5) for one, values in zip(counts, (now, before), strict=True)
    )
    return float(((p - q) * np.log(p / q)).sum())


def rows(tokens: Tokens, start: int) -> list[dict[str, object]]:
    pairs = zip(tokens["context"], tokens["generated"], strict=True)
    return [
        {"id": f"r{start + at}", "request": {"context": a}, "answer": {"generated": b}}
        for at, (a, b) in enumerate(pairs)
    ]


@pytest.fixture
def traffic(tmp_path: Path) -> Gates:
    for source in (Path(__file__).with_name("traffic.yaml"), POLICIES / "runbook.md"):
        (tmp_path / source.name).write_text(source.read_text("utf-8"), "utf-8")
    return Gates(tmp_path, "traffic.yaml")


def test_the_second_half_hour_of_a_service_has_other_contexts_and_the_numbers_are_those_of_scipy(
    traffic: Gates, shared_data: Path
) -> None:
    before, now = halves(shared_data)
    assert len(before["context"]) + len(now["context"]) == 19_366
    write(traffic.folder / "before.jsonl", rows(before, 0))
    write(traffic.folder / "now.jsonl", rows(now, 100_000))
    result = traffic.judged("same-traffic", "now.jsonl", "before.jsonl")
    for name, _ in KINDS:
        distance = required(result, f"{name}_drift").overall
        assert distance.measured.value == pytest.approx(
            ks_2samp(now[name], before[name]).statistic, rel=1e-12
        )
        index = required(result, f"{name}_psi").overall
        assert index.measured.value == pytest.approx(psi(now[name], before[name]), rel=1e-9)
    verdicts = {one.metric: one.verdict for one in result.requirements}
    # The contexts have other deciles, and yet no share of them at or below a value moved by a tenth.
    assert verdicts == {**dict.fromkeys(verdicts, "pass"), "context_psi": "fail"}
    values = {one.metric: round(one.overall.measured.value or 0, 3) for one in result.requirements}
    assert values == {
        "context_drift": 0.08,
        "context_psi": 0.165,
        "generated_drift": 0.072,
        "generated_psi": 0.084,
        "unknown_context": 0.0,
    }


def test_the_same_requests_in_another_order_have_not_drifted(
    traffic: Gates, shared_data: Path
) -> None:
    before, now = halves(shared_data)
    every = rows({name: before[name] + now[name] for name, _ in KINDS}, 0)
    pick = np.random.default_rng(1).permutation(len(every))
    half = len(every) // 2
    write(traffic.folder / "before.jsonl", (every[at] for at in pick[:half]))
    write(traffic.folder / "now.jsonl", (every[at] for at in pick[half:]))
    result = traffic.judged("same-traffic", "now.jsonl", "before.jsonl")
    assert {one.verdict for one in result.requirements} == {"pass"}


def test_nemo_without_its_general_calls_uses_other_tokens(
    traffic: Gates, shared_data: Path
) -> None:
    runs = read(shared_data / "nemo_latency" / "runs.jsonl")

    def of(configuration: str) -> list[dict[str, object]]:
        return [
            {
                "id": f"{one['question_id']}/{one['run_id']}",
                "request": {"context": int(one["num_llm_calls"])},
                "answer": {"generated": int(one["num_total_tokens"])},
            }
            for one in runs
            if one["config"] == configuration
        ]

    write(traffic.folder / "before.jsonl", of("latency_0_baseline"))
    write(traffic.folder / "now.jsonl", of("latency_3_embeddings_only"))
    result = traffic.judged("same-traffic", "now.jsonl", "before.jsonl")
    found = {one.metric: one for one in result.requirements}
    assert [one.verdict for one in found.values()] == ["fail"] * 4 + ["pass"]
    # Of eleven questions, each asked thirty times, three and eight lie apart at some number.
    assert found["context_drift"].overall.measured.value == pytest.approx(3 / 11)
    assert found["generated_drift"].overall.measured.value == pytest.approx(8 / 11)
    same = traffic.judged("same-traffic", "before.jsonl", "before.jsonl")
    assert {one.overall.measured.value for one in same.requirements} == {0.0}
    # Of 330 runs Kolmogorov's bound is 0.105, however alike they are.
    assert required(same, "context_drift").verdict == "inconclusive"
    assert required(same, "context_psi").verdict == "pass"
