"""The YAML reader finds all that is wrong with a file, where it stands, and shows the fix."""

from __future__ import annotations

import re

import pytest

from demur.language.source import (
    SOURCE_CODES,
    parse_source,
    plain,
)
from demur.language.source_codes import MESSAGES
from tests.language.reading import codes, found, index_of


@pytest.mark.parametrize(
    ("text", "place", "fixed"),
    [
        ("when: !in_bounds", ("unquoted-exclamation", 1, 7), 'when: "!in_bounds"'),
        ("when: !a && b", ("unquoted-exclamation", 1, 7), 'when: "!a && b"'),
        ('when: !(a == "b")', ("unquoted-exclamation", 1, 7), "when: '!(a == \"b\")'"),
        ("when: !a &&\n  !b\nx: 1", ("unquoted-exclamation", 1, 7), 'when: "!a && !b"'),
        ("when: !a > b", ("unquoted-exclamation", 1, 7), 'when: "!a > b"'),
        ("a: {when: !b, then: c}", ("unquoted-exclamation", 1, 11), 'when: "!b"'),
        ("- !b", ("unquoted-exclamation", 1, 3), '- "!b"'),
        ("when: !has(a.b) # c", ("unquoted-exclamation", 1, 7), 'when: "!has(a.b)"'),
        ("say: Note: this", ("unquoted-colon", 1, 6), 'say: "Note: this"'),
        ("when: a ? b : c", ("unquoted-colon", 1, 7), 'when: "a ? b : c"'),
        ("g:\n- {that: a ? b : c, by: []}", ("unquoted-colon", 2, 10), 'that: "a ? b : c"'),
        ("when: [1].exists(x, x > 1)", ("text-after-bracket", 1, 7), '"[1].exists(x, x > 1)"'),
        ('when: ["a", "b"] == c', ("text-after-bracket", 1, 7), '\'["a", "b"] == c\''),
        ("why: {{x}} of y", ("text-after-bracket", 1, 6), 'why: "{{x}} of y"'),
        ("why: {{x}}", ("key-not-string", 1, 7), 'why: "{{x}}"'),
        ('when: "a" == b', ("text-after-quote", 1, 7), "when: '\"a\" == b'"),
        ("when: 'a' == b", ("text-after-quote", 1, 7), "when: \"'a' == b\""),
        ("a: %x", ("unquoted-indicator", 1, 4), 'a: "%x"'),
        ("a: @x", ("unquoted-indicator", 1, 4), 'a: "@x"'),
        ("a: `x`", ("unquoted-indicator", 1, 4), 'a: "`x`"'),
        ("a: > 5", ("unquoted-indicator", 1, 4), 'a: "> 5"'),
        ("a: || b", ("unquoted-indicator", 1, 4), 'a: "|| b"'),
        ("a: && b", ("unquoted-indicator", 1, 4), 'a: "&& b"'),
        ("a: *.yaml", ("undefined-alias", 1, 4), 'a: "*.yaml"'),
        ("a: *(b)", ("unquoted-indicator", 1, 4), 'a: "*(b)"'),
        ("a: *b == 3", ("undefined-alias", 1, 4), 'a: "*b == 3"'),
        ("a: - b", ("unquoted-indicator", 1, 4), 'a: "- b"'),
        ("a: x.has('b # c')", ("comment-cuts-value", 1, 13), "a: \"x.has('b # c')\""),
        (r'a: x.has("\d # c")', ("comment-cuts-value", 1, 14), "a: 'x.has(\"\\d # c\")'"),
    ],
)
def test_a_trap_for_expressions_is_found_and_the_help_shows_the_fix(
    text: str, place: tuple[str, int, int], fixed: str
) -> None:
    assert codes(text) == [place]
    advice = parse_source(text, "p.yaml").diagnostics[0].help
    assert advice is not None
    assert advice.endswith(fixed)


def test_the_edit_of_a_trap_makes_the_file_valid() -> None:
    for text in ("a: 1\nwhen: !b &&\n  c\nd: 2\n", "- {that: a ? b : c, by: [x]}\n"):
        (diagnostic,) = parse_source(text, "p.yaml").diagnostics
        (edit,) = diagnostic.edits
        start, end = index_of(text, edit.span.start), index_of(text, edit.span.end)
        assert found(text[:start] + edit.replacement + text[end:]) == []


@pytest.mark.parametrize("text", ["a: can't do # it", "a: (b # c", "a: b # 'c'", "a: it's # don't"])
def test_an_ordinary_comment_is_no_trap(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"a: caf\xe9\n", ("not-utf8", 1, 7)),
        ("a: b\x07", ("control-character", 1, 5)),
        ("a: b\rc", ("control-character", 1, 5)),
        ("a: b\u2028", ("control-character", 1, 5)),
        ("a: \u202eb", ("control-character", 1, 4)),
        ("a: \ud800", ("control-character", 1, 4)),
        ("a:\n\tb: 1\n", ("tab", 2, 1)),
        ("a:\tb\n", ("tab", 1, 3)),
        ("a: [b, c\nd: e\n", ("unclosed", 1, 4)),
        ("a: {b: c\n", ("unclosed", 1, 4)),
        ('a: "b\nc: d\n', ("unclosed", 1, 4)),
        ('a: "b\nc: "d"\n', ("yaml-syntax", 1, 4)),
        (r'a: "\d"', ("bad-escape", 1, 5)),
        (r'a: "x\xg1"', ("bad-escape", 1, 6)),
        (r'a: "\U99999999"', ("bad-escape", 1, 5)),
        (r'a: "x\ud83d"', ("bad-escape", 1, 6)),
        ("a: 1\n---\nb: 2", ("several-documents", 2, 1)),
        ("%YAML 1.1\n---\na: yes", ("directive", 1, 1)),
        ("a: !!float 1", ("tag", 1, 4)),
        ("a: !!python/object:os.system {}", ("tag", 1, 4)),
        ("a: !env\n  b: 1", ("tag", 1, 4)),
        ("a: &x {b: 1}\nc:\n  <<: *x", ("merge-key", 3, 3)),
        ("true: 1", ("key-not-string", 1, 1)),
        ("a: {1: 2}", ("key-not-string", 1, 5)),
        (": 1", ("key-not-string", 1, 1)),
        ("? [a]\n: b", ("key-not-string", 1, 3)),
        ("a: 1\nb: 2\na: 3", ("duplicate-key", 3, 1)),
        ("a: &x 1\nb: &x 2", ("duplicate-anchor", 2, 4)),
        ("a: &x [*x]", ("recursive-alias", 1, 8)),
        ("a: *x", ("undefined-alias", 1, 4)),
        ("a: 1e999", ("number-out-of-range", 1, 4)),
        ("a: " + "9" * 5000, ("number-out-of-range", 1, 4)),
        ("a: 1\n  b: 2", ("yaml-syntax", 2, 3)),
        ("a:\n  b: 1\n c: 2", ("yaml-syntax", 3, 2)),
        ("a: 1\nb\nc: 2", ("yaml-syntax", 2, 1)),
        ("a: [1,,2]", ("yaml-syntax", 1, 7)),
    ],
)
def test_what_a_policy_file_may_not_hold_is_found_where_it_stands(
    text: str | bytes, place: tuple[str, int, int]
) -> None:
    assert codes(text)[:1] == [place]


def test_all_errors_are_found_in_file_order() -> None:
    text = 'a: !b\nc: d: e\nf: "x" == y\nf: 1\ng:\n\th: 1\ni: @j\n<<: {}\nk: "\\d"\n'
    assert codes(text) == [
        ("unquoted-exclamation", 1, 4),
        ("unquoted-colon", 2, 4),
        ("text-after-quote", 3, 4),
        ("duplicate-key", 4, 1),
        ("tab", 6, 1),
        ("unquoted-indicator", 7, 4),
        ("merge-key", 8, 1),
        ("bad-escape", 9, 5),
    ]


def test_a_duplicate_key_names_the_line_of_the_first_and_the_first_counts() -> None:
    source = parse_source("a: 1\nb: 2\na: 3", "p.yaml")
    assert "line 1" in source.diagnostics[0].message
    assert plain(source.root) == {"a": 1, "b": 2}


def test_a_misspelt_alias_is_answered_with_the_anchor_that_was_meant() -> None:
    (line,) = found("base: &defaults {x: 1}\nb: *default\n")
    assert "`defaults`" in line


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b""])
def test_utf_16_is_named_as_such(mark: bytes) -> None:
    (line,) = found(mark + "a: b".encode("utf-16-le"))
    assert "DM104" in line
    assert "UTF-" in line


def test_crlf_is_accepted() -> None:
    assert plain(parse_source("a: |\r\n  x\r\n  y\r\nb: 1\r\n", "p").root) == {
        "a": "x\ny\n",
        "b": 1,
    }


def test_every_code_has_its_documentation_and_a_message() -> None:
    assert all(re.fullmatch(r"DM1\d\d", code) for code in SOURCE_CODES)
    assert [record.name for record in SOURCE_CODES.values()] == list(MESSAGES)
    assert all(record.title and record.explanation for record in SOURCE_CODES.values())


@pytest.mark.parametrize("code", [c for c, r in SOURCE_CODES.items() if "Wrong:" in r.explanation])
def test_the_examples_of_the_documentation_are_wrong_and_right(code: str) -> None:
    record = SOURCE_CODES[code]
    wrong, right = re.findall(r"```yaml\n(.*?)\n```", record.explanation, re.DOTALL)
    wrong = wrong.replace("<tab>", "\t").replace("<U+0007>", "\x07")
    assert code in {item.code for item in parse_source(wrong, "p").diagnostics}
    assert found(right) == []
