"""A journal decided again comes out the same, or says where and why not."""

from __future__ import annotations

import json
import math
import random
from collections import UserDict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from demur.cli import cli
from demur.functions.values import Duration, Timestamp, Unavailable
from demur.runtime.evaluator import Evaluator
from demur.service.journal import Journal, Masking
from demur.service.journal.folder import segments
from demur.service.journal.line import Layout
from demur.service.journal.reading import Line, lost, outcomes
from demur.service.journal.replay import Replay, Replayed
from tests.service.journal.checks import POLICY, UNREAD, check, compiled, lines, record

TYPES = """\
demur: 1
policy: types
about: Every type of signal.
owner: team@example.com
stages:
  request:
    flag: bool
    number: {type: int, min: -10, max: 10}
    natural: uint
    share: {type: double, min: 0, max: 1}
    name: {type: string, max_size: 8}
    raw: {type: bytes, max_size: 8}
    at: timestamp
    span: duration
    anything: dyn
    names: {type: list, of: string, max_size: 3}
    weights: {type: map, of: double}
    model: {type: object, fields: {name: string, heat: {type: double, optional: true}}}
    documents: {type: list, of: {id: string, score: double, when: {type: timestamp, optional: true}}}
OPTIONAL
rules:
  flag: {when: request.flag, then: flag}
  number: {when: request.number > 3, then: flag}
  natural: {when: request.natural > 3u, then: flag}
  share: {when: request.share > 0.5, then: flag}
  name: {when: "request.name == 'x'", then: flag}
  raw: {when: "request.raw == b'x'", then: flag}
  at: {when: "request.at > timestamp('2026-01-01T00:00:00Z')", then: flag}
  span: {when: "request.span > duration('1h')", then: flag}
  anything: {when: "string(type(request.anything)) == 'x' || request.anything == 1", then: flag}
  names: {when: size(request.names) > 1, then: flag}
  weights: {when: "'w' in request.weights && request.weights.w > 0.5", then: flag}
  heat: {when: has(request.model.heat) && request.model.heat > 0.5, then: flag}
  model: {when: "request.model.name == 'm'", then: flag}
  documents: {when: "request.documents.exists(d, d.score > 0.5)", then: flag}
  ids: {when: "request.documents.all(d, d.id == 'a')", then: flag}
  whens: {when: "request.documents.exists(d, has(d.when))", then: flag}
"""
TYPES = TYPES.replace("string(type(request.anything)) == 'x' || ", "")
NAMES = "flag number natural share name raw at span anything names weights model documents".split()
OPTIONAL = "\n".join(
    [
        "    o_name: {type: string, optional: true}",
        "    o_share: {type: double, optional: true}",
        "    o_any: {type: dyn, optional: true}",
        "    o_map: {type: map, of: double, optional: true}",
        "    o_model: {type: object, fields: {name: string}, optional: true}",
        "    o_at: {type: timestamp, optional: true}",
    ]
)
ASKED = "".join(
    f"  has-{name.replace('_', '-')}: {{when: has(request.{name}), then: fallback}}\n"
    f"  not-{name.replace('_', '-')}: {{when: '!has(request.{name})', then: escalate}}\n"
    for name in ("o_name", "o_share", "o_any", "o_map", "o_model", "o_at")
)
NAMES += "o_name o_share o_any o_map o_model o_at".split()
EVERY = compiled(TYPES.replace("OPTIONAL", OPTIONAL) + ASKED)


class Text(str):
    """Text of a class of its own."""


class Odd:
    """What JSON has no form for."""


VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 5, 11, 2**63, 2**64, -(2**63) - 1, 10**400, 10**5000,
    0.0, -0.0, 0.25, 0.75, 1.5, math.nan, math.inf, -math.inf, 1e308,
    "", "x", "m", "NaN", "eHg=", "2026-11-26T18:51:27Z", "1h30m", "too long a text", "\ud800", "\u0000",
    Text("x"), b"x", b"eHg=", bytearray(b"x"), [], ["x"], ["x", "y"], ["x"] * 5, ("x", "y"), {"x"},
    frozenset({"x"}), [1, 2], ["x", None], [math.nan], [object()], {}, {"w": 0.75}, {"w": math.nan},
    {1: 0.5}, {"name": "m"}, {"name": "m", "heat": 0.75}, {"name": b"m", "heat": math.nan},
    {"name": "m", "heat": Unavailable("failed", "failed")}, UserDict({"name": "m"}),
    UserDict({"w": 0.75}),
    [{"id": "a", "score": 0.75}], [{"id": "a", "score": math.nan}, {"id": "b", "score": 0.1}],
    [{"id": "a"}, 7], [{"id": "a", "score": 0.75, "when": datetime(2026, 1, 1, tzinfo=UTC)}],
    [{"id": "a", "score": 1, "when": datetime(2026, 1, 1)}],  # noqa: DTZ001
    datetime(2026, 11, 26, 1, 2, 3, 4, tzinfo=UTC), datetime(2026, 11, 26),  # noqa: DTZ001
    timedelta(hours=2, microseconds=1), Timestamp(1_790_000_000_123_456_789), Duration(-1),
    Duration(5_400_000_000_123), Odd(), object, Unavailable("timed_out", "did not come in time"),
    {"deep": [{"er": b"x"}]}, {"deep": [{"er": 1.5}]}, {"deep": math.nan}, 10**30, {"demur": 1},
]  # fmt: skip


def replayed(
    policy: Evaluator, given_record: dict[str, Any], masking: Masking | None = None
) -> Replayed:
    """A check's line read back and decided again."""
    layout = Layout(policy, masking or Masking())
    encoded = layout.decision_line(check(policy, given_record, stage=policy.stages[-1]))
    return Replay(policy).decide(Line(Path("x"), 1, json.loads(encoded)))


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_every_type_decides_the_same_read_back(name: str) -> None:
    for value in VALUES:
        found = replayed(EVERY, {"request": {name: value}})
        inexact = found.line.value["demur"].get("inexact")
        assert found.verdict == ("withheld" if inexact else "same"), (value, found)
        assert not inexact or (
            name in ("anything", "o_any") and "b'" in repr(value).replace('"', "'")
        )


@given(st.integers(0, 2**32))
def test_records_of_any_values_decide_the_same_read_back(seed: int) -> None:
    pick = random.Random(seed)
    names = pick.sample(NAMES, pick.randint(1, len(NAMES)))
    plain = [one for one in VALUES if not any(isinstance(part, bytes) for part in _parts(one))]
    found = replayed(EVERY, {"request": {name: pick.choice(plain) for name in names}})
    assert found.verdict == "same", found


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [part for one in value.values() for part in _parts(one)]
    return [part for one in value for part in _parts(one)] if isinstance(value, list) else [value]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(NAMES),
)
def test_any_json_decides_the_same_read_back(value: Any, name: str) -> None:
    assert replayed(EVERY, {"request": {name: value}}).verdict == "same"


@pytest.mark.parametrize(
    "masking", [Masking(), Masking("hash", key=b"k" * 16), Masking("partial")], ids=lambda m: m.mode
)
def test_a_decision_that_turns_on_a_masked_signal_is_never_called_the_same(
    masking: Masking,
) -> None:
    policy = compiled(POLICY)
    found = replayed(policy, record(), masking)
    assert found.verdict == "withheld"
    assert found.signals == ("request.text",)
    unread = replayed(compiled(UNREAD), record(), masking)
    assert unread.verdict == "same"


def test_what_holds_whatever_the_masked_value_was_is_the_same() -> None:
    policy = compiled(POLICY.replace("size(request.text) == 0", "size(request.text) == 0 || true"))
    assert replayed(policy, record()).verdict == "same"


def test_an_absent_personal_signal_was_not_masked_and_replays() -> None:
    given_record = record()
    del given_record["request"]["text"]
    assert replayed(compiled(POLICY), given_record).verdict == "same"
    policy = compiled(UNREAD.replace("request.tokens > 1000", "has(request.nickname)"))
    assert replayed(policy, record()).verdict == "same"
    given_record = record()
    given_record["request"]["nickname"] = "Ada"
    assert replayed(policy, given_record).signals == ("request.nickname",)


def test_a_masked_field_of_documents_leaves_their_other_fields_to_replay() -> None:
    scores = UNREAD.replace("request.tokens > 1000", "retrieval.documents.exists(d, d.score > 0.5)")
    assert replayed(compiled(scores), record()).verdict == "same"
    authors = UNREAD.replace(
        "request.tokens > 1000", 'retrieval.documents.exists(d, d.author == "")'
    )
    assert replayed(compiled(authors), record()).verdict == "withheld"


def test_bypassed_decisions_replay_as_what_was_decided(tmp_path: Path) -> None:
    policy = compiled()
    with Journal(tmp_path) as journal:
        journal.observe(check(policy, record(confidence=0.1), bypass="incident 12"))
    (line,) = lines(tmp_path)
    assert Replay(policy).decide(line).verdict == "same"


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli, ["decide", *map(str, arguments)])


def written(tmp_path: Path, text: str = UNREAD) -> tuple[Path, Path]:
    """A policy file, and a journal of six traces by it."""
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text(text, encoding="utf-8")
    policy = compiled(text)
    folder = tmp_path / "journal"
    with Journal(folder, maximum_bytes=3_000) as journal:
        for at in range(6):
            journal.observe(check(policy, trace_id=f"t{at}", is_final=False, stage="request"))
            journal.observe(check(policy, record(confidence=at / 5), trace_id=f"t{at}"))
            journal.outcome(f"t{at}", {"correct": True})
            journal.flush()
    return policy_file, folder


def test_the_command_finds_every_decision_the_same(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    found = run(policy_file, "--replay", folder)
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == "12 decisions made again: 0 different.\n"


def test_the_command_names_what_is_not_the_same(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    for path in segments(folder):
        text = path.read_text("utf-8")
        path.write_text(text.replace('"confidence":0.8', '"confidence":0.6'), encoding="utf-8")
    found = run(policy_file, "--replay", folder)
    assert found.exit_code == 1
    assert found.stdout == (
        "t4 at answer: action answer → abstain; rule (none) → low-confidence; "
        "rules [] → [low-confidence]; failure (none) → doubtful; failures [] → [doubtful]\n"
    )
    (data,) = map(
        json.loads,
        run(policy_file, "--replay", folder, "--format", "jsonl").stdout.split("\n")[:-1],
    )
    assert (data["trace_id"], data["verdict"]) == ("t4", "different")
    assert (data["before"]["action"], data["after"]["action"]) == ("answer", "abstain")


def test_lines_of_another_policy_are_counted_and_on_request_compared(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    policy_file.write_text(UNREAD.replace("< 0.7", "< 0.9"), encoding="utf-8")
    found = run(policy_file, "--replay", folder)
    assert found.exit_code == 3
    assert "12 by another policy than sha256:" in found.stderr
    compared = run(policy_file, "--replay", folder, "--any-digest")
    assert compared.exit_code == 1
    assert compared.stdout.startswith("t4 at answer, by another policy: action answer → abstain")
    policy_file.write_text(UNREAD.replace("answer:", "reply:").replace("answer.", "reply."))
    gone = run(policy_file, "--replay", folder, "--any-digest")
    assert "t0 at answer, by another policy: the policy has no such stage" in gone.stdout


def test_lines_that_turn_on_personal_signals_are_counted_apart(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path, POLICY)
    found = run(policy_file, "--replay", folder)
    assert found.exit_code == 3
    assert "0 decisions made again: 0 different." in found.stderr
    assert "12 cannot be replayed" in found.stderr
    assert "request.text (12)" in found.stderr


def test_what_cannot_be_read_is_a_failure_and_a_cut_line_a_note(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    last = segments(folder)[-1]
    last.write_bytes(last.read_bytes()[:-5])
    cut = run(policy_file, "--replay", folder)
    assert cut.exit_code == 0
    assert "1 segment cut within the last line" in cut.stderr
    with last.open("ab") as file:
        file.write(b"\n")
    bad = run(policy_file, "--replay", folder)
    assert bad.exit_code == 4
    assert "DM950: No JSON value begins with `t`." in bad.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    none = run(policy_file, "--replay", empty)
    assert none.exit_code == 4
    assert "DM951" in none.stderr
    assert "Traceback" not in none.output


def forged(folder: Path, was: str, now: str) -> None:
    """The journal with this in place of that in each line."""
    for path in segments(folder):
        text = path.read_text("utf-8")
        assert was in text
        path.write_text(text.replace(was, now), encoding="utf-8")


@pytest.mark.parametrize("stage", ['["answer"]', '{"a": 1}', "5", "true", '"other"'])
def test_what_stands_for_a_stage_and_is_none_is_not_the_same(tmp_path: Path, stage: str) -> None:
    policy_file, folder = written(tmp_path)
    forged(folder, '"stage":"answer","roll', f'"stage":{stage},"roll')
    found = run(policy_file, "--replay", folder)
    assert (found.exit_code, "Internal" in found.output) == (1, False)
    lines = found.stdout.splitlines()
    assert lines
    assert all(line.endswith("the policy has no such stage") for line in lines)


def test_a_forged_stage_commands_neither_a_terminal_nor_a_log(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    forged(folder, '"stage":"answer","roll', '"stage":"\\u001b[2J\\n::error::x","roll')
    found = run(policy_file, "--replay", folder)
    assert "\x1b" not in found.stdout
    assert "\n::" not in found.stdout
    assert "the policy has no such stage" in found.stdout


def test_a_forged_line_takes_back_nothing_of_what_others_say_is_lost(tmp_path: Path) -> None:
    for number, counted in (("-7", 0), ("7", 7), ('"x"', 0)):
        line = Line(tmp_path, 1, {"demur": {"kind": "lost", "lost": json.loads(number)}})
        assert lost(line) == counted


@pytest.mark.parametrize("told", ['"correct"', "[1]", "5", "null"])
def test_an_outcome_that_is_no_object_tells_nothing(tmp_path: Path, told: str) -> None:
    line = f'{{"trace_id": "t", "demur": {{"journal": 1, "kind": "outcome"}}, "outcome": {told}}}'
    path = tmp_path / "journal-20260101T000000Z-1-000001.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert outcomes(path) == {"t": {}}


def test_options_that_do_not_go_with_replay_are_refused(tmp_path: Path) -> None:
    policy_file, folder = written(tmp_path)
    assert run(policy_file, "--replay", folder, "--stage", "answer").exit_code == 2
    assert run(policy_file, "--any-digest").exit_code == 2
