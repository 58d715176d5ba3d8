from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click import unstyle

from demur import testing
from demur.testing import formats
from demur.testing.formats import FORMATS, Options
from demur.testing.wording import word_difference
from tests.testing.files import GIVEN, POLICY, SINGLE, one_test, run, write

UNSURE = "{request: {topic: secret words, urgent: false}, answer: {confidence: 0.5, claims: 0}}"
MESSAGE = "A human will take over, because I am unsure."
FAILING = f"""\
tests:
  - name: a & "b" <c>
    given: {GIVEN}
    expect: {{action: answer}}
  - name: it's unsure
    given: {UNSURE}
    expect: {{action: abstain, failures: [], message: "{MESSAGE}"}}
"""


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> testing.TestReport:
    """One test that passes and one that fails, with paths that do not depend on the machine."""
    monkeypatch.chdir(tmp_path)
    write(Path(), FAILING)
    return testing.run(["policy.test.yaml"])


def text(report: testing.TestReport, **options: bool) -> str:
    return unstyle(formats.write("text", report, Options(**options)))


def test_the_formats_are_those_of_the_folder() -> None:
    assert FORMATS == ("github", "json", "junit", "text")


def test_text_shows_a_failure_aligned_and_how_to_reproduce_it(report: testing.TestReport) -> None:
    assert (
        text(report)
        == """\
policy.test.yaml  .F  2 tests, 1 failed

FAIL policy.test.yaml:5:11: it's unsure
  at stage answer, expected at policy.test.yaml:7:5
              expected  found
    action    abstain   escalate
    failures  []        [unsure]
    message: A [-human-]{+person+} will take over, because I am [-unsure.-]{+not sure.+}
    rules:
      false  off-topic
      true   not-sure   -> escalate
    signals:
      request.topic      "<pii>"
      answer.confidence  0.5
      request.urgent     false
      answer.claims      0
    reproduce: demur test policy.test.yaml --record 'it'"'"'s unsure' \
| demur decide policy.yaml --explain --stage answer

fail: 1 passed, 1 failed; 7 of 15 outcomes (46.6 %) of the rules' conditions covered.
"""
    )


def test_no_format_shows_personal_values(report: testing.TestReport) -> None:
    assert all("secret words" not in formats.write(name, report) for name in FORMATS)


def test_text_lists_every_test_when_asked(report: testing.TestReport) -> None:
    shown = text(report, every_test=True)
    assert shown.startswith(
        'policy.test.yaml\n  ok   a & "b" <c>\n  FAIL it\'s unsure\n\nFAIL policy.test.yaml:5:11'
    )


def test_text_shows_coverage_as_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tests = one_test("{action: answer}", "{answer: {confidence: 0.9}}")
    write(Path(), tests, SINGLE)
    assert (
        text(testing.run(["policy.yaml"]), coverage=True)
        == """\
policy.test.yaml  .  1 test

Coverage of policy.yaml: 1 of 3 outcomes (33.3 %)
  rule      condition                true  false  unknown  missing
  not-sure  answer.confidence < 0.7  0     1      0        true, unknown

pass: 1 passed, 0 failed; 1 of 3 outcomes (33.3 %) of the rules' conditions covered.
"""
    )


def test_text_lists_survivors_with_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(), one_test("{action: escalate}", "{answer: {confidence: 0.65}}"), SINGLE)
    shown = text(testing.run(["policy.yaml"], with_mutation=True))
    line = SINGLE.splitlines().index("  not-sure:") + 1
    where = f"  survives: policy.yaml:{line}:3: rule not-sure:"
    assert (
        f"""\
Mutants: 4 of 7 noticed (57.1 %)
{where} `answer.confidence < 0.7` became `answer.confidence <= 0.7`
{where} `answer.confidence < 0.7` became `answer.confidence < 0.8`
{where} for the unknown, `abstain` became `escalate`
"""
        in shown
    )


def test_text_says_how_many_mutants_were_drawn(tmp_path: Path) -> None:
    path = write(tmp_path, one_test("{action: answer}"), POLICY)
    shown = text(testing.run([path], with_mutation=True, mutants=2, seed=9))
    assert "drawn from 18 with seed 9" in shown


def test_text_says_why_no_mutants_ran(report: testing.TestReport) -> None:
    assert "Mutants: not run, because not all tests pass." in text(report, mutation=True)


def test_text_lets_no_file_steer_the_terminal(tmp_path: Path) -> None:
    expect = '{message: "\\e[31mred\\nline"}'
    tests = one_test(expect, GIVEN.replace("0.9", "0.1")).replace("name: it", 'name: "\\e[2Jit"')
    shown = formats.write("text", run(tmp_path, tests))
    assert "\x1b[2J" not in shown
    assert "\x1b[31mred" not in shown


def test_long_rows_of_dots_are_broken(tmp_path: Path) -> None:
    cases = "".join(f"      - {{name: c{number}}}\n" for number in range(130))
    tests = f"{one_test('{action: answer}')}    cases:\n{cases}"
    lines = text(run(tmp_path, tests)).splitlines()
    assert [line.count(".") for line in lines[1:3]] == [60, 10]
    assert lines[2].endswith("130 tests")


@pytest.mark.parametrize(
    ("expected", "found", "shown"),
    [
        ("same words", "same words", "same words"),
        ("one two three", "one 2 three", "one [-two-]{+2+} three"),
        ("one", "one two", "one{+ two+}"),
        ("one two", "two", "[-one -]two"),
    ],
)
def test_words_that_differ_are_marked(expected: str, found: str, shown: str) -> None:
    assert unstyle(word_difference(expected, found)) == shown


def test_json_has_everything_and_a_version(report: testing.TestReport) -> None:
    document = json.loads(formats.write("json", report))
    assert (document["version"], document["outcome"]) == (1, "fail")
    assert document["summary"] == {"files": 1, "tests": 2, "passed": 1, "failed": 1}
    (file,) = document["files"]
    assert (file["path"], file["policy"]) == ("policy.test.yaml", "policy.yaml")
    assert file["digest"].startswith("sha256:")
    failed = file["tests"][1]
    assert failed["span"]["start"] == {"line": 5, "column": 11}
    (expectation,) = failed["expectations"]
    assert expectation["differences"][0] == {
        "what": "action",
        "expected": "abstain",
        "found": "escalate",
    }
    assert expectation["signals"]["request.topic"] == "<pii>"
    assert document["coverage"]["covered"] == 7
    assert document["mutation"] is None


def test_json_has_coverage_and_survivors(tmp_path: Path) -> None:
    path = write(tmp_path, one_test("{action: escalate}", "{answer: {confidence: 0.65}}"), SINGLE)
    document = json.loads(formats.write("json", testing.run([path], with_mutation=True)))
    (rule,) = document["coverage"]["policies"][0]["rules"]
    assert rule["conditions"] == [
        {
            "text": "answer.confidence < 0.7",
            "counts": {"true": 1, "false": 0, "unknown": 0},
            "missing": ["false", "unknown"],
        }
    ]
    mutation = document["mutation"]
    assert (mutation["killed"], mutation["run"], mutation["percent"]) == (4, 7, 57.1)
    assert mutation["survivors"][0]["place"] == "rule not-sure"


def test_json_holds_no_number_that_json_has_not(tmp_path: Path) -> None:
    given = GIVEN.replace("0.9", ".nan")
    report = run(tmp_path, one_test("{action: answer}", given))
    document = json.loads(formats.write("json", report), parse_constant=pytest.fail)
    (expectation,) = document["files"][0]["tests"][0]["expectations"]
    assert expectation["signals"]["answer.confidence"] == "nan"


def test_junit_has_a_case_for_each_test(report: testing.TestReport) -> None:
    root = ElementTree.fromstring(formats.write("junit", report))
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
    }
    passed, failed = root.iter("testcase")
    assert (passed.get("name"), passed.get("classname")) == ('a & "b" <c>', "policy.test.yaml")
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "not as expected: action, failures, message"
    assert "not-sure   -> escalate" in str(failure.text)
    assert "\x1b" not in str(failure.text)


def test_junit_counts_an_invalid_file_as_an_error(tmp_path: Path) -> None:
    report = run(tmp_path, one_test("{rule: x}"))
    root = ElementTree.fromstring(formats.write("junit", report))
    assert (root.get("tests"), root.get("errors")) == ("1", "1")
    error = root.find(".//error")
    assert error is not None
    assert error.get("type") == "DM604 unknown-in-test"


def test_junit_fails_where_there_is_nothing_to_test(tmp_path: Path) -> None:
    root = ElementTree.fromstring(formats.write("junit", testing.run([tmp_path])))
    assert (root.get("tests"), root.get("failures")) == ("1", "1")


def test_github_marks_the_expectation(report: testing.TestReport) -> None:
    (line,) = formats.write("github", report).splitlines()
    place = "::error file=policy.test.yaml,line=7,col=5,title=DM610"
    assert line.startswith(f"{place}::expectation-not-met: it's unsure%0A")


def test_github_marks_errors_and_warnings_of_files(tmp_path: Path) -> None:
    tests = one_test("{rule: x}", "{reqest: {}}")
    lines = formats.write("github", run(tmp_path, tests)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning", "::error"]
    assert "title=DM609::" in lines[0]
    assert "line=5" in lines[1]


def test_github_says_nothing_where_all_pass(tmp_path: Path) -> None:
    assert formats.write("github", run(tmp_path, one_test("{action: answer}"))) == ""
