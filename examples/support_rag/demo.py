"""Run every case through the assistant, decide each, and print what the policy made of them.

python demo.py                    the report
python demo.py --records FILE     also write the records, one JSON object a line
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import report
from support_rag import answer

HERE = Path(__file__).parent
SUITES = ("golden", "hard")

REPRESENTATIVE = (
    "golden/payment-methods-1",
    "hard/plain-words-cheaper",
    "golden/currency-1",
    "hard/klarna",
    "hard/plain-words-bitcoin",
    "hard/hello",
    "hard/stack-codes",
    "hard/ignore-instructions",
    "hard/own-order",
    "hard/draft-wrong-number",
    "hard/judge-crashed",
    "hard/trade-instalments",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with the record it led to and the decision on it."""

    case: dict[str, Any]
    record: dict[str, Any]
    decision: Any

    @property
    def answered(self) -> bool:
        """Whether the user was given an answer, marked or replaced answers included."""
        return self.decision.action in {"answer", "flag", "fallback"}

    @property
    def answerable(self) -> bool:
        """Whether the case's labels say that a right answer was to be had."""
        return self.case["outcome"]["answerable"]

    @property
    def correct(self) -> bool:
        """Whether the answer cites the document that the case expects."""
        return self.record["outcome"]["correct"]


def read_cases(suite: str) -> list[dict[str, Any]]:
    """The cases of a suite."""
    text = (HERE / "data" / f"{suite}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write records as JSON Lines; NaN, which JSON does not have, as the text `NaN`."""
    lines = (json.dumps(without_nan(record), ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def without_nan(value: Any) -> Any:
    """The value with the text `NaN` in place of each NaN."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def load_policy() -> Any | None:
    """The compiled policy, or None where demur is not installed."""
    try:
        import demur
    except ImportError:
        return None
    return demur.load(HERE / "policy.yaml")


def show_signals(cases: Sequence[dict[str, Any]], records: Sequence[dict[str, Any]]) -> None:
    """What can be said without a policy: how the signals are spread over the kinds of case."""
    report.heading("Signals by kind of case (no decisions: demur is not installed)")
    kinds = list(dict.fromkeys(case["kind"] for case in cases))
    rows = [
        (kind, len(scores), report.number(median(scores)), report.number(max(scores)))
        for kind in kinds
        for scores in [[best_score(r) for r in records if r["outcome"]["kind"] == kind]]
    ]
    report.table(("kind", "cases", "median best score", "highest"), rows)


def best_score(record: dict[str, Any]) -> float:
    """The best document's score, 0 where none was found or it is not a usable number."""
    documents = record.get("retrieval", {}).get("documents") or [{}]
    score = documents[0].get("score")
    return score if isinstance(score, float) and 0 <= score <= 1 else 0.0


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def show_decisions(judged: Sequence[Judged]) -> None:
    """The whole report."""
    report.heading("Actions")
    report.bars(Counter(one.decision.action for one in judged), report.ACTIONS)
    report.heading("Failures by category (a decision may count in several)")
    report.bars(Counter(name for one in judged for name in one.decision.failures))
    by_slice("intent", judged, lambda one: one.case["intent"])
    by_slice("tenant", judged, lambda one: one.case["tenant"])
    by_slice("kind", judged, lambda one: one.case["kind"])
    show_examples(judged)
    show_quality(judged)


def by_slice(name: str, judged: Sequence[Judged], key: Callable[[Judged], str]) -> None:
    """Actions, one row for each value of the slice."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        counts.setdefault(key(one), Counter())[one.decision.action] += 1
    report.heading(f"Actions by {name}")
    report.table(
        (name, *report.ACTIONS, "all"),
        [
            (value, *(counted[action] for action in report.ACTIONS), counted.total())
            for value, counted in sorted(counts.items(), key=lambda item: -item[1].total())
        ],
    )


def show_examples(judged: Sequence[Judged]) -> None:
    """A few decisions in full: what was asked, what was decided, what the user reads, and why."""
    report.heading(f"{len(REPRESENTATIVE)} decisions")
    by_id = {one.case["id"]: one for one in judged}
    for one in (by_id[name] for name in REPRESENTATIVE):
        decision = one.decision
        reply = one.record.get("answer", {}).get("text", "") if one.answered else ""
        unknown = "; ".join(f"{each.signal} ({each.kind})" for each in decision.unknown)
        report.decision(
            action=decision.action,
            rule=decision.rule,
            lines=(
                ("asked", one.case["question"]),
                ("answer", reply),
                ("message", decision.message),
                ("why", decision.why),
                ("unknown", unknown),
            ),
        )


def show_quality(judged: Sequence[Judged]) -> None:
    """How often declining and answering were right, by the labels."""
    unanswerable = [one for one in judged if not one.answerable]
    answerable = [one for one in judged if one.answerable]
    answered = [one for one in judged if one.answered]
    broken = [one for one in judged if one.case["kind"] == "missing_signal"]
    report.heading("Were the decisions right?")
    report.table(
        ("measure", "share", "cases"),
        [
            measure("declined, of what could not be answered", unanswerable, was_declined),
            measure("declined, of what could (over-refusal)", answerable, was_declined),
            measure("wrong, of what was answered", answered, lambda one: not one.correct),
            measure("answered, of cases with a broken signal", broken, lambda one: one.answered),
            measure("intent found", judged, right_intent),
        ],
    )


def was_declined(one: Judged) -> bool:
    """Whether the user was given no answer."""
    return not one.answered


def right_intent(one: Judged) -> bool:
    """Whether the classifier agreed with the case's label."""
    return one.record.get("request", {}).get("intent") == one.case["intent"]


def measure(
    name: str, judged: Sequence[Judged], holds: Callable[[Judged], bool]
) -> tuple[str, str, str]:
    """A row: the share of the cases for which something holds, and the counts behind it."""
    count = sum(holds(one) for one in judged)
    share = report.percent(count / len(judged)) if judged else "none"
    return name, share, f"{count} of {len(judged)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; 1 where a case with a broken signal was answered, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--records", type=Path, metavar="FILE", help="write the records as JSONL")
    options = parser.parse_args(arguments)
    cases = [case for suite in SUITES for case in read_cases(suite)]
    records = [answer(case) for case in cases]
    if options.records:
        write_records(options.records, records)
    report.title(f"Support assistant: {len(cases)} cases from {', '.join(SUITES)}")
    policy = load_policy()
    if policy is None:
        show_signals(cases, records)
        return 0
    judged = [
        Judged(case, record, policy.decide(record))
        for case, record in zip(cases, records, strict=True)
    ]
    show_decisions(judged)
    silent = [one for one in judged if one.case["kind"] == "missing_signal" and one.answered]
    return 1 if silent else 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    sys.exit(main())
