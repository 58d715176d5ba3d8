"""The Markdown of a gate: short, the verdict first, and nothing in it but what demur put there."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from demur.interop.github_markdown import code, prose
from demur.measure.results import Case, GateResult
from demur.report.gates.markdown import write
from tests.report.gate_pages import (
    HOSTILE,
    PASSING,
    RESULT,
    TROUBLED,
    Node,
    hostile,
    judged,
    read,
    required,
)

ATTACKS = [
    HOSTILE,
    "@everyone closes #12 and owner/repo#3",
    "| a | b |\n|---|---|\n| c | d |",
    "a\\|b\\\\|c ``` `",
    "</code></details></td><img src=x onerror=alert(1)>",
    "`</code>`@team ``@team``",
    "[x](https://evil.example) <https://evil.example> https://evil.example www.evil.example",
    "![p](https://evil.example/p.png)",
    "&lt;b&gt; &#64;team <!-- -->",
    "# H1\n- list\n1. one\n***\n> quote\n    code",
    "*a* __b__ ~~c~~ $d$ $`e`$ :tada: ^f^",
    "/close",
    "x" * 5_000,
]
ALLOWED = {
    *("h2", "p", "strong", "em", "code", "ul", "li", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
CALLS = re.compile(r"@\w|#\d|https?:/|www\.|:\w+:|GH-\d")


def drawn(text: str) -> Node:
    """The text as GitHub would draw it, taken apart; tags must balance."""
    return read(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def outside_of_code(node: Node) -> str:
    return "".join(
        one if isinstance(one, str) else "" if one.tag == "code" else outside_of_code(one)
        for one in node.children
    )


def paragraphs(result: GateResult) -> list[str]:
    return [one.text for one in drawn(write(result)).all("p")]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_that_a_record_or_a_policy_holds_is_markup_a_link_or_a_mention(text: str) -> None:
    tree = drawn(write(replace(hostile(TROUBLED, text), runbook=text, flips=TROUBLED.flips * 3)))
    assert {one.tag for one in tree.all()} <= ALLOWED
    assert not CALLS.search(outside_of_code(tree))
    for table in tree.all("table"):
        widths = {len([*row.all("th"), *row.all("td")]) for row in table.all("tr")}
        assert len(widths) == 1
    assert len([*tree.all("h2")]) == 1


@pytest.mark.parametrize("text", [one for one in ATTACKS if one.isprintable()])
def test_text_and_code_of_one_line_are_shown_as_they_are(text: str) -> None:
    shown = drawn(f"a {prose(text)}").first("p").text.replace("\u200b", "")
    assert shown == f"a {text}"
    assert drawn(f"| a |\n|---|\n| {code(text)} |").first("td").first("code").text == text


def test_the_verdict_comes_first_then_the_requirements_then_what_speaks_against_them() -> None:
    text = write(TROUBLED)
    order = [
        "## ! error: `support-rag`, gate `release`",
        "1 problem with the results",
        "**DM812 lost-case** 2 of the baseline",
        "| ✕ | `wrong_rate <= 0.02` | 0.01235 |",
        "| ✕ | `cost <= baseline * 1.1` | 0.05 usd |",
        "**Runbook:** `runbooks/support.md`",
        "**`wrong_rate <= 0.02`** (`policies/support.yaml:84`)",
        "- ✕ `locale = de`: A reason.",
        "- ✕ `locale = pl`: A reason. Cases: `g-17`, `gone`",
        "- ? `locale = es`: A reason. 340 further cases",
        "**`cost <= baseline * 1.1`** (`policies/support.yaml:84`): What an answer costs.",
        "1,180 cases paired with the baseline: 1 worse, 1 better, 0 decided otherwise",
        "| `g-17` | answer | refuse by `scope` | `recall` |",
        "| `g-90` | refuse by `scope` | answer |",
        "| `out_of_scope` | 24 | 2 % | `locale = de` | 10 % |",
        "- digest: `sha256:0a1b`",
    ]
    places = [text.index(one) for one in order]
    assert all(before < after for before, after in pairwise(places))


def test_what_passes_has_no_runbook_and_no_flips() -> None:
    text = write(PASSING)
    assert text.startswith("## ✓ pass: ")
    assert "Runbook" not in text
    assert "baseline" not in text


def test_a_runbook_on_the_web_is_a_link_and_another_is_a_path() -> None:
    assert "**Runbook:** <https://example.com/run.md#a>" in write(
        replace(RESULT, runbook="https://example.com/run.md#a")
    )
    assert "Runbook: javascript:alert(1)" in paragraphs(
        replace(RESULT, runbook="javascript:alert(1)")
    )


def test_a_long_report_is_cut_between_its_parts_and_says_so() -> None:
    slices = tuple(judged("fail", 0.5, of=f"{at:04} {'x|' * 80}") for at in range(60))
    many = tuple(
        required(f"m{at} <= 0.02", judged("fail", 0.1, reason="y&" * 200), *slices)
        for at in range(90)
    )
    text = write(replace(RESULT, requirements=many))
    assert 30_000 < len(text) < 65_536
    assert text.endswith(
        "*This report is cut: it would not fit into a comment. The other formats have all of it.*\n"
    )
    assert "and 50 requirements more" in text
    assert "… and 55 slices more" in text
    assert {one.tag for one in drawn(text).all()} <= ALLOWED


def test_a_report_of_many_cases_stays_short() -> None:
    flips = tuple(replace(RESULT.flips[1], case=f"c-{at}") for at in range(5_000))
    cases = tuple(Case(f"c-{at}", "answer", None, None, {"x": "y" * 100}) for at in range(5_000))
    text = write(replace(RESULT, flips=flips, cases=cases))
    assert "and 4,990 cases more" in text
    assert len(text) < 5_000
