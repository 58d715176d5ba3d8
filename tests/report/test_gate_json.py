"""The JSON of a gate: as its schema says, for made results and for real ones."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from demur.measure.results import GateResult
from demur.report import gates
from demur.report.gate_schema import gate_schema_text
from tests.conftest import ROOT
from tests.gate.running import gate, policy, record, records
from tests.report.gate_pages import HOSTILE, PASSING, TROUBLED, hostile, judged, required

SCHEMA = json.loads((ROOT / "schemas" / "gate.schema.json").read_text(encoding="utf-8"))


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def document(result: GateResult) -> dict[str, Any]:
    """The JSON, read as strictly as any reader does, and held against the schema."""
    text = gates.write("json", result).encode("utf-8").decode("utf-8")
    found = json.loads(text, parse_constant=no_constant)
    jsonschema.validate(found, SCHEMA)
    return found


def test_the_schema_that_is_checked_in_is_the_one_of_the_results() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    written = (ROOT / "schemas" / "gate.schema.json").read_text(encoding="utf-8")
    assert written == gate_schema_text(), "run `python tools/render_docs.py`"


def test_made_results_are_as_the_schema_says() -> None:
    for result in (TROUBLED, PASSING, hostile(TROUBLED)):
        found = document(result)
        names = {one.name for one in fields(GateResult)} - {"policy_text"}
        assert found.keys() == names | {"version", "demur", "verdict"}
    assert document(hostile(TROUBLED))["policy"] == HOSTILE


def test_what_is_no_number_of_json_is_text_or_null() -> None:
    endless = judged("error", math.inf, math.nan, interval=(-math.inf, math.inf), p_value=math.nan)
    found = document(replace(PASSING, requirements=(required("a <= 1", endless),)))
    (judgement,) = found["requirements"][0]["judgements"]
    assert judgement["measured"]["value"] == "Infinity"
    assert judgement["measured"]["interval"] == {"low": "-Infinity", "high": "Infinity"}
    assert judgement["limit"] is None
    assert judgement["p_value"] is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.update(verdict="passed"),
        lambda found: found.update(version=2),
        lambda found: found.pop("requirements"),
        lambda found: found.update(more=1),
        lambda found: found["requirements"][0].pop("verdict"),
        lambda found: found["requirements"][0]["judgements"][0]["measured"].update(value="NaN"),
        lambda found: found["requirements"][0]["judgements"][0]["slice"].pop("name"),
        lambda found: found["problems"].append(["DM812"]),
    ],
)
def test_the_schema_refuses_what_is_otherwise(spoil: Callable[[dict[str, Any]], Any]) -> None:
    found = document(TROUBLED)
    spoil(found)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


@pytest.mark.parametrize(
    ("verdict", "settings", "require", "rows", "baseline"),
    [
        ("pass", "", ["wrong <= 0.5"], records(20, wrong=2), None),
        (
            "fail",
            "confidence: 0.9\nby: [request.tenant, request.tags]\nmin_slice: 5",
            ["wrong <= 0.05", "cost_p90 <= baseline * 1.1", "grade >= 3", "per_point <= 1"],
            [*records(40, wrong=20), *records(3, start=40, tenant="b"), record("z", score=None)],
            [*records(40, wrong=2), *records(3, start=40, tenant="b"), record("z")],
        ),
        ("error", "", ["wrong <= baseline"], records(5), None),
        ("error", "confidence: 0.9", ["cost <= 1"], [record("a", cost=None), record("b")], None),
        ("error", "", ["wrong <= baseline"], records(5), records(9)),
    ],
)
def test_real_results_are_as_the_schema_says(
    tmp_path: Path,
    verdict: str,
    settings: str,
    require: list[str],
    rows: list[dict[str, Any]],
    baseline: list[dict[str, Any]] | None,
) -> None:
    found = document(gate(policy(tmp_path, settings, *require), rows, baseline))
    assert found["verdict"] == verdict
    assert len(found["requirements"]) == len(require)
    assert found["records"] == len(rows)
