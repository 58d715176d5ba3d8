"""What is written in an expression is what is checked: what YAML would change in silence is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur import load
from demur.diagnostics import Diagnostic
from demur.lint.run import lint_file
from tests.language.reading import index_of

POLICY = """\
demur: 1
policy: written
version: 1.0.0
about: Answers.
owner: team@example.com
stages:
  request: {{role: string, region: string, age: {{type: int, min: 0, max: 130}}}}
failures:
  no: {{severity: warning}}
scope:
  named: size(request.role) > 0
  otherwise: {{then: refuse, failure: no, say: No.}}
rules:
  guests:
{when}
    then: refuse
    failure: no
{say}
on_unknown: {{then: abstain, say: Unknown.}}
"""


def written(when: str, say: str = "    say: No.") -> str:
    return POLICY.format(when=when, say=say)


def diagnostics(folder: Path, text: str) -> list[Diagnostic]:
    file = folder / "p.yaml"
    file.write_text(text, "utf-8")
    return list(lint_file(file, file.as_posix()).diagnostics)


def codes(folder: Path, when: str, say: str = "    say: No.") -> list[str]:
    return [one.code for one in diagnostics(folder, written(when, say))]


CONDITION = "request.role == 'guest'  // not staff\n      || request.region == 'embargoed'"


@pytest.mark.parametrize(
    "when",
    [
        f"    when: >-\n      {CONDITION}",
        f"    when: >\n\n      {CONDITION}\n",
        f"    when:\n      {CONDITION}",
        f"    when: {CONDITION}",
        f'    when: "{CONDITION}"',
        "    when: 'request.role == ''guest''  // not\n      || request.region == ''embargoed'''",
        "    when: >-\n      request.role == 'guest'\n      || request.region == 'x'  // not staff",
    ],
)
def test_a_comment_in_joined_lines_is_an_error(when: str, tmp_path: Path) -> None:
    assert codes(tmp_path, when) == ["DM137"]


@pytest.mark.parametrize("header", [">-", ">", ">+", ">2-"])
def test_the_edit_of_a_comment_in_joined_lines_makes_the_policy_say_what_is_written(
    header: str, tmp_path: Path
) -> None:
    indent = "      "
    text = written(f"    when: {header}\n{indent}{CONDITION}")
    (found,) = diagnostics(tmp_path, text)
    (edit,) = found.edits
    start, end = index_of(text, edit.span.start), index_of(text, edit.span.end)
    (tmp_path / "p.yaml").write_text(text[:start] + edit.replacement + text[end:])
    evaluator = load(tmp_path / "p.yaml")
    record = {"request": {"role": "staff", "region": "embargoed", "age": 3}}
    assert evaluator.decide(record).action == "refuse"


@pytest.mark.parametrize(
    "when",
    [
        f"    when: |\n      {CONDITION}",
        f"    when: |-\n      {CONDITION}",
        "    when: request.role == 'guest'  // not staff",
        '    when: "request.age > 1  // old\\n || request.age < 0"',
        "    when: >-\n      request.role == 'https://a'\n      || request.role == \"//\"",
        "    when: >-\n      request.role == r'\\'\n      || request.role == 'a//b'",
        "    when: >-\n      request.role == 'it\\'s //'\n      || request.role == 'b'",
    ],
)
def test_a_comment_that_ends_with_its_line_and_slashes_in_strings_are_right(
    when: str, tmp_path: Path
) -> None:
    assert codes(tmp_path, when) == []


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("    when: request.role == 'a\n      b'", "DM138"),
        ("    when: >-\n      request.role == 'a\n      b'", "DM138"),
        ("    when: \"request.role == 'a\n      b'\"", "DM138"),
        ("    when: \"request.role.matches(r'\\bpay\\b')\"", "DM139"),
        ("    when: \"request.role.matches(r'\\PN')\"", "DM139"),
        ("    when: \"request.role.contains('a\\_b')\"", "DM139"),
        ("    when: \"request.role.contains(r'\\t')\"", "DM139"),
        ("    when: 'request.role == '' || request.region == '''", "DM140"),
        ("    when: 'request.role == '''", "DM140"),
        ("    when: request.role == 'a\u00a0b'", "DM141"),
        ("    when: request.role == 'a\u200b'", "DM141"),
        ("    when: |\n      request.age\u2009> 1", "DM141"),
        ("    when: request.role.matches('\\bpay\\b')", "DM312"),
    ],
)
def test_what_yaml_changes_within_an_expression_is_an_error(
    when: str, code: str, tmp_path: Path
) -> None:
    assert codes(tmp_path, when) == [code]


@pytest.mark.parametrize(
    "when",
    [
        "    when: 'request.role == ''a'' || request.region == ''b'''",
        "    when: 'request.role == '''' || request.region == '''''",
        '    when: "request.role == \\"a\\" || request.role == \'\\u00e9\'"',
        "    when: \"request.role.matches(r'\\\\bpay\\\\b') || request.role == '\\t'\"",
        "    when: request.role.matches(r'\\bpay\\b')",
        "    when: request.role == 'a\\u00a0b' || request.role == '\u0645\u06cc\u200c\u062e'",
        "    when: \"request.role == 'a\\u200bb'\"",
        "    when: >-\n      request.age > 1\n\n      || request.age < 0",
        "    when:\n      request.age > 1\n      || request.role == 'a'",
        "    when: request.age > 1  # too old",
        "    when: request.age > 1 #too old",
        "    when: request.role == 'it' # it's (so",
        "    when: |  # too old\n      request.age > 1\n",
    ],
)
def test_what_yaml_leaves_as_it_is_meant_is_no_error(when: str, tmp_path: Path) -> None:
    assert codes(tmp_path, when) == []


@pytest.mark.parametrize(
    "when",
    [
        '    when: request.role.contains(" # ")',
        "    when: (request.age > 1 # and",
        "    when: request.age > 1 || # and",
    ],
)
def test_where_a_comment_of_yaml_cuts_an_expression_off_the_help_says_so(
    when: str, tmp_path: Path
) -> None:
    found = [one for one in diagnostics(tmp_path, written(when)) if one.code == "DM301"]
    assert "beginning of a comment" in (found[0].help or "")


@pytest.mark.parametrize(
    "when",
    [
        "    when: request.age > 1  # old\n      || request.age < 0",
        "    when:\n      request.age > 1\n      # old\n      || request.age < 0",
        "    when: request.age > 1  # old\n      && request.age < 0",
    ],
)
def test_a_comment_within_an_unquoted_value_of_several_lines_is_named_as_what_ends_it(
    when: str, tmp_path: Path
) -> None:
    found = diagnostics(tmp_path, written(when))
    assert [one.code for one in found] == ["DM107"]
    assert "comment ends an unquoted value" in found[0].message


def test_a_line_end_that_yaml_reads_in_double_quotes_is_named_where_a_string_is_not_closed(
    tmp_path: Path,
) -> None:
    (found,) = diagnostics(tmp_path, written("    when: \"request.role.contains('\\n')\""))
    assert found.code == "DM301"
    assert "YAML reads `\\n`" in (found.help or "")


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        ("    say: See room #5 for more.", ["DM136"]),
        ("    say: We are at\n      room #5", ["DM136"]),
        ("    say: Sorry.  # shown to users", []),
        ("    say: Room no.#5", []),
        ('    say: "See room #5 for more."', []),
        ("    say: &more about refunds", ["DM124"]),
        ("    say: &sorry Sorry.\n    why: *sorry", []),
        ("    say: No.\n    why: >-\n      a {{request.age // b\n      + 1}}", ["DM137"]),
        ("    say: No.\n    why: >-\n      see http://a\n      for more", []),
    ],
)
def test_words_for_people_are_not_cut_short(say: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, "    when: request.age > 1", say) == expected


def test_a_value_that_is_nothing_but_a_comment_is_shown_in_quotes(tmp_path: Path) -> None:
    found = diagnostics(tmp_path, written("    when: request.age > 1", "    say: #5"))
    assert [one.help for one in found if one.code == "DM136"] == [
        'Put the value in quotes: say: "#5"'
    ]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("130", []),
        ("1e3", []),
        ("0x7F", []),
        ("0o17", []),
        ("0", []),
        ("010", ["DM123"]),
        ("1e-400", ["DM121", "DM203"]),
        ("1_000", ["DM203"]),
        ("1:30", ["DM203"]),
        ("2024-01-01", ["DM203"]),
        (".inf", ["DM203"]),
        (".nan", ["DM203"]),
        ("~", ["DM203"]),
        ("null", ["DM203"]),
        ("yes", ["DM203"]),
    ],
)
def test_a_bound_is_the_number_that_it_looks_like_or_an_error(
    bound: str, expected: list[str], tmp_path: Path
) -> None:
    text = written("    when: request.age > 200").replace("max: 130", f"max: {bound}")
    allowed = ("DM506", "DM507", "DM509", "DM508")
    assert [one.code for one in diagnostics(tmp_path, text) if one.code not in allowed] == expected


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        ("{type: string, enum: [yes, no, on, off]}", []),
        ("{type: string, enum: [2024-01-01, 1:30]}", []),
        ("{type: string, enum: [true, no]}", ["DM203"]),
        ("{type: string, enum: [~, a]}", ["DM203"]),
        ("{type: string, enum: [1.10, a]}", ["DM203"]),
        ("{type: string, enum: [a, 'b\u00a0']}", ["DM209"]),
        ("{type: string, pii: yes}", ["DM203"]),
        ("{type: string, optional: on}", ["DM203"]),
    ],
)
def test_words_that_older_yaml_reads_as_something_else_are_text_or_an_error(
    signal: str, expected: list[str], tmp_path: Path
) -> None:
    text = written("    when: request.age > 1").replace("region: string", f"region: {signal}")
    assert [one.code for one in diagnostics(tmp_path, text)] == expected


def test_a_version_that_yaml_reads_as_a_number_is_an_error(tmp_path: Path) -> None:
    text = written("    when: request.age > 1").replace("version: 1.0.0", "version: 1.10")
    assert [one.code for one in diagnostics(tmp_path, text)] == ["DM203"]


def test_a_requirement_is_held_to_what_is_written_as_a_condition_is(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text("")
    gate = """\
metrics:
  rate_of_answers: rate(decision.answered)
suites:
  all: {cases: c.jsonl}
gates:
  ship:
    suites: [all]
    min_samples: 30
    by: [decision.action]
    require:
      - >-
        rate_of_answers >=  // a comment
        0.5
"""
    text = written("    when: request.age > 1") + gate
    assert [one.code for one in diagnostics(tmp_path, text)] == ["DM137"]
