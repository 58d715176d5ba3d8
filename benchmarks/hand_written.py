"""What an engineer would write by hand in place of the policies: the same decisions, with no checks.

Nothing here asks whether a signal is there, a number, finite, or in its bounds. Like demur it asks the
stages in order, finds every rule of a stage that fires, and decides by the strictest of the first that stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]

STRICTNESS = {"answer": 0, "flag": 1, "fallback": 2, "escalate": 3, "abstain": 4, "refuse": 5}


class Decision:
    """An action, the rule that decides, its failure and message, and all rules that fired."""

    __slots__ = ("action", "failure", "fired", "message", "rule")

    def __init__(self, action, rule, failure, message, fired) -> None:
        self.action = action
        self.rule = rule
        self.failure = failure
        self.message = message
        self.fired = fired


RESPONSES = {
    "supported-intent": (
        "refuse",
        "out_of_scope",
        "I can help with billing, shipping, returns and pricing.",
    ),
    "toxic-request": ("refuse", "contract_violation", "I can't help with that."),
    "too-long": ("refuse", "out_of_scope", "Please ask a shorter question."),
    "wrong-language": (
        "escalate",
        "out_of_scope",
        "A colleague who speaks your language will answer.",
    ),
    "source-boundary": (
        "refuse",
        "contract_violation",
        "I can't answer that from approved sources.",
    ),
    "no-documents": ("abstain", "retrieval_miss", "I couldn't find this in our help centre."),
    "weak-documents": ("abstain", "retrieval_miss", "I couldn't find this in our help centre."),
    "stale-documents": ("flag", "retrieval_miss", None),
    "unsupported-claim": (
        "abstain",
        "unsupported_claim",
        "I couldn't verify my answer, so I won't give it.",
    ),
    "uncited-billing": (
        "abstain",
        "unsupported_claim",
        "I couldn't verify my answer, so I won't give it.",
    ),
    "low-confidence": ("escalate", "low_confidence", "A person will take over."),
    "hot-model": ("flag", "low_confidence", None),
}

INTENTS = frozenset(("billing", "shipping", "returns", "pricing"))
SOURCES = frozenset(("help-centre", "policy-docs", "release-notes"))


def decide(record: Record) -> Decision:
    """The twelve rules of `rag_policy.yaml`."""
    request = record["request"]
    fired = []
    if request["intent"] not in INTENTS:
        fired.append("supported-intent")
    if request["toxicity"] > 0.8:
        fired.append("toxic-request")
    if request["tokens"] > 4000:
        fired.append("too-long")
    if request["language"] != "en":
        fired.append("wrong-language")
    if fired:
        return _decided(fired, RESPONSES)
    documents = record["retrieval"]["documents"]
    if not all(document["source"] in SOURCES for document in documents):
        fired.append("source-boundary")
    if len(documents) == 0:
        fired.append("no-documents")
    elif max(document["score"] for document in documents) < 0.55:
        fired.append("weak-documents")
    stops = bool(fired)
    if all(document["age_days"] > 365 for document in documents):
        fired.append("stale-documents")
    if stops:
        return _decided(fired, RESPONSES)
    answer = record["answer"]
    if answer["unsupported_claims"] > 0:
        fired.append("unsupported-claim")
    if request["intent"] == "billing" and len(answer["citations"]) == 0:
        fired.append("uncited-billing")
    if answer["confidence"] < 0.7:
        fired.append("low-confidence")
    model = answer["model"]
    if model["temperature"] > 1.0 and model["name"] == "draft":
        fired.append("hot-model")
    return _decided(fired, RESPONSES)


def decide_with_lists(record: Record) -> Decision:
    """The same by someone who knows that list comprehensions beat generators on short lists."""
    request = record["request"]
    fired = []
    intent = request["intent"]
    if intent not in INTENTS:
        fired.append("supported-intent")
    if request["toxicity"] > 0.8:
        fired.append("toxic-request")
    if request["tokens"] > 4000:
        fired.append("too-long")
    if request["language"] != "en":
        fired.append("wrong-language")
    if fired:
        return _decided(fired, RESPONSES)
    documents = record["retrieval"]["documents"]
    if not all(document["source"] in SOURCES for document in documents):
        fired.append("source-boundary")
    if not documents:
        fired.append("no-documents")
    elif max([document["score"] for document in documents]) < 0.55:
        fired.append("weak-documents")
    stops = bool(fired)
    if all(document["age_days"] > 365 for document in documents):
        fired.append("stale-documents")
    if stops:
        return _decided(fired, RESPONSES)
    answer = record["answer"]
    if answer["unsupported_claims"] > 0:
        fired.append("unsupported-claim")
    if intent == "billing" and not answer["citations"]:
        fired.append("uncited-billing")
    if answer["confidence"] < 0.7:
        fired.append("low-confidence")
    model = answer["model"]
    if model["temperature"] > 1.0 and model["name"] == "draft":
        fired.append("hot-model")
    return _decided(fired, RESPONSES)


def _decided(fired: list[str], responses: dict[str, tuple[str, str, str | None]]) -> Decision:
    if not fired:
        return Decision("answer", None, None, None, fired)
    leading = fired[0]
    for name in fired:
        if STRICTNESS[responses[name][0]] > STRICTNESS[responses[leading][0]]:
            leading = name
    action, failure, message = responses[leading]
    return Decision(action, leading, failure, message, fired)


def tenant_decider(
    limits: dict[str, list[tuple[str, float]]], general: list[tuple[str, float]]
) -> Callable[[Record], Decision]:
    """1,000 rules, most for one tenant each, indexed by tenant as a person would."""
    responses = {
        name: ("escalate", "low_confidence", "A person will take over.")
        for rules in (*limits.values(), general)
        for name, _ in rules
    }

    def decide(record: Record) -> Decision:
        confidence = record["answer"]["confidence"]
        fired = [name for name, limit in general if confidence < limit]
        for name, limit in limits.get(record["request"]["tenant"], ()):
            if confidence < limit:
                fired.append(name)
        return _decided(fired, responses)

    return decide
