"""Other values for a policy's parameters, within their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.backends.python.reading import read
from demur.functions.values import EvaluationError
from demur.policy import ParameterValue, Policy, Shape
from demur.runtime.bundle import digest
from demur.suggestions import meant_or_listed

_LONGEST = 60
"""Characters of a value that a message shows."""


def replaced(policy: Policy, values: Mapping[str, Any]) -> tuple[Policy, str]:
    """The policy with these parameters' values, and its digest. Raises ValueError."""
    parameters = dict(policy.parameters)
    for name, value in values.items():
        if name not in parameters:
            advice = meant_or_listed(name, parameters, "parameters")
            raise ValueError(f"the policy has no parameter {name!r}. {advice}")
        old = parameters[name]
        shape = Shape(old.type, minimum=old.minimum, maximum=old.maximum)
        try:
            known = read(value, shape, f"params.{name}")
        except EvaluationError as unknown:
            raise ValueError(f"{unknown}: {_shown(value)}") from None
        parameters[name] = ParameterValue(old.type, known, old.minimum, old.maximum)
    changed = policy.replaced(parameters=parameters)
    return changed, digest(changed)


def _shown(value: Any) -> str:
    """The value that was given, cut short."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
