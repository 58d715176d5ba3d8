"""A stand-in for your classifier: it counts the words that speak for each label.

Put your own model in its place: `answer` takes a case and returns signals by stage.
"""

from __future__ import annotations

import re
from typing import Any

WORDS = {
    "billing": {"invoice", "charged", "refund", "price", "paid", "card"},
    "bug": {"crash", "crashes", "error", "broken", "freezes", "blank"},
    "account": {"password", "login", "email", "username", "locked", "profile"},
}


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What is known of a case: the label, how sure it is, and how far it leads the next one."""
    words = set(re.findall(r"[a-z]+", case["request"]["text"].lower()))
    hits = {label: len(words & known) for label, known in WORDS.items()}
    total = sum(hits.values())
    first, second, *_ = sorted(hits, key=lambda label: -hits[label])
    shares = {label: hits[label] / total if total else 1 / len(hits) for label in hits}
    return {
        "prediction": {
            "label": first,
            "confidence": round(shares[first], 4),
            "margin": round(shares[first] - shares[second], 4),
        }
    }
