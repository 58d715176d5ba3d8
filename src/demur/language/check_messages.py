"""Checks that messages tell only what is known when their rule is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.checked import CheckedResponse, CheckedRule
from demur.language.expressions import CheckedExpression
from demur.tree import Expression, Reference, Signal, walk


def check_messages(
    rules: Iterable[CheckedRule],
    on_unknown: CheckedResponse | None,
    definitions: Mapping[str, CheckedExpression],
    stages: Sequence[str],
) -> Iterator[Diagnostic]:
    """Reports each expression in a message that reads a signal of a later stage than its rule's."""
    reported: set[int] = set()
    for rule in rules:
        last = max(
            (stages.index(one.stage) for one in _signals(rule.condition.tree, definitions)),
            default=0,
        )
        for response in _responses(rule, on_unknown):
            for message in (response.say, response.why):
                for part in () if message is None else message.parts:
                    if isinstance(part, str) or id(part) in reported:
                        continue
                    read = _signals(part.tree, definitions)
                    later = next((one for one in read if stages.index(one.stage) > last), None)
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


def _responses(rule: CheckedRule, on_unknown: CheckedResponse | None) -> Iterator[CheckedResponse]:
    """All that may speak for the rule."""
    yield rule.response
    if isinstance(rule.on_unknown, CheckedResponse):
        yield rule.on_unknown
    if rule.on_unknown != "ignore" and on_unknown is not None:
        yield on_unknown


def _signals(tree: Expression, definitions: Mapping[str, CheckedExpression]) -> Iterator[Signal]:
    """The signals that the expression reads, through definitions too."""
    for node in walk(tree):
        if isinstance(node, Signal):
            yield node
        elif isinstance(node, Reference):
            yield from _signals(definitions[node.name].tree, definitions)
