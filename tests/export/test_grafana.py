"""A dashboard for Grafana: whole in its structure, with queries that Prometheus takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from demur.cli import cli
from demur.export.grafana import dashboard
from demur.export.grafana.panels import WIDTH
from demur.language.compile import compile_file
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry import names
from demur.service.telemetry.policy_metrics import PolicyMetrics
from tests.export.promtool import checked, filled
from tests.runtime.records import POLICIES

VARIABLE = {"type": "prometheus", "uid": "${datasource}"}


def made(name: str) -> dict[str, Any]:
    return dashboard(Evaluator(*compile_file(POLICIES[name])))


def expressions(board: dict[str, Any]) -> list[str]:
    targets = (one for panel in board["panels"] for one in panel.get("targets", ()))
    own = [one["expr"] for one in targets]
    return own + [one["expr"] for one in board["annotations"]["list"]]


@pytest.mark.parametrize("name", POLICIES)
def test_the_panels_are_numbered_placed_side_by_side_and_never_over_each_other(name: str) -> None:
    board = made(name)
    assert board["schemaVersion"] >= 39
    panels = board["panels"]
    assert [one["id"] for one in panels] == list(range(1, len(panels) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= WIDTH
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", POLICIES)
def test_every_query_is_taken_and_reads_the_data_source_that_is_chosen(
    name: str, tmp_path: Path
) -> None:
    board = made(name)
    for panel in board["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"] == VARIABLE
            assert all(one["datasource"] == VARIABLE for one in panel["targets"])
            assert [one["refId"] for one in panel["targets"]] == [
                chr(ord("A") + at) for at in range(len(panel["targets"]))
            ]
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    used = {one for text in expressions(board) for one in re.findall(r'"\$(\w+)"', text)}
    assert used <= variables.keys()
    rules = [
        {"record": f"one:two:{at}", "expr": filled(text)}
        for at, text in enumerate(expressions(board))
    ]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}), "utf-8")
    checked(file)


@pytest.mark.parametrize("name", POLICIES)
def test_every_series_is_one_that_the_service_counts(name: str) -> None:
    evaluator = Evaluator(*compile_file(POLICIES[name]))
    known: set[str | None] = {one for one in vars(names).values() if isinstance(one, str)}
    known.add(f"{names.DURATION}_bucket")
    for one in PolicyMetrics(evaluator).exported:
        found = one.series
        known |= {found.rows, found.sum, found.negative_sum, found.divisor, found.negative_divisor}
        known.add(f"{found.histogram}_bucket")
    for text in expressions(dashboard(evaluator)):
        assert set(re.findall(r"\bdemur_\w+", text)) <= known, text


def panel(board: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = (one for one in board["panels"] if one["title"] == title)
    return found


def test_limits_of_gates_alerts_and_objectives_are_lines() -> None:
    board = made("examples/support_rag/policy.yaml")
    wrong = panel(board, "wrong_rate")
    assert [one["legendFormat"] for one in wrong["targets"][1:]] == [
        "gate ship: <= 0.12",
        "objective answered-correctly: at most 0.1 over 30d",
    ]
    assert [one["expr"] for one in wrong["targets"][1:]] == ["vector(0.12)", "vector(0.1)"]
    colours = [
        one["properties"][0]["value"]["fixedColor"] for one in wrong["fieldConfig"]["overrides"]
    ]
    assert colours == ["orange", "red"]


def test_unknown_records_count_as_the_worst_for_what_is_asked_of_a_rate() -> None:
    board = made("examples/support_rag/policy.yaml")
    low_is_bad = panel(board, "answer_rate")["targets"][0]["expr"]
    high_is_bad = panel(board, "wrong_rate")["targets"][0]["expr"]
    assert 'result=~"true"}' in low_is_bad.partition("/")[0]
    assert 'result=~"true|unknown|open_true|open_unknown"}' in high_is_bad.partition("/")[0]


def test_what_the_page_is_to_show_is_there() -> None:
    board = made("examples/support_rag/policy.yaml")
    titles = {one["title"]: one["type"] for one in board["panels"]}
    assert titles["Decisions by action"] == "timeseries"
    assert titles["Failure modes by request.tenant"] == "timeseries"
    assert titles["Unknown signals"] == "timeseries"
    assert titles["latency_p95: all values"] == "heatmap"
    assert titles["Alerts"] == "state-timeline"
    assert {one["name"] for one in board["annotations"]["list"]} == {"Deploys", "Alerts"}
    variables = {one["name"] for one in board["templating"]["list"]}
    assert variables == {"datasource", "request_tenant", "outcome_kind"}


def test_the_command_writes_it(tmp_path: Path) -> None:
    target = tmp_path / "board.json"
    policy = str(POLICIES["policies/support_rag.yaml"])
    result = CliRunner().invoke(cli, ["export", "grafana", policy, "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert json.loads(target.read_text("utf-8")) == made("policies/support_rag.yaml")
