"""A support assistant over a small help centre: one case in, one record of signals out.

The record has the stages that `policy.yaml` declares: request, retrieval, answer, and the
outcome, as far as the case is labelled. Nothing here decides: that is the policy's work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from answerer import Answer, check_draft, cost_usd, extract, token_count
from faults import with_faults
from help_centre import load_documents
from intents import classify
from retriever import Hit, Index, build_index, search

PRICE = {"read": 0.5e-6, "written": 2e-6}  # US dollars a token: a small hosted model


@cache
def help_centre_index() -> Index:
    """The index over the help centre, built once."""
    return build_index(load_documents())


def answer(case: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one case, and say what was known at each stage.

    A case has `id`, `question` and `tenant`; labels (`outcome`, `kind`, `intent`,
    `expected_document`) if it is a test; and, where it plays an upstream failure, what
    `faults.with_faults` reads.
    """
    index = help_centre_index()
    question = case["question"]
    started = time.perf_counter()
    intent = classify(question)
    hits = search(index, question)
    draft = case.get("draft")
    reply = (
        extract(index, question, hits)
        if draft is None
        else check_draft(index, question, draft, hits)
    )
    latency_ms = (time.perf_counter() - started) * 1000
    record = {
        "id": case["id"],
        "request": {
            "intent": intent,
            "tenant": case["tenant"],
            "text": question,
            "tokens": token_count(question),
        },
        "retrieval": {"documents": [document_signals(hit) for hit in hits]},
        "answer": {
            "text": reply.text,
            "confidence": reply.confidence,
            "citations": list(reply.citations),
            "unsupported_claims": reply.unsupported_claims,
            "latency_ms": round(latency_ms, 3),
            "cost_usd": cost_usd(question, hits, reply.text, PRICE),
        },
        "outcome": outcome(case, reply),
    }
    return with_faults(record, case)


def document_signals(hit: Hit) -> dict[str, Any]:
    """What the policy is told of a document that was found."""
    document = hit.document
    return {
        "id": document.id,
        "source": document.source,
        "score": round(hit.score, 4),
        "age_days": document.age_days,
    }


def outcome(case: Mapping[str, Any], reply: Answer) -> dict[str, Any]:
    """The case's labels, and whether the answer cites the document that they expect.

    `answerable` says whether a right answer was to be had from what this case lets the system
    see; where it was not, no answer is correct.
    """
    labels = dict(case.get("outcome", {}))
    labels |= {label: case[label] for label in ("kind", "intent") if label in case}
    if "expected_document" in case:
        labels["correct"] = case["expected_document"] in reply.citations
    return labels
