"""Results of a gate to draw as pages, and a reader that takes a page apart as a browser would."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from demur.measure.results import (
    Case,
    Distribution,
    FailureCount,
    Flip,
    GateResult,
    Interval,
    Judgement,
    Measured,
    Requirement,
    Slice,
)
from demur.report.gates.html import write

HOSTILE = "</pre><script>alert('1')</script>\"' &amp; \x00\x1b[31m \u202egnp.exe\u2066 \ud800"
VOID = {"meta", "br", "hr", "img", "input", "link"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list["Node | str"])

    def all(self, tag: str | None = None, class_: str | None = None) -> Iterator[Node]:
        """The elements beneath, in order, of this tag and with this class."""
        for one in self.children:
            if isinstance(one, Node):
                classes = (one.attributes.get("class") or "").split()
                if tag in (None, one.tag) and (class_ is None or class_ in classes):
                    yield one
                yield from one.all(tag, class_)

    def first(self, tag: str | None = None, class_: str | None = None) -> Node:
        return next(self.all(tag, class_))

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)


class Reader(HTMLParser):
    """Builds the tree, and refuses tags that do not balance."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute of <{tag}> is there twice"
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Node:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def judged(verdict: str, value: float | None, limit: float | None = 0.02, **more: Any) -> Judgement:
    measured = Measured(value, more.pop("known", value), 400, more.pop("unknown", 0))
    low, high = more.pop("interval", (0.004, 0.05))
    measured = replace(measured, interval=Interval(low, high))
    of = more.pop("of", None)
    slice = of if isinstance(of, Slice) else Slice((("locale", of),) if of else ())
    return Judgement(slice, verdict, more.pop("reason", "A reason."), measured, limit, **more)


def required(text: str, *judgements: Judgement, level: str = "fail") -> Requirement:
    metric, operator, _ = text.split(" ", 2)
    return Requirement(
        text, metric, operator, level, 0.95, 50, ("locale",), judgements, line=84, column=9
    )


WRONG = required(
    "wrong_rate <= 0.02",
    judged("pass", 0.0123456789, unknown=3, known=0.011),
    judged("pass", 0.004, of="fr"),
    judged("inconclusive", 0.021, of="es", needed=340),
    judged("fail", 0.03, of="pl", cases=("g-17", "gone")),
    judged("fail", 0.09, of="de", p_value=0.0031, adjusted=0.0124),
)
RECALL = required(
    "recall >= 0.95",
    judged("pass", 0.97, 0.95, interval=(0.955, math.inf)),
    judged("error", None, 0.95, of="es", code="DM815", reason="This run lost the slice."),
    judged("pass", 0.96, 0.95, of=Slice((("locale", "x"), ("locale", "y")), remainder=7)),
)
RECORD = {"id": "g-17", "request": {"question": HOSTILE, "ids": [1, 2]}}
RESULT = GateResult(
    policy="support-rag",
    digest="sha256:0a1b",
    gate="release",
    about="What a release must keep to.",
    owner="support@example.com",
    runbook="runbooks/support.md",
    policy_path="policies/support.yaml",
    policy_text="",
    engine="duckdb 1.4.1",
    results=("run.jsonl",),
    baseline="base.jsonl",
    records=1200,
    baseline_records=1190,
    paired=1180,
    requirements=(WRONG, RECALL),
    flips=(
        Flip("g-90", "refuse", "answer", "scope", None, (), ("wrong_rate",), {}),
        Flip("g-17", "answer", "refuse", None, "scope", ("recall",), (), RECORD),
    ),
    failures=(
        FailureCount(Slice(), 1200, {"out_of_scope": 24}, {"answer": 1100, "refuse": 100}),
        FailureCount(Slice((("locale", "fr"),)), 300, {"out_of_scope": 3}, {"answer": 300}),
        FailureCount(Slice((("locale", "de"),)), 200, {"out_of_scope": 20}, {"answer": 180}),
    ),
    distributions=(
        Distribution(
            "answer.latency_ms",
            "ms",
            (0.0, 100.0, 200.0, 400.0),
            (10, 30, 20),
            (20, 30, 10),
            ((0.5, 162.5), (0.95, 372.0), (0.99, 396.1)),
            ((0.5, 140.0), (0.95, 340.0), (0.99, 380.0)),
        ),
    ),
    cases=(Case("g-17", "refuse", "scope", None, {}), Case("c-1", "answer", None, "wrong", RECORD)),
    fallbacks=(("matches(answer.text)", "DuckDB has no such pattern"),),
    unknown_signals={"judge.verdict": 31, "answer.confidence": 6},
    unknown_reasons={
        "judge.verdict": {"absent": 29, "wrong_type": 2},
        "answer.confidence": {"nan": 6},
    },
    runbook_section="# Rates\n\nRoll back.",
)


COST = replace(
    required(
        "cost <= baseline * 1.1",
        judged(
            "fail",
            0.05,
            0.033,
            baseline=Measured(0.03, 0.03, 390, 0, Interval(0.028, 0.032)),
            difference=Interval(0.012, 0.03),
        ),
        level="warn",
    ),
    about="What an answer costs.",
    unit="usd",
    end_column=31,
)
TROUBLED = replace(
    RESULT,
    requirements=(WRONG, RECALL, COST),
    problems=(("DM812", "2 of the baseline's cases have no result in this run: g-1, g-2."),),
)
"""Every verdict, a warning, and a problem of the whole."""
PASSING = replace(
    RESULT,
    requirements=(required("wrong_rate <= 0.02", judged("pass", 0.0123)),),
    baseline=None,
    baseline_records=None,
    paired=None,
    flips=(),
    cases=(),
    fallbacks=(),
    unknown_signals={},
    unknown_reasons={},
    runbook_section="",
)


def section(result: GateResult, name: str) -> Node:
    return next(one for one in read(write(result)).all() if one.attributes.get("id") == name)


def rows(table: Node) -> list[Node]:
    return list(table.first("tbody").all("tr"))


def names(table: Node) -> list[str]:
    return [one.first("th").text.split(" ", 1)[-1].strip() for one in rows(table)]


def exact(node: Node) -> list[float]:
    return [float(one.attributes["value"] or "") for one in node.all("data")]


def hostile(result: GateResult, text: str = HOSTILE) -> GateResult:
    """The result with the text wherever text from outside can stand."""
    bad = judged("fail", 1.0, of=text, reason=text, code="DM815", method=text, cases=(text,))
    requirement = replace(
        required("wrong_rate <= 0.02", bad, replace(bad, slice=Slice(((text, text),)))),
        text=text,
        metric=text,
        about=text,
        unit=text,
        by=(text,),
    )
    record = {text: [text, math.nan]}
    fields = ("policy", "digest", "gate", "about", "owner", "runbook", "policy_path", "engine")
    return replace(
        result,
        **dict.fromkeys((*fields, "baseline", "runbook_section"), text),
        results=(text,),
        requirements=(requirement,),
        problems=(("DM812", text),) * 2,
        flips=(Flip(text, text, text, text, text, (text,), (text,), record),),
        failures=(FailureCount(Slice(((text, text),)), 1, {text: 1}, {text: 1}),),
        distributions=(replace(result.distributions[0], name=text, unit=text),),
        cases=(Case("other", text, text, text, record),),
        fallbacks=((text, text),),
        unknown_signals={text: 1},
    )


def place(node: Node, name: str) -> float:
    return float((node.attributes[name] or "").rstrip("%"))
