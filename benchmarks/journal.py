"""The journal against `json.dumps` and `write` by hand, which masks nothing and may lose anything."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import demur
from benchmarks.decisions import POLICY, record
from benchmarks.measuring import Measurement, paired
from demur.service.check import Check
from demur.service.journal import Journal

LINES = 500
"""Lines of one timing; fewer than the queue holds, so that none is lost."""


@cache
def policy() -> demur.Evaluator:
    """The benchmark's policy."""
    return demur.load(POLICY)


def check(
    evaluator: demur.Evaluator,
    trace_id: str = "4bf92f3577b34da6a3ce929d0e0e4736",
    tenant: str = "acme",
) -> Check:
    """A final check of a record that two rules decline."""
    given = record(confidence=0.4, citations=[])
    given["request"]["tenant"] = tenant
    return Check(
        time=time.time(),
        trace_id=trace_id,
        span_id="00f067aa0ba902b7",
        stage="answer",
        record=given,
        decision=evaluator.decide(given),
        evaluator=evaluator,
        duration=1e-5,
        elapsed=2e-3,
        is_final=True,
    )


def measure() -> Iterator[Measurement]:
    """Lines that reach the file, and what a request pays for one."""
    one = check(policy())
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        journal.observe(one)
        journal.flush()
        line = json.loads(next(Path(folder).glob("journal/*.jsonl")).read_text("utf-8"))
        by_hand = (Path(folder) / "by_hand.jsonl").open("w", encoding="utf-8")

        def own() -> None:
            for _ in range(LINES):
                journal.observe(one)
            journal.flush()

        def other() -> None:
            for _ in range(LINES):
                by_hand.write(json.dumps(_line(one, line)) + "\n")
            by_hand.flush()

        yield paired(f"journal, {LINES} lines into the file", own, other)
        assert journal.status().lost == {}
        durable = Journal(Path(folder) / "durable", durable=True)

        def synced() -> None:
            import os

            by_hand.write(json.dumps(_line(one, line)) + "\n")
            by_hand.flush()
            os.fsync(by_hand.fileno())

        yield paired("  durable, one line and its fsync", lambda: durable.write(one), synced)
        journal.close()
        durable.close()
        by_hand.close()


def _line(one: Check, like: dict[str, Any]) -> dict[str, Any]:
    """What someone would write by hand: the record, the decision, and who made it."""
    decision = one.decision
    return {
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        "time": one.time,
        "demur": like["demur"],
        **one.record,
        "decision": {
            "action": decision.action,
            "answered": decision.answered,
            "declined": decision.stops,
            "rule": decision.rule,
            "rules": [fired.name for fired in decision.firings],
            "failure": decision.failure,
            "failures": list(decision.failures),
            "message": decision.message,
        },
    }


if __name__ == "__main__":
    for measurement in measure():
        print(measurement.line())
