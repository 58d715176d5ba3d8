"""Runbooks that a policy links to, and their sections, are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.diagnostics import Severity
from demur.lint import lint_file

POLICY = """\
demur: 1
policy: example
version: 1.0.0
about: An example.
owner: team@example.com
%s
stages:
  answer:
    score: {type: double, min: 0, max: 1}
failures:
  low: {severity: critical, runbook: %s}
rules:
  low-score:
    when: answer.score < 0.5
    then: abstain
    failure: low
    say: No.
    runbook: %s
metrics:
  low: rate(decision.declined)
suites:
  golden: {cases: data.jsonl}
gates:
  ship: {suites: [golden], min_samples: 30, require: [low <= 0.1], runbook: %s}
alerts:
  too-low: {when: low > 0.1, window: 1h, severity: page, runbook: %s}
"""
RUNBOOK = """\
# Runbook

## Low *scores* of `answer`

```sh
# Not a heading
```

Under-lined
-----------

### Notes
### Notes

<a id="paging"></a>
## Who is woken

Text with <a name='inline'></a> an anchor, and `<a id="code">` as code.

## Attributes {#own .class}
"""


def found(folder: Path, links: list[str], own: str = "runbook: book.md") -> list[str]:
    (folder / "book.md").write_text(RUNBOOK, "utf-8")
    (folder / "other.html").write_text('<h1>x</h1><h2 class=a id="there">y</h2>', "utf-8")
    (folder / "other.pdf").write_bytes(b"%PDF")
    (folder / "data.jsonl").write_text("{}\n", "utf-8")
    file = folder / "policy.yaml"
    file.write_text(POLICY % (own, *(f'"{one}"' for one in links)), "utf-8")
    return [
        f"{one.span.start.line if one.span else 0}: {one.message} {one.help}"
        for one in lint_file(file, file.as_posix()).diagnostics
        if one.code == "DM519"
    ]


@pytest.mark.parametrize(
    "link",
    [
        "#runbook",
        "#low-scores-of-answer",
        "#under-lined",
        "#notes",
        "#notes-1",
        "#paging",
        "#who-is-woken",
        "#inline",
        "#own",
        "#attributes",
        "book.md",
        "book.md#paging",
        "book.md#low%2Dscores-of-answer",
        "other.html#there",
        "other.pdf#page=2",
        "https://wiki.example/runbook#anywhere",
    ],
)
def test_what_is_there_is_found(link: str, tmp_path: Path) -> None:
    assert found(tmp_path, [link] * 4) == []


@pytest.mark.parametrize("link", ["#not-a-heading", "#code", "#notes-2", "other.html#elsewhere"])
def test_a_section_that_is_not_there_is_found_of_failures_rules_gates_and_alerts(
    link: str, tmp_path: Path
) -> None:
    lines = [one.partition(":")[0] for one in found(tmp_path, [link] * 4)]
    assert lines == ["11", "18", "24", "26"]


def test_the_section_that_was_probably_meant_is_named(tmp_path: Path) -> None:
    (first, *_) = found(tmp_path, ["#pagin", "#own", "#own", "#own"])
    assert "has no section `#pagin`. Did you mean `paging`?" in first


def test_a_missing_file_is_told_once_and_not_for_each_of_its_sections(tmp_path: Path) -> None:
    (only,) = found(tmp_path, ["#a", "#b", "#c", "#d"], "runbook: gone.md")
    assert only.startswith("6: The runbook `gone.md` cannot be read: no such file")


def test_a_section_of_a_runbook_that_the_policy_does_not_have_is_found(tmp_path: Path) -> None:
    (first, *others) = found(tmp_path, ["#own", "book.md", "book.md", "book.md"], "")
    assert "the policy has none. Add `runbook: FILE.md` to the policy." in first
    assert others == []


def test_sections_of_a_runbook_on_the_web_are_not_looked_up(tmp_path: Path) -> None:
    assert found(tmp_path, ["#anything"] * 4, "runbook: https://wiki.example/book") == []


@pytest.mark.parametrize("name", [".", "x" * 300, "book.md/inside"])
def test_what_is_no_file_is_told_and_ends_in_no_traceback(name: str, tmp_path: Path) -> None:
    (only,) = found(tmp_path, [name, "#own", "#own", "#own"])
    assert "cannot be read" in only


def test_a_file_of_cases_or_a_glob_that_finds_nothing_is_an_error_that_names_what_is_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "golden.jsonl").write_text('{"id": "a"}\n', "utf-8")
    (tmp_path / "system.py").write_text("", "utf-8")
    (tmp_path / "runbook.md").write_text("# Runbook\n", "utf-8")
    file = tmp_path / "policy.yaml"
    text = (POLICY % ("runbook: runbok.md", *["runbook.md"] * 4)).replace(
        "{cases: data.jsonl}",
        '{cases: [data/golden.jsonl, data/goldn.jsonl], fingerprint: {data: ["*.csv", "*.py"]}}',
    )
    file.write_text(text, "utf-8")
    found = [
        (one.code, one.message, one.help)
        for one in lint_file(file, file.as_posix()).diagnostics
        if one.severity is Severity.ERROR
    ]
    assert found == [
        (
            "DM519",
            "The runbook `runbok.md` cannot be read: no such file or directory.",
            "Did you mean `runbook.md`?",
        ),
        (
            "DM536",
            "There is no file `data/goldn.jsonl`, which has the cases of `golden`.",
            "Did you mean `data/golden.jsonl`?",
        ),
        (
            "DM536",
            "No file matches `*.csv`, which the results depend on.",
            "Globs are from the policy's folder.",
        ),
    ]
