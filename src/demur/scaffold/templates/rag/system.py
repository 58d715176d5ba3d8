"""A stand-in for your assistant: it finds the help page that shares most words with the question.

Put your own system in its place: `answer` takes a case and returns signals by stage.
"""

from __future__ import annotations

import re
from typing import Any

PAGES = {
    "delivery-times": "How long does delivery take? A parcel takes three days to arrive.",
    "delivery-costs": "How much does delivery cost? Delivery costs four pounds, and is free from fifty.",
    "returns-window": "How long do I have to return something? You can send it back within thirty days.",
    "refunds": "When is a refund paid? We refund you five days after your return reached us.",
    "payment-methods": "Which cards can I pay with? We take Visa, Mastercard and PayPal.",
    "declined-cards": "Why was my card declined? Your bank declined it; try another card.",
}
IGNORED = frozenset(
    "a an and can do does for from have how i in is it me my of or the to we was what".split()
)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What is known of a case: the pages that were found, the answer, and whether it is right."""
    wanted = _words(case["request"]["text"])
    scores = {name: _share(wanted, _words(page)) for name, page in PAGES.items()}
    found = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])[:3]
    return {
        "retrieval": {"documents": [{"id": name, "score": scores[name]} for name in found]},
        "answer": {"text": PAGES[found[0]] if found else "", "citations": found[:1]},
        "outcome": {"correct": found[:1] == [case["page"]]},
    }


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) - IGNORED


def _share(wanted: set[str], page: set[str]) -> float:
    return round(len(wanted & page) / len(wanted), 4) if wanted else 0.0
