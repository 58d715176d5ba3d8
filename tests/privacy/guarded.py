"""Every marked record put through a guard, with providers and observers that raise."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import digest
from demur.runtime.evaluator import Evaluator
from demur.service.guard import Guard
from tests.privacy.marked import MARK, policy_text, records


@cache
def evaluator() -> Evaluator:
    """The policy of `tests.privacy.marked`, compiled."""
    _, checked, diagnostics = check_source(parse_source(policy_text(), "policy.yaml"), Path())
    assert checked is not None, diagnostics
    policy = assemble(checked)
    return Evaluator(policy, digest(policy))


def put_through(guard: Guard) -> list[Any]:
    """Asks the guard of each record, stage by stage; all that it gives back."""
    given: list[Any] = []
    for number, record in enumerate(records()):
        with guard.trace(f"{number:032x}") as trace:
            request = record["request"] if isinstance(record["request"], dict) else {}
            given.append(trace.check(request=request))
            computed = trace.provide("answer", shown=_raise, budget=5.0)
            given.append(trace.check(answer={**record["answer"], **computed}))
            given += [trace, computed]
        told = {name: one for name, one in record["outcome"].items() if name != "undeclared"}
        guard.outcome(f"{number:032x}", **told)
    return [*given, guard, guard.status()]


def _raise() -> str:
    raise KeyError(MARK)
