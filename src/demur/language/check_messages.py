"""Checks that messages tell only what is known when their rule is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.checked import CheckedResponse, CheckedRule
from demur.language.expressions import CheckedExpression, signals_of


def check_messages(
    rules: Iterable[CheckedRule],
    on_unknown: CheckedResponse | None,
    definitions: Mapping[str, CheckedExpression],
    stages: Sequence[str],
) -> Iterator[Diagnostic]:
    """Reports each expression in a message that reads a signal of a later stage than its rule's."""
    reported: set[int] = set()
    order = {name: at for at, name in enumerate(stages)}
    earliest = len(stages)
    """The first stage that the policy's response was checked for: later ones know what it does."""
    for rule in rules:
        last = max(
            (order[one.stage] for one in signals_of(rule.condition.tree, definitions)), default=0
        )
        common = None if rule.on_unknown == "ignore" or last >= earliest else on_unknown
        earliest = last if common is not None else earliest
        for response in _responses(rule, common):
            for message in (response.say, response.why):
                for part in () if message is None else message.parts:
                    if isinstance(part, str) or id(part) in reported:
                        continue
                    read = signals_of(part.tree, definitions)
                    later = next((one for one in read if order[one.stage] > last), None)
                    if later is not None:
                        reported.add(id(part))
                        yield finding(
                            "DM428",
                            f"`{later.stage}.{later.name}` is not known yet when `{rule.name}` is asked, "
                            f"at stage `{stages[last]}`.",
                            part.span,
                            f"Tell what is known at stage `{stages[last]}`, or let the condition read a "
                            f"signal of `{later.stage}` too.",
                        )


def _responses(rule: CheckedRule, common: CheckedResponse | None) -> Iterator[CheckedResponse]:
    """All that may speak for the rule, that of the policy included."""
    yield rule.response
    if isinstance(rule.on_unknown, CheckedResponse):
        yield rule.on_unknown
    if common is not None:
        yield common
