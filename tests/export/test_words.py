"""Expressions in words say what the expressions say, and leave nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.export.docs.words import words
from demur.language.compile import assemble, check_file

POLICY = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
stages:
  request:
    country: string
    score: double
    other: double
    is_adult: bool
    note: {type: string, optional: true}
    tags: {type: list, of: string}
    asked_at: timestamp
  retrieval:
    documents: {type: list, of: {source: string, score: double, parts: {type: list, of: string}}}
params:
  limit: {type: double, default: 0.7, min: 0, max: 1}
define:
  best_score: retrieval.documents.map(d, d.score).max()
  countries: '["DE", "FR"]'
rules:
  tested:
    when: %s
    then: refuse
"""


def said(folder: Path, condition: str) -> str:
    path = folder / "policy.yaml"
    path.write_text(POLICY % f"'{condition}'", "utf-8")
    _, checked, diagnostics = check_file(path, path.as_posix())
    assert checked is not None, diagnostics
    (rule,) = checked.rules
    return words(rule.condition.tree, assemble(checked).parameters)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("request.score < 0.5", "request score is below 0.5"),
        ("!(request.score < 0.5)", "request score is at least 0.5"),
        ("request.score >= params.limit", "request score is at least limit (0.7)"),
        ("best_score <= 2.0", "best score is at most 2"),
        ('request.country == "DE"', "request country is “DE”"),
        ('!(request.country == "DE")', "request country is not “DE”"),
        ('request.country in ["DE", "FR"]', "request country is one of “DE” or “FR”"),
        ('!(request.country in ["DE"])', "request country is none of “DE”"),
        ("request.country in countries", "request country is among countries"),
        ("request.is_adult", "“request is adult” holds"),
        ("!request.is_adult", "“request is adult” does not hold"),
        ("request.is_adult == false", "“request is adult” does not hold"),
        ("request.is_adult != false", "“request is adult” holds"),
        ("!(request.is_adult == true)", "“request is adult” does not hold"),
        ("has(request.note)", "request note is given"),
        ("!has(request.note)", "request note is not given"),
        (
            "request.score < 0.5 && (request.is_adult || request.other > 1.0)",
            "request score is below 0.5, and (“request is adult” holds, or request other is above 1)",
        ),
        (
            "!(request.score < 0.5 && request.is_adult)",
            "request score is at least 0.5, or “request is adult” does not hold",
        ),
        ("size(request.tags) == 0", "the number of request tags is 0"),
        ("size(request.country) > 2", "the length of request country is above 2"),
        (
            "request.score * (request.other + 1.0) > 2.0",
            "request score times (request other plus 1) is above 2",
        ),
        (
            'retrieval.documents.exists(d, d.source == "x" && d.score > 0.5)',
            "for at least one of retrieval documents, its source is “x”, and its score is above 0.5",
        ),
        (
            'retrieval.documents.all(d, d.source in ["x", "y"])',
            "for every one of retrieval documents, its source is one of “x” or “y”",
        ),
        (
            'request.tags.exists(t, t == "x")',
            "for at least one of request tags, it is “x”",
        ),
        (
            '!request.tags.exists(t, t == "x")',
            "for none of request tags it holds that it is “x”",
        ),
        (
            "size(retrieval.documents.filter(d, d.score > 0.5)) > 1",
            "the number of those of retrieval documents for which its score is above 0.5 is above 1",
        ),
        (
            'request.country.startsWith("D") || request.country.matches("^F")',
            "request country begins with “D”, or request country matches the pattern “^F”",
        ),
        (
            'request.asked_at < timestamp("2026-01-01T00:00:00Z")',
            'request asked at is before timestamp("2026-01-01T00:00:00Z")',
        ),
    ],
)
def test_conditions_in_words(condition: str, expected: str, tmp_path: Path) -> None:
    assert said(tmp_path, condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            'retrieval.documents.exists(d, d.parts.exists(p, p == "x"))',
            'retrieval.documents.exists(d, d.parts.exists(p, p == "x")) is true',
        ),
        (
            '!retrieval.documents.exists(d, d.parts.exists(p, p == "x"))',
            'retrieval.documents.exists(d, d.parts.exists(p, p == "x")) is false',
        ),
        ("!(request.is_adult ? request.score > 0.5 : false)", "it is not so that"),
        ("request.score > math.ceil(request.other)", "math.ceil(request.other)"),
    ],
)
def test_what_has_no_words_is_shown_as_it_is_written(
    condition: str, expected: str, tmp_path: Path
) -> None:
    assert expected in said(tmp_path, condition)
