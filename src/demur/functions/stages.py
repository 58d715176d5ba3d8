"""Stages: how far a record came. For `metrics` only, where a decision has been made."""

from __future__ import annotations

from demur.functions import Function, Overload

FUNCTIONS = (
    Function(
        "reached",
        "Whether the record came to this stage: no earlier one stopped it, and it did not break off "
        'before. The stage is named by a constant, as in `reached("answer")`.',
        Overload("stages.reached", "reached(string) -> bool"),
        scope="metrics",
    ),
)
