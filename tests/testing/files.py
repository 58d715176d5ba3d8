"""What the tests of policy tests share: small policies, whose outcomes can be counted by hand."""

from __future__ import annotations

from pathlib import Path

from demur import testing
from demur.diagnostics import Diagnostic

HEAD = """\
demur: 1
policy: answers
about: Answers questions when it is sure.
owner: someone@example.com
runbook: runbook.md
"""

POLICY = f"""\
{HEAD}
stages:
  request: {{topic: {{type: string, pii: true}}, urgent: bool}}
  answer:  {{confidence: {{type: double, min: 0, max: 1}}, claims: {{type: int, min: 0}}}}
params:
  floor: {{type: double, default: 0.7, min: 0, max: 1}}
failures:
  out_of_scope: {{severity: info}}
  unsure:       {{severity: warning}}
rules:
  off-topic:
    when: request.topic == "politics"
    then: refuse
    failure: out_of_scope
    say: I only talk about gardens.
    why: "topic {{{{request.topic}}}}"
  not-sure:
    when: answer.confidence < params.floor || (request.urgent && answer.claims > 2)
    then: escalate
    failure: unsure
    say: A person will take over, because I am not sure.
    why: "confidence {{{{answer.confidence}}}}"
"""
"""Two rules: one of a single condition, one that combines three."""

GIVEN = "{request: {topic: garden, urgent: false}, answer: {confidence: 0.9, claims: 0}}"

SINGLE = f"""\
{HEAD}
stages:
  answer: {{confidence: {{type: double, min: 0, max: 1}}}}
failures:
  unsure: {{severity: warning}}
rules:
  not-sure:
    when: answer.confidence < 0.7
    then: escalate
    failure: unsure
    say: A person will take over.
"""
"""One rule with one comparison, so that all its mutants can be listed."""


def write(folder: Path, tests: str, policy: str = POLICY, name: str = "policy") -> Path:
    """A policy and its test file in the folder; the test file's path."""
    (folder / f"{name}.yaml").write_text(policy, encoding="utf-8")
    path = folder / f"{name}.test.yaml"
    path.write_text(tests, encoding="utf-8")
    return path


def run(folder: Path, tests: str, policy: str = POLICY) -> testing.TestReport:
    """The report on these tests of a policy."""
    return testing.run([write(folder, tests, policy)])


def one_test(expect: str, given: str = GIVEN, rest: str = "") -> str:
    """A file of one test with this expectation."""
    return f"tests:\n  - name: it\n    given: {given}\n    {rest}\n    expect: {expect}\n"


def problems(report: testing.TestReport) -> list[Diagnostic]:
    """Everything that the report says is wrong with files and with the run."""
    return [*report.diagnostics, *(one for file in report.files for one in file.diagnostics)]


def only_problem(report: testing.TestReport) -> Diagnostic:
    """The single thing that is wrong."""
    (found,) = problems(report)
    return found


def marked(path: Path, diagnostic: Diagnostic) -> str:
    """The text of the file from where the diagnostic points to."""
    assert diagnostic.span is not None
    assert diagnostic.span.path == path.as_posix()
    start, end = diagnostic.span.start, diagnostic.span.end
    line = path.read_text(encoding="utf-8").splitlines()[start.line - 1]
    return line[start.column - 1 : end.column - 1 if end.line == start.line else None]
