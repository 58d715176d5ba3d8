"""Data that is none of JSON's, such as NumPy's numbers, comes out of a journal as what the service had."""

from __future__ import annotations

from array import array
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import demur
from demur.measure.measuring import measure
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.runtime.aggregates import read_metrics
from demur.service.journal import Journal
from demur.service.journal.reading import Line, read_journal
from demur.service.journal.replay import Replay
from tests.runtime.test_forms_agree import evaluator as evaluator_of

TYPES = (
    "bool", "int", "double", "string", "bytes", "dyn", "{type: list, of: double}",
    "{type: list, of: string}", "{type: map, of: double}",
)  # fmt: skip
POLICY = f"""\
demur: 1
policy: other-data
about: A policy with a signal of each type.
owner: team@example.com
stages:
  request:
{"".join(f"    s{at}: {type}" + chr(10) for at, type in enumerate(TYPES))}
failures:
{"".join(f"  known-{at}: {{severity: info}}" + chr(10) for at in range(len(TYPES)))}
rules:
{
    "".join(
        f"  r{at}: {{when: request.s{at} == request.s{at}, then: flag, failure: known-{at}, "
        f"on_unknown: ignore}}" + chr(10)
        for at in range(len(TYPES))
    )
}
"""


class Shade(StrEnum):
    DARK = "dark"


class Level(IntEnum):
    HIGH = 5


VALUES: list[Any] = [
    np.float64(0.1), np.float64("nan"), np.float32(0.5), np.int64(5), np.uint8(5), np.bool_(True),
    np.str_("a"), np.bytes_(b"abc"), np.array([0.5]), np.array(["a"]), np.datetime64("2024-03-31"),
    bytearray(b"abc"), memoryview(b"abc"), array("d", [0.5]), b"abc", b"\xff", Shade.DARK, Level.HIGH,
    0.1, 5, True, "a", None, [np.float64(0.1)], [np.str_("a")], {"a": np.float64(0.1)},
    {np.str_("a"): 0.5}, {"a": b"x"}, ["a"], (0.5,), {0.5}, range(2), object(), 10**400,
]  # fmt: skip


@pytest.mark.parametrize("durable", [False, True])
def test_what_a_service_took_for_known_or_unknown_a_reader_does_too(
    tmp_path: Path, durable: bool
) -> None:
    evaluator = evaluator_of(POLICY)
    known: dict[str, set[str]] = {}
    with demur.Guard(evaluator, journal=Journal(tmp_path, durable=durable)) as guard:
        for at, value in enumerate(VALUES):
            with guard.trace(f"t{at}") as trace:
                check = trace.check(request={f"s{one}": value for one in range(len(TYPES))})
            known[f"t{at}"] = set(check.decision.failures)
    replay = Replay(evaluator)
    found = {
        str(one.value["id"]): (replay.decide(one), one.value["demur"].get("inexact", []))
        for one in read_journal(tmp_path)
        if isinstance(one, Line)
    }
    verdicts = {name: replayed.verdict for name, (replayed, _) in found.items()}
    # JSON has no bytes, and no other form within `dyn` would be taken for some.
    bytes_within = {f"t{at}" for at, one in enumerate(VALUES) if _holds_bytes(one)}
    assert {name for name, one in verdicts.items() if one != "same"} == bytes_within
    assert {verdicts[name] for name in bytes_within} == {"withheld"}
    made = plan(evaluator, read_metrics(evaluator, []), ())
    table = measure(connect(None), [str(tmp_path)], made, [()]).decided.table.to_pyarrow()
    for row in table.to_pylist():
        mine = {name for name in evaluator.policy.failures if row[f"failure:{name}"]}
        lost = {f"known-{TYPES.index('dyn')}"} if row["id"] in bytes_within else set[str]()
        assert mine == known[row["id"]] - lost, row["id"]


def _holds_bytes(value: Any) -> bool:
    return isinstance(value, bytes) or (isinstance(value, dict) and b"x" in value.values())


def test_a_number_of_numpy_is_written_as_that_number(tmp_path: Path) -> None:
    with (
        demur.Guard(evaluator_of(POLICY), journal=Journal(tmp_path)) as guard,
        guard.trace() as trace,
    ):
        trace.check(request={"s2": np.float64(0.1), "s6": [np.float64(0.5), 1]})
    (line,) = [one for one in read_journal(tmp_path) if isinstance(one, Line)]
    assert line.value["request"] == {"s2": 0.1, "s6": [0.5, 1]}
