"""A policy as a page: everything in it is on the page, as text, and what no test shows is said."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from demur.cli import cli
from demur.export.docs.markdown import code, prose, quoted
from demur.export.docs.runbook import lowered
from demur.language.compile import check_file
from tests.runtime.records import POLICIES

WITH_TESTS = [name for name, path in POLICIES.items() if path.with_suffix(".test.yaml").exists()]


def page(path: Path, *options: str) -> str:
    result = CliRunner().invoke(cli, ["export", "docs", str(path), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def shown(html: str) -> _Text:
    """What a reader of a page of HTML sees."""
    reader = _Text()
    reader.feed(html)
    return reader


def text_of(markdown: str) -> str:
    drawn = MarkdownIt("commonmark").enable("table").render(markdown)
    return "".join(shown(drawn).parts)


@pytest.mark.parametrize("format", ["markdown", "html"])
@pytest.mark.parametrize("name", POLICIES)
def test_everything_that_the_policy_says_is_on_the_page(name: str, format: str) -> None:
    path = POLICIES[name]
    _, checked, _ = check_file(path, path.as_posix())
    assert checked is not None
    written = page(path, "--format", format)
    text = "".join(shown(written).parts) if format == "html" else text_of(written)
    text = " ".join(text.split())
    document = checked.document
    names = [*document.rules, *document.failures, *document.gates, *document.alerts]
    names += [*document.invariants, *document.params, document.owner]
    names += [signal for signals in document.stages.values() for signal in signals]
    said = [one.say for one in (*document.rules.values(), document.on_unknown) if one.say]
    about = [one.about for one in document.failures.values() if one.about]
    for one in [*names, *(each for each in said + about if "{{" not in each)]:
        assert " ".join(one.split()) in text, one


@pytest.mark.parametrize("name", WITH_TESTS)
def test_each_rule_names_tests_that_show_it(name: str) -> None:
    written = page(POLICIES[name])
    assert "Tested by “" in written
    assert "No test shows this" not in written


POLICY = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
runbook: book.md
stages:
  answer:
    score: {type: double, min: 0, max: 1}
    note: {type: string, optional: true, pii: true, about: "a | b"}
rules:
  low:
    when: answer.score < 0.5
    then: abstain
    say: "<b>No</b> `never` | *ever*"
    on_unknown: ignore
  very-low:
    when: answer.score < 0.1
    then: refuse
    about: It would be {wrong} & worse.
    runbook: "#what"
"""
BOOK = """\
<a id="top"></a>
# Book

What
----

<script>alert(1)</script> ![image](https://example.com/x.png)

```sh
# Not a heading
```
"""
TEST = """\
tests:
  - name: a low one
    given: {answer: {score: 0.3}}
    expect: {action: abstain}
  - name: a missing one
    given: {answer: {}}
    expect: {action: abstain, rule: very-low}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "book.md").write_text(BOOK, "utf-8")
    (tmp_path / "policy.test.yaml").write_text(TEST, "utf-8")
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, "utf-8")
    return file


def section(text: str, title: str) -> str:
    return re.split(r"^#{2,3} ", text.partition(f" {title}\n")[2], flags=re.M)[0]


def test_which_tests_show_a_rule_and_which_rule_none_shows(path: Path) -> None:
    text = page(path)
    assert "Tested by “a low one”." in section(text, "low")
    assert "Tested where it is not known by “a missing one”." in section(text, "low")
    assert "**No test shows this.**" in section(text, "very-low")
    path.with_name("policy.test.yaml").unlink()
    assert page(path).count("**No test shows this.**") == 2


def test_what_happens_where_something_is_unknown_is_said(path: Path) -> None:
    text = page(path)
    assert "Where this is not known, the rule is passed over." in section(text, "low")
    unknown = section(text, "When something is unknown")
    assert "it declines, because it cannot answer reliably." in unknown
    assert "Rules that say something else: `low`." in unknown


def test_a_message_is_shown_as_the_user_sees_it(path: Path) -> None:
    said = "“<b>No</b> `never` | *ever*”"
    assert text_of(page(path)).count(said) == 2
    assert said in "".join(shown(page(path, "--format", "html")).parts)


def test_the_runbook_is_on_the_page_below_a_heading_of_its_own(path: Path) -> None:
    text = page(path)
    assert "\n## Runbook\n" in text
    assert "\n### Book\n\n#### What\n" in text
    assert "\n# Not a heading\n" in text
    assert "What to do: `book.md#what`" in text
    assert "<a id" not in text


def test_html_needs_nothing_else_and_does_nothing(path: Path) -> None:
    html = page(path, "--format", "html")
    found = shown(html)
    assert not {"script", "img", "iframe", "link", "object"} & set(found.tags)
    assert "default-src 'none'" in html
    assert '<h3 id="very-low">' in html
    assert len(re.findall(r'id="([^"]+)"', html)) == len(set(re.findall(r'id="([^"]+)"', html)))


def test_the_same_policy_gives_the_same_page(path: Path) -> None:
    assert page(path) == page(path)


def test_a_file_of_tests_that_is_wrong_is_refused_rather_than_left_out(path: Path) -> None:
    path.with_name("policy.test.yaml").write_text("tests:\n  - name: x\n    expct: {}\n", "utf-8")
    result = CliRunner().invoke(cli, ["export", "docs", str(path)])
    assert result.exit_code == 2
    assert "policy.test.yaml:3" in result.stderr
    assert result.stdout == ""


def test_an_invalid_policy_is_refused(path: Path) -> None:
    path.write_text(POLICY.replace("answer.score", "answer.scor"), "utf-8")
    result = CliRunner().invoke(cli, ["export", "docs", str(path)])
    assert result.exit_code == 2
    assert "policy.yaml:" in result.stderr


def test_a_bundle_is_refused_with_what_to_give_instead(path: Path, tmp_path: Path) -> None:
    bundle = str(tmp_path / "policy.demur")
    assert CliRunner().invoke(cli, ["compile", str(path), "-o", bundle]).exit_code == 0
    result = CliRunner().invoke(cli, ["export", "docs", bundle])
    assert result.exit_code == 2
    assert "Give the policy file" in result.stderr


@pytest.mark.parametrize(
    "text", ["a*b*c", "`x`", "``x", "[x](y)", "<b>", "a | b", "&amp;", "\\*", "_x_", "~~x~~", "# x"]
)
def test_any_text_shows_as_itself(text: str) -> None:
    assert text_of(f"x {prose(text)}").strip() == f"x {text}"
    assert text_of(f"x {quoted(text)}").strip() == f"x “{text}”"
    assert text_of(f"x {code(text)}").strip() == f"x {text}"


def test_headings_are_lowered_and_code_is_left() -> None:
    assert (
        lowered("# A\n\nB\n=\n\n```\n# c\n```\n##### D")
        == "### A\n\n### B\n\n```\n# c\n```\n###### D"
    )
