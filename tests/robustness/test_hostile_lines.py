"""One line, many readers: what is no record for one of them is none for any."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from demur.cli import cli
from demur.diagnostics import Diagnostic
from demur.interop.records import read_records
from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents
from demur.language.compile import compile_file
from demur.measure.measuring import shapes_of
from demur.measure.plan import plan
from demur.measure.records import opening
from demur.measure.records.relation import UnreadableTable
from demur.runs.records import write_records
from demur.runtime.aggregates import read_metrics
from demur.runtime.bundle import parse_json
from demur.runtime.evaluator import Evaluator
from demur.service.journal import Journal
from demur.service.journal.reading import Damage, Line, read_journal
from demur.suites.cases import read_cases
from demur.suites.codes import SuiteError
from demur.suites.failure import CaseFailed
from demur.suites.records import parsed
from demur.suites.settings import Suite
from tests.engines.conftest import duckdb, engine, postgres, postgres_url, spark
from tests.robustness.hostile_lines import LINES, NO_RECORDS, RECORDS, file_of
from tests.service.journal.checks import check, compiled

__all__ = ["duckdb", "engine", "postgres", "postgres_url", "spark"]

POLICY = """\
demur: 1
policy: read
about: A policy whose records are read.
owner: team@example.com
stages:
  answer:
    score: {type: double, min: 0, max: 1}
    tags: {type: map, of: int, optional: true}
    text: string
rules:
  low: {when: 'answer.score < 0.5 || (has(answer.tags) && "b" in answer.tags)', then: abstain}
metrics:
  answered: rate(decision.answered)
suites: {all: {cases: cases.jsonl}}
gates:
  ship: {suites: [all], require: [answered >= 0.1]}
alerts:
  low: {when: answered < 0.1, window: 1h, no_data: ok, runbook: a.md}
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    ids = ("first", "hostile", "last")
    path.with_name("cases.jsonl").write_text(
        "".join(f'{{"id": "{one}"}}\n' for one in ids), "utf-8"
    )
    return path


def run(*words: object, input: bytes | None = None) -> Any:
    found = CliRunner().invoke(cli, [str(one) for one in words], input=input)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def decide(policy: Path, path: Path) -> bool:
    return run("decide", policy, path).exit_code == 0


def decide_stdin(policy: Path, path: Path) -> bool:
    return run("decide", policy, input=path.read_bytes()).exit_code == 0


def gate(policy: Path, path: Path) -> bool:
    found = run("gate", policy, "--results", path, "--no-keep")
    assert found.exit_code in (0, 3, 4), found.output
    assert found.exit_code != 4 or f"{path.name}:2:" in found.output
    return found.exit_code != 4


def monitor(policy: Path, path: Path) -> bool:
    words = ["--journal", path, "--at", "2026-11-26T18:30:00Z", "--format", "json"]
    found = run("monitor", policy, *words)
    told = json.loads(found.stdout)
    assert told["records"] in (2, 3)
    assert (found.exit_code == 4) == (told["unreadable"] == 1) == (told["records"] == 2)
    return told["unreadable"] == 0


def replay(policy: Path, path: Path) -> bool:
    return run("decide", policy, "--replay", path, "--any-digest").exit_code != 4


def journal(policy: Path, path: Path) -> bool:
    del policy
    return not any(isinstance(one, Damage) for one in read_journal(path))


def cases(policy: Path, path: Path) -> bool:
    suite = Suite("s", (path.name,), "python:a:b", 1, 1.0, 0, frozenset(), (), {})
    try:
        read_cases(suite, path.parent, Evaluator(*compile_file(policy)))
    except SuiteError as failure:
        return f"{path.name}:2:" not in str(failure)
    return True


def answer(policy: Path, path: Path) -> bool:
    """What a system answers by HTTP or on its standard output."""
    del policy
    line = path.read_bytes().split(b"\n")[1]
    try:
        parsed(line)
    except CaseFailed:
        return False
    return True


def results(policy: Path, path: Path) -> bool:
    """Others' results, as lines."""
    del policy
    try:
        list(documents(path))
    except ResultsError as failure:
        return f"{path.name}:2:" not in str(failure)
    return True


def kept(policy: Path, path: Path) -> bool:
    """The records of a run, as the store keeps them."""
    found = write_records(Evaluator(*compile_file(policy)), [str(path)], path.with_suffix(".gz"))
    return not found.without


READERS: Mapping[str, Callable[[Path, Path], bool]] = {
    one.__name__: one
    for one in (
        decide,
        decide_stdin,
        gate,
        monitor,
        replay,
        journal,
        cases,
        answer,
        results,
        kept,
    )
}
LIMITS = {"answer": {"a byte order mark"}}
"""What a reader of a single line rightly takes: there the mark is at the beginning."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", LINES)
def test_every_reader_takes_and_refuses_the_same_lines(
    policy: Path, tmp_path: Path, reader: str, name: str
) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(file_of(LINES[name]))
    is_good = READERS[reader](policy, path)
    assert is_good == (name in RECORDS or name in LIMITS.get(reader, ()))


@pytest.mark.parametrize("name", NO_RECORDS)
def test_of_files_too_large_to_look_at_a_gate_takes_nothing_that_reads_otherwise(
    policy: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the engine takes is said of the parts alone that no signal is read from, and of numbers.
    monkeypatch.setattr(opening, "CHECKED", 0)
    path = tmp_path / "lines.jsonl"
    path.write_bytes(file_of(NO_RECORDS[name]))
    taken = {
        "a comma before a brace",
        "a comma before a bracket",
        "nan",
        "inf",
        "too many digits",
        "a key twice in what no signal is",
        "a key twice in a list",
        "a key of the decision twice",
        "too deep",
        "far too deep",
    }
    # A case without a name of its own is an error of another kind.
    found = run("gate", policy, "--results", path, "--no-keep")
    assert (found.exit_code != 4) == (name in taken)


@pytest.mark.parametrize(
    "line",
    [
        b'{"results": [{"k": 1, "k": 2}]}',
        b'[{"user_input": "a", "response": {"b": 1, "b": 1}}]',
    ],
)
def test_a_key_that_stands_twice_in_a_document_is_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"\n\n" + line)
    with pytest.raises(ResultsError, match=r"results\.json:3: The key \"[kb]\" stands twice"):
        list(documents(path))


@pytest.mark.parametrize("engine", ["duckdb", "spark", "postgres"], indirect=True)
def test_every_engine_refuses_the_same_lines(engine: Any, policy: Path, tmp_path: Path) -> None:
    evaluator = Evaluator(*compile_file(policy))
    wanted = plan(evaluator, read_metrics(evaluator, ()), ()).wanted
    found: dict[str, bool] = {}
    for name, line in LINES.items():
        path = tmp_path / "lines.jsonl"
        path.write_bytes(file_of(line))
        try:
            opening.open_records(engine, [str(path)], wanted, shapes_of(evaluator.policy))
        except UnreadableTable:
            found[name] = False
        else:
            found[name] = True
    assert found == {name: name in RECORDS for name in LINES}


def test_names_that_are_no_text_are_refused_in_every_form_of_records(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,answer.score\nfirst,0.5\nh\0,0.5\n", "utf-8")
    arrow.parquet.write_table(arrow.table({"id": ["first", "h\0"]}), tmp_path / "a.parquet")
    for name, line in (("a.csv", 3), ("a.parquet", 2)):
        _, wrong = read_records(tmp_path / name)
        assert isinstance(wrong, Diagnostic)
        assert wrong.span is not None
        assert (wrong.code, wrong.span.start.line) == ("DM822", line)


@pytest.mark.parametrize("name", ["h\0", "h\ud800"])
def test_a_journal_writes_such_names_so_that_its_lines_can_be_read(
    tmp_path: Path, name: str
) -> None:
    with Journal(tmp_path) as kept:
        kept.observe(replace(check(compiled()), trace_id=name))
        kept.outcome(name, {"correct": True})
    decision, outcome = read_journal(tmp_path)
    assert isinstance(decision, Line)
    assert isinstance(outcome, Line)
    assert decision.trace_id == outcome.trace_id == {"h\0": "h\\0", "h\ud800": "h\\ud800"}[name]


def test_a_bundle_with_a_key_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        parse_json(b'{"a":{"b":1,"b":1}}')
