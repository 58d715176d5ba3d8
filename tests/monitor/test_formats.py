"""What programs read keeps to its schema, and a terminal obeys nothing that a record says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from demur.monitor.formats import FORMATS, write
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator
from tests.conftest import ROOT
from tests.monitor.receiving import receiving
from tests.monitor.traffic import MINUTE, evaluations, policy, steady

SCHEMA = json.loads((ROOT / "schemas" / "alerts.schema.json").read_text("utf-8"))
HOSTILE = "b\x1b[31m\n\u202e</script>"


def valid(content: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(content, SCHEMA, cls=jsonschema.Draft202012Validator)


def found(folder: Path, settings: str) -> tuple[Evaluator, list[Evaluation]]:
    evaluator = policy(folder, settings)
    rows = [
        *steady(evaluator, 10, bad=1),
        *steady(evaluator, 5, bad=6, start=10, tenant=HOSTILE),
        *steady(evaluator, 5, start=10),
    ]
    return evaluator, list(evaluations(folder, evaluator, rows, (5, 12, 14, 30)).values())


@pytest.mark.parametrize(
    "settings",
    [
        "when: low > 0.2\nwindow: 2m\nby: [request.tenant]",
        "when: low > baseline * 2\nwindow: 2m\nagainst: 5m\nconfidence: 0.95",
        "when: latency > 1e300\nwindow: 2m",
        "slo: {metric: low, objective: 0.99, window: 1h}",
    ],
)
def test_json_keeps_to_its_schema(tmp_path: Path, settings: str) -> None:
    evaluator, evaluated = found(tmp_path, settings)
    for one in evaluated:
        text = write("json", one, evaluator)
        assert text.count("\n") == 1
        valid(json.loads(text))


def test_what_a_webhook_gets_keeps_to_the_schema(tmp_path: Path) -> None:
    from demur.monitor.deliver import Receiver, deliver

    evaluator, evaluated = found(tmp_path, "when: low > 0.2\nwindow: 2m\nby: [request.tenant]")
    with receiving() as received:
        for one in evaluated:
            deliver(one, evaluator, [Receiver("webhook", received.url)], {}, MINUTE)
    assert received.messages
    for _, content in received.messages:
        valid(content)


def test_hostile_slices_are_text_on_a_terminal(tmp_path: Path) -> None:
    evaluator, evaluated = found(tmp_path, "when: low > 0.2\nwindow: 2m\nby: [request.tenant]")
    shown = "".join(write("text", one, evaluator) for one in evaluated)
    assert "request.tenant = b" in shown
    assert "\x1b[31m\n" not in shown
    assert "\u202e" not in shown


def test_formats_are_found_by_their_folder() -> None:
    assert FORMATS == ("json", "text")
