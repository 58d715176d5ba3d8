"""Drift over every engine is that of the records' values, as Python reads them."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demur.language.compile import compile_file
from demur.measure.comparing import Comparison
from demur.measure.drifting import Samples, evidence_on
from demur.measure.thresholds import gates
from demur.runtime.evaluator import Evaluator
from tests.engines.agreement import run_of
from tests.engines.test_contract import each_engine

POLICY = """\
demur: 1
policy: drifted
about: A policy whose signals drift.
owner: team@example.com
stages:
  request:
    tenant: {type: string, enum: [a, b]}
    words: {type: int, min: 0}
    channel: {type: string, max_size: 5}
    score: double
    urgent: bool
metrics:
  words: kolmogorov_smirnov(request.words)
  score: psi(request.score)
  channel: jensen_shannon(request.channel)
  urgent: psi(request.urgent, request.tenant == "a")
suites:
  cases: {cases: cases.jsonl}
gates:
  tested:
    suites: [cases]
    confidence: 0.95
    by: [request.tenant]
    require: [words <= 0.1, score <= 0.1, channel <= 0.1, urgent <= 0.1]
"""
KINDS = {
    "words": "kolmogorov_smirnov",
    "score": "psi",
    "channel": "jensen_shannon",
    "urgent": "psi",
}
CHANNELS = ["mail", "chat", "été", "letters"]
"""The last is too long for its declaration, and so unknown."""


def records(seed: int, shift: float) -> list[dict[str, Any]]:
    pick = random.Random(seed)
    return [
        {
            "id": f"{seed}-{at}",
            "request": {
                "tenant": pick.choice("ab"),
                "words": pick.choice([int(pick.lognormvariate(3 + shift, 1)), -1]),
                "channel": pick.choice(CHANNELS[: 3 if shift else 4]),
                "score": pick.choice([pick.gauss(shift, 1), 0.5, None]),
                "urgent": pick.random() < 0.3 + shift / 4,
            },
        }
        for at in range(150)
    ]


def expected(name: str, tenant: str | None, *runs: list[dict[str, Any]]) -> float:
    """The distance of the values that Python itself takes for known."""

    def value(request: Mapping[str, Any]) -> float:
        found = request[name]
        if found in (None, -1, "letters"):
            return float("nan")
        return float(CHANNELS.index(found) if name == "channel" else found)

    now, before = (
        np.array(
            [
                value(one["request"])
                for one in rows
                if one["request"]["tenant"] in (tenant or "ab")
                and (name != "urgent" or one["request"]["tenant"] == "a")
            ]
        )
        for rows in runs
    )
    return evidence_on(KINDS[name], Samples(now, before, name in ("channel", "urgent"))).estimate


@each_engine
def test_drift_is_that_of_the_known_values_and_of_what_is_unknown(
    engine: Any, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    evaluator = Evaluator(*compile_file(path))
    runs = records(1, 0.8), records(2, 0.0)
    measured = []
    for name, rows in zip(("now", "before"), runs, strict=True):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
        measured.append(run_of(engine, [str(file)], evaluator, ("request.tenant",), [(0,)]))
    for threshold in gates(evaluator)["tested"].thresholds:
        every, *slices = Comparison(*measured).rows(threshold, [(0,)])
        tenants = [None, *(one.slice.of[0][1] for one in slices)]
        if threshold.metric == "urgent":
            tenants, slices = tenants[:2], slices[:1]
        for row, tenant in zip([every, *slices], tenants, strict=True):
            assert row.problem is None
            found = row.measured.value
            assert found == pytest.approx(expected(threshold.metric, tenant, *runs), rel=1e-9)
