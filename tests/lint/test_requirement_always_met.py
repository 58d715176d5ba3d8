"""Requirements at the end of what their metric can be are found, and those within are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.lint import lint_file
from tests.gate.running import policy, with_metrics


def found(folder: Path, requirement: str) -> list[str]:
    path = with_metrics(
        policy(folder, "min_samples: 30", requirement),
        "worst: max(answer.judged)",
        "median: quantile(answer.score, 0.5)",
        "failed: count(outcome.correct == false)",
        "tenants: distinct(request.tenant)",
        "missing: unknown_rate(answer.score)",
        "unique: unique_rate(request.tenant)",
        "drifted: drift(answer.score)",
        "shifted: psi(answer.score)",
    )
    diagnostics = lint_file(path, path.as_posix()).diagnostics
    return [one.message for one in diagnostics if one.name == "requirement-always-met"]


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("wrong >= 0", "`wrong` is never less than 0"),
        ("wrong > -0.1", "`wrong` is never less than 0"),
        ("wrong <= 1", "`wrong` is never more than 1"),
        ("wrong < 1.5", "`wrong` is never more than 1"),
        ("grade >= 0", "`grade` is never less than 0"),
        ("grade <= 5", "`grade` is never more than 5"),
        ("worst < 6", "`worst` is never more than 5"),
        ("median <= 1", "`median` is never more than 1"),
        ("failed >= 0", "`failed` is never less than 0"),
        ("tenants >= 0", "`tenants` is never less than 0"),
        ("missing <= 1", "`missing` is never more than 1"),
        ("unique >= 0", "`unique` is never less than 0"),
        ("drifted <= 1", "`drifted` is never more than 1"),
        ("shifted >= 0", "`shifted` is never less than 0"),
    ],
)
def test_a_bound_that_nothing_can_miss_is_found(
    tmp_path: Path, requirement: str, said: str
) -> None:
    (message,) = found(tmp_path, requirement)
    assert message.startswith(said)


@pytest.mark.parametrize(
    "requirement",
    [
        "wrong > 0", "wrong < 1", "wrong <= 0.99", "wrong <= baseline + 0.1", "grade >= 0.1",
        "grade < 5", "cost >= 0", "cost <= 100", "spent >= 0", "failed <= 0", "balance >= -0.5",
    ],
)  # fmt: skip
def test_a_bound_that_some_results_miss_is_not(tmp_path: Path, requirement: str) -> None:
    assert found(tmp_path, requirement) == []
