"""An expression that takes more steps, or a larger value, than the policy allows."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.compile import limits_of
from demur.language.limiting import Asked
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    limits = limits_of(policy)
    for name, one in policy.definitions.items():
        limits.define(name, one.tree)
    for one in policy.expressions():
        limits.asked.clear()
        limits.limited(one.tree)
        found = [asked for asked in limits.asked if _is_worth_saying(asked)]
        if found:
            worst = max(found, key=lambda asked: asked.most / asked.limit)
            yield Finding(one.span_of(worst.node), _message(worst), _advice(worst))


def _is_worth_saying(asked: Asked) -> bool:
    """Whether declared sizes say so, or three lists within each other of which one declares none."""
    return asked.most < inf or asked.depth > 1


def _message(asked: Asked) -> str:
    if asked.most == inf:
        return (
            "This is gone through for each element of two lists within each other, and one of them has "
            f"no declared size: beyond {asked.limit:,} steps the result is unknown."
        )
    most, what = round(asked.most), "characters or elements" if asked.is_size else "steps"
    return f"This may take {most:,} {what}: beyond {asked.limit:,} the result is unknown."


def _advice(asked: Asked) -> str:
    key = "value" if asked.is_size else "steps"
    return (
        f"Declare a smaller `max_size` of what it reads, or a larger limit: `limits: {{{key}: …}}`."
    )


RULE = Rule(
    code="DM546",
    name="costly-expression",
    title="An expression that may take more than the policy allows",
    severity=Severity.WARNING,
    explanation="""\
Looks for macros within macros, and for values that are put together, that come to more than `limits` at
the sizes that signals declare, and for three within each other of which one declares none.
A record that large leaves the rule open: its condition is unknown.
""",
    wrong=HEADER
    + """\
stages:
  request:
    tags: {type: list, of: string, max_size: 5000}
failures:
  spam: {severity: warning}
rules:
  repeated-tags:
    when: request.tags.exists(a, request.tags.filter(b, b == a).size() > 3)
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    right=HEADER
    + """\
stages:
  request:
    tags: {type: list, of: string, max_size: 50}
failures:
  spam: {severity: warning}
rules:
  repeated-tags:
    when: request.tags.exists(a, request.tags.filter(b, b == a).size() > 3)
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    check=_check,
)
