"""Scope policies over real prompts and queries: every one is decided, and none is unknown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import demur

XSTEST = """\
demur: 1
policy: safe-prompts
version: 1.0.0
about: Answers prompts of the safe kinds and refuses those made to contrast with them.
owner: tests@example.com
stages:
  request:
    prompt: {type: string, max_size: 2000}
    type: string
failures:
  out_of_scope: {severity: info}
scope:
  safe-kind: '!request.type.startsWith("contrast")'
  not-empty: request.prompt.trim().size() > 0
  otherwise: {then: refuse, failure: out_of_scope, say: I can't help with that.}
on_unknown: {then: abstain, say: Something is missing.}
"""

CLINC = """\
demur: 1
policy: banking-queries
version: 1.0.0
about: Answers queries about cards and accounts, and hands the rest on.
owner: tests@example.com
stages:
  request:
    text: {type: string, max_size: 1000}
    intent: string
define:
  banking: '["balance", "bill_balance", "bill_due", "account_blocked", "card_declined", "pay_bill"]'
failures:
  out_of_scope: {severity: info}
  other_team: {severity: info}
scope:
  known-intent: request.intent != "oos"
  otherwise: {then: refuse, failure: out_of_scope, say: I can't help with that.}
rules:
  other-team:
    when: '!(request.intent in banking)'
    then: escalate
    failure: other_team
    say: A colleague will answer.
  question-about-fees:
    when: request.text.matches("(?i)\\\\bfees?\\\\b")
    then: flag
    failure: other_team
on_unknown: {then: abstain, say: Something is missing.}
"""


def _load(folder: Path, text: str) -> demur.Evaluator:
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return demur.load(file)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@pytest.mark.parametrize("model", ["gpt4", "llama2new", "llama2orig"])
def test_every_prompt_of_xstest_is_decided(model: str, tmp_path: Path, shared_data: Path) -> None:
    policy = _load(tmp_path, XSTEST)
    actions: Counter[str] = Counter()
    for row in _rows(shared_data / "xstest" / f"{model}.jsonl"):
        decision = policy.decide(
            {"request": {"prompt": row["prompt"], "type": row["type"]}}, strict=True
        )
        assert decision.unknown == ()
        assert decision.stops == row["type"].startswith("contrast")
        actions[decision.action] += 1
    assert actions == Counter(answer=250, refuse=200)


def test_every_query_of_clinc150_is_decided(tmp_path: Path, shared_data: Path) -> None:
    policy = _load(tmp_path, CLINC)
    known = {
        "balance", "bill_balance", "bill_due", "account_blocked", "card_declined", "pay_bill"
    }  # fmt: skip
    files = sorted((shared_data / "clinc150").glob("*.jsonl"))
    assert len(files) == 4
    decided = 0
    for file in files:
        for row in _rows(file):
            decision = policy.decide(
                {"request": {"text": row["text"], "intent": row["intent"]}}, strict=True
            )
            assert decision.unknown == ()
            words = row["text"].lower().replace("?", " ").replace(",", " ").split()
            if row["intent"] == "oos":
                assert decision.action == "refuse"
            elif row["intent"] not in known:
                assert decision.action == "escalate"
            elif "fee" in words or "fees" in words:
                assert decision.action == "flag"
            else:
                assert decision.action in ("answer", "flag")
            decided += 1
    assert decided >= 10_700
    print(f"{decided} queries decided")


def test_a_spoilt_query_is_unknown_and_the_rest_is_not(tmp_path: Path, shared_data: Path) -> None:
    policy = _load(tmp_path, CLINC)
    rows = list(_rows(shared_data / "clinc150" / "oos_val.jsonl"))
    for at, row in enumerate(rows):
        intent = None if at % 10 == 0 else row["intent"]
        decision = policy.decide({"request": {"text": row["text"], "intent": intent}})
        assert bool(decision.unknown) == (intent is None)
        assert decision.stops
