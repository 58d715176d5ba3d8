"""A stand-in for your agent: it plans one call by the words of the task.

Put your own agent in its place: `answer` takes a case and returns signals by stage.
"""

from __future__ import annotations

import re
from typing import Any

EFFECTS = {"search": "read", "update_record": "write", "refund": "pay", "grant_rights": "write"}
WORDS = {
    "refund": "refund",
    "change": "update_record",
    "update": "update_record",
    "admin": "grant_rights",
}


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What is known of a case: the call that the agent would make."""
    text = case["request"]["text"].lower()
    tool = next((name for word, name in WORDS.items() if word in text), "search")
    plan: dict[str, Any] = {"tool": tool, "effect": EFFECTS[tool], "step": case.get("step", 1)}
    amount = re.search(r"(\d+(?:\.\d+)?) (?:eur|euros)", text)
    if tool == "refund" and amount:
        plan["amount_eur"] = float(amount[1])
    return {"plan": plan}
