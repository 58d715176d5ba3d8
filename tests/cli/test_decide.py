"""`demur decide`: one decision for each record, in order, and nothing skipped in silence."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import demur
from demur import Guard
from demur.cli.progress import Progress
from demur.service.journal import Journal, Masking
from tests.cli.conftest import Run
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "schemas" / "decision.schema.json").read_text(encoding="utf-8"))

SURE = {"request": {"intent": "billing", "text": "hello"}, "answer": {"confidence": 0.9}}
UNSURE = {**SURE, "answer": {"confidence": 0.6}}
PERSON = {"request": {"intent": "billing", "text": "person"}, "answer": {"confidence": 0.9}}
OTHER = {"request": {"intent": "other", "text": "secret name"}, "answer": {"confidence": 0.9}}


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def decisions(result: Result) -> list[dict[str, object]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for one in found:
        jsonschema.validate(one, SCHEMA)
    return found


def actions(result: Result) -> list[object]:
    return [one["action"] for one in decisions(result)]


def test_each_record_gives_a_decision_in_order(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, input=lines(SURE, UNSURE, PERSON, OTHER))
    assert actions(result) == ["answer", "abstain", "escalate", "refuse"]
    assert result.exit_code == 0
    assert result.stderr == ""


def test_file_and_standard_input_give_the_same(run: Run, bundle: Path, tmp_path: Path) -> None:
    text = lines(SURE, UNSURE, {})
    (tmp_path / "records.jsonl").write_text(text, encoding="utf-8")
    assert run("decide", bundle, "records.jsonl").stdout == run("decide", bundle, input=text).stdout


def test_identity_of_the_record_is_repeated(run: Run, bundle: Path) -> None:
    records = lines({"id": "a", "trace_id": "t", **SURE}, {"id": 7, **SURE}, {"id": [1], **SURE})
    first, second, third = decisions(run("decide", bundle, input=records))
    assert (first["id"], first["trace_id"]) == ("a", "t")
    assert second["id"] == 7
    assert "id" not in third


@pytest.mark.parametrize("confidence", [math.nan, math.inf, None, "0.9", 1.5])
def test_unknown_signal_is_decided_by_policy(run: Run, bundle: Path, confidence: object) -> None:
    record = {**SURE, "answer": {"confidence": confidence}}
    result = run("decide", bundle, input=lines(record))
    [decision] = decisions(result)
    assert (decision["action"], decision["failure"]) == ("abstain", "contract_violation")
    assert result.exit_code == 0


def test_malformed_lines_are_reported_and_the_rest_decided(run: Run, bundle: Path) -> None:
    text = lines(SURE) + '{"a": 1, "a": 2}\nnope\n' + lines(OTHER)
    result = run("decide", bundle, input=text)
    assert actions(result) == ["answer", "refuse"]
    assert result.exit_code == 4
    first, second, last = result.stderr.splitlines()
    assert first.startswith('<stdin>:2:10: error[DM723]: The key "a" stands twice')
    assert second.startswith("<stdin>:3:1: error[DM721]")
    assert last == "2 of 4 lines could not be read."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_no_input_is_a_traceback(run: Run, bundle: Path, data: bytes) -> None:
    result = run("decide", bundle, "--explain", input=data)
    assert result.exit_code in (0, 4)
    assert "Internal error" not in result.output


def test_strict_reports_unknown_signals_and_does_not_decide_them(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, "--strict", input=lines(SURE, {"request": SURE["request"]}))
    assert actions(result) == ["answer"]
    assert result.exit_code == 4
    assert result.stderr == (
        "<stdin>:2:1: error[DM727]: Not decided: answer.confidence: is absent.\n"
        "1 of 2 lines could not be decided.\n"
    )


def test_stage_limits_the_rules(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, "--stage", "request", input=lines({"request": SURE["request"]}))
    [decision] = decisions(result)
    assert (decision["action"], decision["stage"]) == ("answer", "request")


def test_unknown_stage_is_wrong_usage(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, "--stage", "anser", input="")
    assert result.exit_code == 2
    assert "Did you mean `answer`?" in result.stderr


def test_parameter_changes_the_decision_and_the_digest(run: Run, bundle: Path) -> None:
    [before] = decisions(run("decide", bundle, input=lines(UNSURE)))
    [after] = decisions(run("decide", bundle, "--param", "least=0.5", input=lines(UNSURE)))
    assert (before["action"], after["action"]) == ("abstain", "answer")
    assert before["digest"] != after["digest"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("least", "NAME=VALUE"),
        ("leest=0.5", "Did you mean `least`?"),
        ("least=2", "params.least"),
        ("least=x", "params.least"),
        ("least=[1]", "params.least"),
        ("least=NaN", "params.least"),
    ],
)
def test_wrong_parameter_is_wrong_usage(run: Run, bundle: Path, given: str, words: str) -> None:
    result = run("decide", bundle, "--param", given, input=lines(SURE))
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_fail_on_fails_for_its_actions_alone(run: Run, bundle: Path) -> None:
    records = lines(SURE, OTHER)
    assert run("decide", bundle, "--fail-on", "refuse,abstain", input=records).exit_code == 1
    assert run("decide", bundle, "--fail-on", "escalate", input=records).exit_code == 0
    wrong = run("decide", bundle, "--fail-on", "refuze", input=records)
    assert wrong.exit_code == 2
    assert "Did you mean `refuse`?" in wrong.stderr


def test_no_records_are_said_and_do_not_pass_for_fail_on(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, input="\n")
    assert (result.exit_code, result.stderr) == (0, "There were no records.\n")
    assert run("decide", bundle, "--fail-on", "refuse", input="\n").exit_code == 4


def test_policy_without_rules_says_that_it_answers_everything(run: Run, tmp_path: Path) -> None:
    header = "demur: 1\npolicy: empty\nversion: 1.0.0\nabout: Nothing.\nowner: team@example.com\n"
    (tmp_path / "policy.yaml").write_text(header, encoding="utf-8")
    result = run("decide", "policy.yaml", input="{}\n")
    assert actions(result) == ["answer"]
    assert result.stderr == "No rule runs here, so every record is answered.\n"


def test_text_is_one_line_a_record(run: Run, bundle: Path) -> None:
    result = run("decide", bundle, "--format", "text", input=lines({"id": "a", **UNSURE}, SURE))
    assert result.stdout == (
        "1 (id a): abstain by low-confidence (low_confidence): I'm not sure.\n2: answer\n"
    )


EXPLAINED = """\
1 (id a): refuse by supported-intent (out_of_scope): I can help with billing and shipping.
  true    supported-intent -> refuse
          !(request.intent in ["billing", "shipping"])
          request.intent = "other"
  true    person-asked-for -> escalate
          request.text == "person"
          request.text = "<pii>"
  not reached  low-confidence

2 (id b): abstain by low-confidence (contract_violation): Something I need is missing.
  false   supported-intent
  false   person-asked-for
  unknown low-confidence -> abstain
          answer.confidence < params.least
          answer.confidence = nan, which is not a number (NaN)
  unknown:
    answer.confidence is not a number (NaN) (leaves open: low-confidence)

3: abstain by low-confidence (low_confidence): I'm not sure.
  why: confidence 0.6
  false   supported-intent
  false   person-asked-for
  true    low-confidence -> abstain
          answer.confidence < params.least
          answer.confidence = 0.6

"""


def test_explanation_shows_each_rule_and_masks_personal_values(run: Run, bundle: Path) -> None:
    bad = {
        "id": "a",
        "request": {"intent": "other", "text": "person"},
        "answer": {"confidence": math.nan},
    }
    nan = {"id": "b", "request": SURE["request"], "answer": {"confidence": math.nan}}
    result = run("decide", bundle, "--explain", input=lines(bad, nan, UNSURE))
    assert result.stdout == EXPLAINED


def test_explanation_writes_nothing_that_a_terminal_obeys(run: Run, bundle: Path) -> None:
    record = {**SURE, "id": "\x1b[2J\x07"}
    result = run("decide", bundle, "--explain", input=lines(record))
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


def test_explanation_as_jsonl_is_wrong_usage(run: Run, bundle: Path) -> None:
    assert run("decide", bundle, "--explain", "--format", "jsonl", input="").exit_code == 2


def test_output_file_holds_the_decisions(run: Run, bundle: Path, tmp_path: Path) -> None:
    result = run("decide", bundle, "-o", "decisions.jsonl", input=lines(SURE, OTHER))
    assert result.stdout == ""
    written = (tmp_path / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["action"] for line in written] == ["answer", "refuse"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["decisions.jsonl", "small.demur"]


def test_unreadable_records_leave_the_old_output_alone(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "decisions.jsonl").write_text("old", encoding="utf-8")
    result = run("decide", bundle, "missing.jsonl", "-o", "decisions.jsonl")
    assert result.exit_code == 4
    assert "missing.jsonl: No such file or directory" in result.stderr
    assert (tmp_path / "decisions.jsonl").read_text(encoding="utf-8") == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_folder_for_records_could_not_be_read(run: Run, bundle: Path, tmp_path: Path) -> None:
    result = run("decide", bundle, tmp_path)
    assert result.exit_code == 4
    assert "Traceback" not in result.stderr


def test_parquet_is_decided_as_jsonl_is(run: Run, bundle: Path, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    records = [SURE, UNSURE, PERSON, OTHER]
    parquet.write_table(pyarrow.Table.from_pylist(records), tmp_path / "records.parquet")
    result = run("decide", bundle, "records.parquet")
    assert result.stdout == run("decide", bundle, input=lines(*records)).stdout


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("decided")
    progress.advance(1_000_000)
    progress.close()
    assert capsys.readouterr().err == ""


def test_progress_is_drawn_for_a_long_run_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = Progress("decided")
    progress.advance(1)
    monkeypatch.setattr("demur.cli.progress.time.monotonic", lambda: math.inf)
    progress.advance(1_000_000)
    progress.close()
    assert "decided 1,000,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    "masking", [Masking("drop"), Masking("hash", b"k" * 16), Masking("partial")]
)
def test_what_a_line_of_a_journal_masks_is_unknown_without_replay_too(
    run: Run, tmp_path: Path, masking: Masking
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "demur: 1\npolicy: p\nabout: a\nowner: o\n"
        "stages:\n  request:\n    email: {type: string, pii: true}\n"
        "    on: {type: string, optional: true, pii: true}\n"
        "rules:\n  bad: {when: request.email == 'mallory@example.com', then: refuse}\n"
        "  known: {when: has(request.on), then: refuse}\n"
    )
    journal = Journal(tmp_path / "journal", masking=masking)
    with Guard(demur.load(policy), journal=journal) as guard, guard.trace() as trace:
        assert trace.check(request={"email": "mallory@example.com", "on": "abcdefghij"}).stops
    (segment,) = (tmp_path / "journal").glob("*.jsonl")
    assert actions(run("decide", policy, segment)) == ["abstain"]
