"""Signals from the attributes of OpenTelemetry spans, by the `otel` of their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.policy import Policy


def signals_from_attributes(
    policy: Policy, attributes: Mapping[str, Any] | None, stage: str
) -> dict[str, Any]:
    """The signals of a stage that name one of these attributes (`otel: gen_ai.usage.input_tokens`).

    Values stay as they are: one of another type than declared is unknown, as everywhere, and a
    signal whose attribute is not there is left out. Raises ValueError for a stage that the policy
    has not.
    """
    declared = policy.stages.get(stage)
    if declared is None:
        known = ", ".join(policy.stages) or "none"
        raise ValueError(f"DM901: the policy has no stage {stage!r}; its stages are: {known}")
    found: dict[str, Any] = {}
    for name, shape in declared.items():
        if shape.otel is not None and attributes is not None and shape.otel in attributes:
            value = attributes[shape.otel]
            # The API keeps sequences as tuples.
            found[name] = list(value) if isinstance(value, tuple) else value
    return found
