"""Each place that text is written to, each kind of text that it would obey, wherever such text can stand."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click import unstyle
from click.testing import CliRunner
from ruamel.yaml import YAML

from demur.cli import cli
from demur.diagnostics import Checked, Diagnostic, Position, Severity, Span
from demur.export import grafana, prometheus
from demur.export.docs.foreign import harmless
from demur.export.names import StrangeName
from demur.interop.runbooks import section
from demur.language.compile import compile_file
from demur.monitor import formats as monitor_formats
from demur.monitor.receivers import alertmanager
from demur.monitor.run import Evaluation
from demur.report import FORMATS, gates, trends, write
from demur.report.explanation import explain
from demur.report.inspection import draw, inspect
from demur.runtime.bundle import encode
from demur.runtime.evaluator import Evaluator
from demur.testing import formats as testing_formats
from demur.testing.coverage import Coverage
from demur.testing.results import CaseResult, FileResult, TestReport
from tests.conftest import ROOT
from tests.export.promtool import promtool
from tests.monitor.traffic import evaluations, steady
from tests.monitor.traffic import policy as watched
from tests.report import trend_pages
from tests.report.gate_pages import TROUBLED, hostile
from tests.sinks.hostile_texts import TEXTS
from tests.sinks.reading import (
    acts_in_a_log,
    acts_in_html,
    acts_in_markdown,
    acts_in_slack,
    texts_of_json,
    texts_of_xml,
)

each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
POLICY = ROOT / "benchmarks" / "rag_policy.yaml"


def lint(format: str, text: str) -> str:
    place = Span(text, Position(1, 1), Position(1, 3))
    finding = Diagnostic("DM304", "name", Severity.ERROR, text, place, text)
    results = [Checked(text, f"{text}\n{text}", (finding, replace(finding, span=None)))]
    return write(format, results, {"DM304": ("name", text, text)})


def gate(format: str, text: str) -> str:
    return gates.write(format, hostile(TROUBLED, text))


def trend(format: str, text: str) -> str:
    return trends.write(format, trend_pages.hostile(text))


def of_tests(format: str, text: str) -> str:
    finding = Diagnostic("DM601", "name", Severity.ERROR, text, None, text)
    place = Span(text, Position(1, 1), Position(1, 3))
    case = CaseResult(text, place, ())
    file = FileResult(text, text, "sha256:0", {}, (case,), (finding,), {text: text})
    made = TestReport((file,), Coverage(()), None, (finding,))
    return testing_formats.write(format, made, testing_formats.Options(every_test=True))


REPORTS: Mapping[str, tuple[Callable[[str, str], str], tuple[str, ...]]] = {
    "lint": (lint, FORMATS),
    "gate": (gate, gates.FORMATS),
    "trend": (trend, trends.FORMATS),
    "test": (of_tests, testing_formats.FORMATS),
}


def assert_harmless(format: str, written: str, text: str) -> None:
    """Nothing in it acts, and whoever reads the format finds the text where the format can hold it."""
    commands = ("::error ", "::warning ", "::notice ") if format == "github" else ()
    assert acts_in_a_log(unstyle(written) if format == "text" else written, commands=commands) == []
    match format:
        case "json" | "sarif":
            texts = texts_of_json(written)
            assert any(text in one for one in texts) or format == "sarif"
        case "junit":
            texts_of_xml(written)
        case "html":
            assert acts_in_html(written) == []
        case "markdown":
            assert acts_in_markdown(written) == []
        case "github":
            assert all(line.startswith(commands) for line in written.splitlines())
        case _:
            assert "\x1b" not in unstyle(written)


@each_text
@pytest.mark.parametrize(
    ("kind", "format"), [(kind, one) for kind, (_, names) in REPORTS.items() for one in names]
)
def test_no_report_acts(kind: str, format: str, text: str) -> None:
    assert_harmless(format, REPORTS[kind][0](format, text), text)


@each_text
def test_what_a_terminal_shows_of_a_forged_bundle_does_not_act(text: str) -> None:
    forged = forge(text)
    assert acts_in_a_log(unstyle(draw(inspect(forged)))) == []
    record: Mapping[str, Any] = {"answer": {"confidence": 0.1}, "request": {"text": text}}
    assert acts_in_a_log(unstyle(explain(forged, forged.decide(record), record))) == []


def changed(thing: Any, **changes: Any) -> Any:
    """A policy, rule or response with some of its parts others."""
    parts = {name: getattr(thing, name) for name in type(thing).__slots__}
    return type(thing)(**{**parts, **changes})


def forge(text: str) -> Evaluator:
    """A policy as a bundle can hold it: with the text in the place of its names."""
    policy, _ = compile_file(POLICY)
    told = {"failure": text, "say": (text,), "why": (text,)}
    rules = tuple(
        changed(one, name=text, response=changed(one.response, **told)) for one in policy.rules
    )
    names = dict.fromkeys(("name", "about", "owner", "runbook"), text)
    forged = changed(policy, **names, rules=rules, failures={text: {}})
    return Evaluator(forged, f"sha256:{'0' * 64}")


@each_text
@pytest.mark.parametrize("command", [("inspect",), ("inspect", "--format", "json"), ("verify",)])
def test_commands_over_a_forged_bundle_do_not_act(
    tmp_path: Path, command: tuple[str, ...], text: str
) -> None:
    path = tmp_path / "forged.bundle"
    path.write_bytes(encode(forge(text).policy))
    found = CliRunner().invoke(cli, [*command, str(path)])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert acts_in_a_log(found.output) == []


@each_text
def test_a_forged_name_is_not_written_into_another_language(tmp_path: Path, text: str) -> None:
    del tmp_path
    forged = forge(text)
    with pytest.raises(StrangeName):
        prometheus.rules(forged)
    with pytest.raises(StrangeName):
        grafana.write(forged)


@each_text
def test_rules_of_prometheus_say_what_a_policy_says_and_no_more(tmp_path: Path, text: str) -> None:
    evaluator = watched(tmp_path, "when: low > 0.2\nwindow: 1h")
    policy = evaluator.policy
    alert = {**policy.evaluation["settings"]["alerts"]["watched"], "about": text, "owner": text}
    settings = {**policy.evaluation["settings"], "alerts": {"watched": alert}}
    evaluation = {**policy.evaluation, "settings": settings}
    names = {"about": text, "owner": text, "runbook": text}
    told = Evaluator(changed(policy, **names, evaluation=evaluation), evaluator.digest)
    written = prometheus.write(told, prometheus.rules(told, approximate=True))
    usual = prometheus.write(evaluator, prometheus.rules(evaluator, approximate=True))
    assert acts_in_a_log(written) == []

    def rules(of: str) -> list[tuple[str, str]]:
        (group,) = YAML(typ="safe").load(of)["groups"]
        return [(one.get("alert") or one["record"], one["expr"]) for one in group["rules"]]

    assert rules(written) == rules(usual)
    path = tmp_path / "rules.yaml"
    path.write_text(written, "utf-8")
    found = subprocess.run(
        [promtool(), "check", "rules", str(path)], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert acts_in_a_log(grafana.write(told)) == []


@each_text
def test_a_monitor_tells_nobody_who_is_not_meant(tmp_path: Path, text: str) -> None:
    evaluator = watched(tmp_path, "when: low > 0.2\nwindow: 1m\nby: [request.tenant]")
    rows = steady(evaluator, 3, bad=9, tenant=text)
    rows = [{**row, "trace_id": f"t{at}"} for at, row in enumerate(rows)]
    evaluation: Evaluation = evaluations(tmp_path, evaluator, rows, (3,))[3]
    for format in monitor_formats.FORMATS:
        written = monitor_formats.write(format, evaluation, evaluator)
        assert acts_in_a_log(unstyle(written)) == []
        assert format != "json" or json.loads(written)
    message = alertmanager.message(evaluation, evaluator, 60.0)
    assert message is not None
    texts = texts_of_json(json.dumps(message))
    assert [one for text in texts for one in acts_in_slack(text)] == []
    assert [one for text in texts for one in acts_in_a_log(text) if one.startswith("'")] == []


@each_text
@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_decisions_of_a_record_with_such_a_name_do_not_act(
    tmp_path: Path, text: str, format: str
) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps({"id": text, text: 1, "request": {"text": text}}) + "\n", "utf-8")
    found = CliRunner().invoke(cli, ["decide", str(POLICY), str(path), "--format", format])
    assert acts_in_a_log(found.output) == []
    if format == "jsonl" and found.exit_code == 0:
        assert json.loads(found.stdout)["id"] == text


@each_text
@pytest.mark.parametrize(
    "words",
    [
        ("decide", "POLICY", "TEXT"),
        ("gate", "POLICY", "--gate", "TEXT", "--results", "x"),
        ("gate", "POLICY", "--results", "TEXT"),
        ("monitor", "POLICY", "--journal", "TEXT"),
        ("lint", "TEXT"),
        ("inspect", "TEXT"),
        ("inspect", "POLICY", "--stage", "TEXT"),
        ("test", "TEXT"),
        ("export", "TEXT"),
        ("import", "promptfoo", "TEXT", "--policy", "POLICY"),
        ("run", "POLICY", "--suite", "TEXT"),
        ("TEXT",),
    ],
    ids=" ".join,
)
def test_errors_that_name_what_was_given_do_not_act(text: str, words: tuple[str, ...]) -> None:
    given = [{"POLICY": str(POLICY), "TEXT": text}.get(one, one) for one in words]
    found = CliRunner().invoke(cli, given)
    assert found.exit_code != 0
    assert acts_in_a_log(found.output) == []


@each_text
def test_a_runbook_keeps_its_markup_and_loses_what_acts(text: str) -> None:
    runbook = f"# Title\n\nDo *this*: {text}\n\n- {text}\n\n{text}\n\n| a |\n|---|\n| {text} |\n"
    shown = harmless(runbook)
    acting = [one for one in acts_in_markdown(shown) if "evil.example" not in one]
    assert [one for one in acting if not one.startswith(("#", "GH-", "www."))] == []
    assert acts_in_a_log(shown) == []
    assert "*this*" in shown


@each_text
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_a_page_for_reviewers_does_not_act(tmp_path: Path, text: str, format: str) -> None:
    written = "".join(one for one in text if one.isprintable() or one in "\n\t")
    path = tmp_path / "policy.yaml"
    source = POLICY.read_text("utf-8")
    about = json.dumps(f"About {written} it", ensure_ascii=True)
    lines = [f"about: {about}" if one.startswith("about:") else one for one in source.split("\n")]
    path.write_text("\n".join(lines), "utf-8")
    found = CliRunner().invoke(cli, ["export", "docs", str(path), "--format", format])
    assert found.exit_code == 0, found.output
    assert acts_in_a_log(found.output) == []
    acting = acts_in_markdown(found.output) if format == "markdown" else acts_in_html(found.output)
    assert acting == []


def test_whatever_commands_say_goes_through_one_function() -> None:
    """`click.echo` writes a text as it is; who says something to people says it by `output`."""
    allowed = {"output.py", "progress.py", "status.py"}
    found: list[str] = []
    for path in sorted((ROOT / "src" / "demur" / "cli").rglob("*.py")):
        if path.name in allowed:
            continue
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        found += [
            f"{path.name}:{node.lineno}"
            for node in nodes
            if isinstance(node, ast.Attribute) and node.attr in ("echo", "secho")
        ]
    assert found == []


def test_a_runbook_of_this_project_stays_as_it_is() -> None:
    for path in sorted((ROOT / "policies" / "runbooks").glob("*.md")):
        text = section(path.parent, path.name)
        assert harmless(text).split() == text.split()
