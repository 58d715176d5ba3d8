"""What a decision must be, by the words of docs/semantics.md and nothing of the code that decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ORDER = ["answer", "flag", "fallback", "escalate", "abstain", "refuse"]
STOPPING = {"escalate", "abstain", "refuse"}


@dataclass(frozen=True)
class Expected:
    """The action, the stage that the record came to, and the places of the rules that spoke there."""

    action: str
    stage: int
    spoken: tuple[int, ...]
    asked: tuple[int, ...]


def expected(rules: Sequence[tuple[Any, Any]], last: int) -> Expected:
    """The decision by each rule with its state (True, False or what else), asked stage by stage."""
    for stage in range(last + 1):
        asked = tuple(at for at, (rule, _) in enumerate(rules) if rule.stage <= stage)
        said: dict[int, str] = {}
        for at in asked:
            rule, state = rules[at]
            if state is True:
                said[at] = rule.response.action
            elif state is not False and rule.on_unknown is not None:
                said[at] = rule.on_unknown.action
        action = max(said.values(), key=ORDER.index, default="answer")
        if action in STOPPING or stage == last:
            return Expected(action, stage, tuple(said), asked)
    raise AssertionError("there is no stage")
