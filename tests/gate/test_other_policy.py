"""A baseline that another policy decided, measured by this policy's metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from tests.gate.running import POLICY, policy, records, with_metrics, write

DEFINED = "define:\n  good: answer.score > 0.7\nparams:\n  low: {type: double, default: 0.2}\n"
"""What the metrics of the policy read; the other policy has them otherwise, or not at all."""


def judged(folder: Path, *changes: tuple[str, str]) -> Result:
    """The gate of a run against a baseline that was decided by a policy with these changes."""
    path = policy(
        folder, "by: [request.tenant]", "sure <= baseline - 0.5", "tagged <= baseline", "late <= 9"
    )
    text = path.read_text("utf-8").replace("failures:\n", f"{DEFINED}failures:\n", 1)
    path.write_text(text, "utf-8")
    with_metrics(
        path,
        "sure: rate(good && answer.score > params.low)",
        "tagged: mean(double(size(request.tags)))",
        "late: mean(answer.judged, outcome.correct)",
    )
    other = POLICY.split("metrics:")[0]
    for old, new in changes:
        assert old in other
        other = other.replace(old, new, 1)
    (folder / "other.yaml").write_text(other, "utf-8")
    now = write(folder / "now.jsonl", records(20, score=0.6))
    before = write(folder / "before.jsonl", records(20, score=0.8))
    arguments = [str(path), "--results", now, "--baseline", before]
    arguments += ["--baseline-policy", str(folder / "other.yaml")]
    return CliRunner().invoke(cli, ["gate", *arguments])


@pytest.mark.parametrize(
    "change",
    [
        ("about:", "about:"),
        ("failures:\n", "define:\n  good: answer.score > 0.95\nfailures:\n"),
        ("failures:\n", "params:\n  low: {type: double, default: 0.99}\nfailures:\n"),
        ("    tenant: string\n", ""),
        ("    tags: {type: list, of: string}\n", ""),
        ("  correct: bool\n", "  other: bool\n"),
        ("text: {type: string, pii: true}", "text: int"),
    ],
    ids=["same", "definition", "parameter", "no tenant", "no tags", "outcome", "unread type"],
)
def test_definitions_parameters_and_signals_of_the_metrics_are_this_policys(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    found = judged(tmp_path, change)
    assert found.exit_code == 0, found.output


def test_its_rules_are_its_own(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "low <= baseline")
    (tmp_path / "other.yaml").write_text(
        POLICY.split("metrics:")[0].replace("score < 0.5", "score < 0.95"), "utf-8"
    )
    rows = write(tmp_path / "r.jsonl", records(20, score=0.9))
    arguments = ["gate", str(path), "--results", rows, "--baseline", rows]
    other = ["--baseline-policy", str(tmp_path / "other.yaml")]
    found = CliRunner().invoke(cli, [*arguments, *other, "--format", "json"])
    assert '"value": 1' in found.output
    assert found.exit_code == 0


def test_a_signal_of_two_types_has_no_one_meaning(tmp_path: Path) -> None:
    found = judged(tmp_path, ("judged: {type: double, min: 0, max: 5}", "judged: string"))
    assert found.exit_code == 4
    assert "`answer.judged` as string, and this one as double" in found.output
