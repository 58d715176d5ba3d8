"""The HTML page of a gate: safe, self-contained, and with all that the result says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import tostring

import pytest

from demur.measure.results import Case, GateResult
from demur.report.gates.html import write
from demur.report.html.element import element, visible
from demur.report.html.runbook import markdown
from tests.report.gate_pages import (
    RECORD,
    RESULT,
    WRONG,
    exact,
    hostile,
    judged,
    read,
    required,
    rows,
    section,
)


@pytest.mark.parametrize("result", [RESULT, hostile(RESULT)], ids=["plain", "hostile"])
def test_nothing_in_the_page_can_act_or_reach_out(result: GateResult) -> None:
    page = write(result)
    page.encode("utf-8")
    tree = read(page)
    tags = {one.tag for one in tree.all()}
    assert not tags & {"script", "iframe", "img", "link", "object", "embed", "form", "base"}
    for one in tree.all():
        assert not [name for name in one.attributes if name.startswith("on") or name == "style"]
        assert not {"src", "srcset", "xlink:href", "formaction"} & one.attributes.keys()
        assert (one.attributes.get("href") or "#").startswith("#")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert not re.search(r"url\(|@import", tree.first("style").text)


def test_hostile_text_is_shown_with_its_controls_written_out() -> None:
    shown = section(hostile(RESULT), "flips").first("code").text
    assert shown == (
        "</pre><script>alert('1')</script>\"' &amp; \\u0000\\u001b[31m \\u202egnp.exe\\u2066 \\ud800"
    )


def test_the_page_forbids_itself_all_but_its_one_style_sheet() -> None:
    tree = read(write(RESULT))
    policy = next(
        one.attributes["content"]
        for one in tree.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style = base64.b64encode(hashlib.sha256(tree.first("style").text.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    )


def test_headings_go_down_a_level_at_a_time_and_ids_are_unique() -> None:
    tree = read(write(RESULT))
    levels = [int(one.tag[1]) for one in tree.all() if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [one.attributes["id"] for one in tree.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    links = {(one.attributes["href"] or "")[1:] for one in tree.all("a")}
    assert links
    assert links <= set(ids)


def test_the_verdict_comes_first_with_why() -> None:
    tree = read(write(RESULT))
    header = tree.first("main").first()
    assert header.tag == "header"
    assert header.first("h1").text == "! error"
    assert header.first("p", "because").text == (
        "recall >= 0.95 in locale = es: This run lost the slice."
    )


@pytest.mark.parametrize(
    ("change", "verdict", "why"),
    [
        (
            {"requirements": (WRONG,)},
            "fail",
            "wrong_rate <= 0.02 in locale = de: A reason. So in 1 further slice.",
        ),
        (
            {"requirements": (required("a <= 1", judged("inconclusive", 1.0, reason="Too few.")),)},
            "inconclusive",
            "a <= 1: Too few.",
        ),
        (
            {
                "requirements": (
                    required("a <= 1", judged("pass", 0.5)),
                    replace(WRONG, level="warn"),
                )
            },
            "pass",
            "The one requirement that blocks holds; 1 warning, blocking nothing.",
        ),
        (
            {"requirements": (replace(WRONG, level="warn"),)},
            "pass",
            "No requirement of this gate blocks, so nothing was put to the test.",
        ),
        (
            {"requirements": (required("a <= 1"),)},
            "error",
            "a <= 1 was not judged.",
        ),
        (
            {"problems": (("DM820", "This run lost 3 cases."), ("DM821", "An id is there twice."))},
            "error",
            "DM820 This run lost 3 cases.",
        ),
    ],
)
def test_why_names_what_decided(change: dict[str, Any], verdict: str, why: str) -> None:
    header = read(write(replace(RESULT, **change))).first("header")
    assert header.first("h1").text.split()[-1] == verdict
    assert header.first("p", "because").text == why


def test_every_problem_is_listed() -> None:
    problems = (("DM820", "This run lost 3 cases."), ("DM821", "An id is there twice."))
    header = read(write(replace(RESULT, problems=problems))).first("header")
    assert "DM821 An id is there twice." in header.text


def test_flips_that_got_worse_come_first_and_open_to_the_record() -> None:
    flips = list(section(RESULT, "flips").all("details"))
    assert [one.first("code").text for one in flips] == ["g-17", "g-90"]
    assert "worse" in flips[0].first("summary").text
    assert "better" in flips[1].first("summary").text
    assert json.loads(flips[0].first("pre").text) == RECORD
    assert '\n    "ids": [\n' in flips[0].first("pre").text


def test_a_case_among_the_flips_is_not_shown_again() -> None:
    cases = section(RESULT, "cases")
    assert [one.first("code").text for one in cases.all("details")] == ["c-1"]


def test_a_long_record_is_cut_and_the_page_says_so() -> None:
    case = Case("long", "answer", None, None, {"text": "x" * 20_000})
    pre = section(replace(RESULT, cases=(case,)), "cases").first("pre").text
    assert len(pre) < 10_100
    assert re.search(r"… 10,0\d\d further characters$", pre)


def test_unknown_signals_and_what_the_result_stands_on_are_told() -> None:
    table = section(RESULT, "unknown").first("table")
    assert [(one.first("th").text, exact(one)) for one in rows(table)] == [
        ("judge.verdict", [31]),
        ("answer.confidence", [6]),
    ]
    footer = read(write(RESULT)).first("footer").text
    for said in ("sha256:0a1b", "duckdb 1.4.1", "run.jsonl", "base.jsonl", "matches(answer.text)"):
        assert said in footer


def test_failures_name_their_runbooks() -> None:
    links = {"out_of_scope": "runbook.md#scope", "never_counted": "runbook.md#never"}
    found = section(replace(RESULT, failure_runbooks=links), "failures").first("dl")
    assert [one.text for one in found.all("dt")] == ["out_of_scope"]
    assert [one.text for one in found.all("dd")] == ["runbook.md#scope"]
    assert not list(section(RESULT, "failures").all("dl"))


def test_a_result_without_slices_baseline_or_records_has_only_what_it_has() -> None:
    bare = replace(
        RESULT,
        about=None,
        runbook=None,
        policy_path="",
        baseline=None,
        baseline_records=None,
        paired=None,
        requirements=(required("a <= 1", judged("pass", 0.5)),),
        flips=(),
        failures=(),
        distributions=(),
        cases=(),
        fallbacks=(),
        unknown_signals={},
        runbook_section="",
    )
    tree = read(write(bare))
    assert [one.text for one in tree.all("h2")] == ["Requirements", "Provenance"]


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        ("# A\n\n### B", "<h3>A</h3><h5>B</h5>"),
        ("<b onclick=x>hi</b>", "<p>&lt;b onclick=x&gt;hi&lt;/b&gt;</p>"),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("[x](https://example.com)", '<p><a href="https://example.com">x</a></p>'),
        ("![x](pixel.png)", '<p>!<a href="pixel.png">x</a></p>'),
        ("a &#x202e; b", "<p>a \\u202e b</p>"),
        ("|a|\n|-|\n|1|", "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td>"),
    ],
)
def test_a_runbook_is_drawn_without_what_could_act(source: str, drawn: str) -> None:
    written = tostring(markdown(source), encoding="unicode", method="html")
    assert drawn in re.sub(r"\n\s*", "", written)


def test_characters_that_act_are_written_out_and_those_that_join_are_kept() -> None:
    assert visible("a\tb\n\x07\u00a0\u2028") == "a\tb\n\\u0007\\u00a0\\u2028"
    assert visible("👩\u200d💻 می\u200cخواهم") == "👩\u200d💻 می\u200cخواهم"
    assert visible("\U000e0041") == "\\U000e0041"


def test_elements_take_text_between_their_children() -> None:
    made = element(
        "p", "a", element("b", "c"), "d", None, ["e", element("i")], data_of="x", id=None
    )
    assert (made.text, made[0].tail, made.attrib) == ("a", "de", {"data-of": "x"})
