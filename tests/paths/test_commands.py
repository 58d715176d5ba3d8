"""Gates and alerts by the command line, over files of every form: NaN, gaps and wrong values count alike."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from demur.cli import cli
from tests.paths import reference
from tests.paths.forms import FORMS, Form
from tests.paths.generation import METRICS, Record, header, records
from tests.runtime.test_forms_agree import evaluator as evaluator_of

FILES = [one for one in FORMS.values() if " of DuckDB" not in one.name and "memory" not in one.name]
ASKED = ("answered", "over", "mean_score", "unscored", "trusted", "mean_count")
each_file = pytest.mark.parametrize("form", FILES, ids=lambda form: form.name)


def policy(folder: Path) -> Path:
    """A policy that declines what scores low or is unknown, with a gate and an alert on each metric."""
    metrics = "".join(f"  {name}: {json.dumps(METRICS[name])}\n" for name in ASKED)
    alerts = "".join(
        f"  {name}: {{when: {name} > 1000000, window: 1d, runbook: a.md}}\n" for name in ASKED
    )
    path = folder / "policy.yaml"
    path.write_text(
        f"{header()}rules:\n"
        "  low: {when: 'request.count > 50 || answer.score <= 0.1', then: abstain, failure: low}\n"
        "  odd: {when: 'request.big % 2 == 1 && answer.ratio <= 0.25', then: refuse, failure: worse}\n"
        f"metrics:\n{metrics}suites: {{all: {{cases: cases.jsonl}}}}\n"
        f"gates:\n  ship: {{suites: [all], require: [{', '.join(f'{one} >= 0' for one in ASKED)}]}}\n"
        f"alerts:\n{alerts}",
        "utf-8",
    )
    return path


def run(*arguments: str) -> Any:
    found = CliRunner().invoke(cli, [*arguments, "--format", "json"])
    assert found.exit_code in (0, 1, 3), found.output
    return json.loads(found.stdout)


def wanted(held: list[Record], path: Path, *, served: bool) -> Mapping[str, reference.Five]:
    evaluator = evaluator_of(path.read_text("utf-8"))
    decisions = [evaluator.decide(row) for row in held]
    return {name: reference.measured(name, held, decisions, served=served) for name in ASKED}


@each_file
def test_a_gate_measures_every_file_as_the_reference_does(tmp_path: Path, form: Form) -> None:
    made = policy(tmp_path)
    rows = records(random.Random(form.name), 40)
    while not form.suits(rows):
        rows = records(random.Random(repr(rows)), 40)
    held = [form.held(row) for row in rows]
    cases = "".join(json.dumps({"id": row["id"]}) + "\n" for row in rows)
    (tmp_path / "cases.jsonl").write_text(cases, "utf-8")
    found = run("gate", str(made), "--results", form.write(tmp_path, rows, None))
    for name, five in wanted(held, made, served=False).items():
        (one,) = (each for each in found["requirements"] if each["metric"] == name)
        measured = one["judgements"][0]["measured"]
        known, low, _, samples, unknown = five
        assert measured["samples"] == samples
        assert measured["unknown"] == unknown
        assert measured["known_value"] == pytest.approx(known)
        assert measured["value"] == pytest.approx(low), name


@each_file
def test_alerts_measure_every_file_as_the_reference_does(tmp_path: Path, form: Form) -> None:
    made = policy(tmp_path)
    evaluator = evaluator_of(made.read_text("utf-8"))
    rows = records(random.Random(form.name), 40)
    while not form.suits(rows):
        rows = records(random.Random(repr(rows)), 40)
    held = [form.held(row) for row in rows]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    times = [(now - timedelta(minutes=at)).isoformat() for at in range(len(rows))]
    kept = [
        {**row, "time": time, "decision": evaluator.decide(one).signals()}
        for row, one, time in zip(rows, held, times, strict=True)
    ]
    found = run(
        "monitor", str(made), "--journal", form.write(tmp_path, kept, None), "--at", now.isoformat()
    )
    alerts = {one["alert"]: one for one in found["alerts"]}
    for name, five in wanted(held, made, served=True).items():
        assert alerts[name]["value"] == pytest.approx(five[2]), name
        assert (alerts[name]["samples"], alerts[name]["unknown"]) == five[3:]
