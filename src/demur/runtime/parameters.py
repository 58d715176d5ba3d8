"""Other values for a policy's parameters, within their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.backends.python.reading import read
from demur.functions.values import EvaluationError
from demur.policy import ParameterValue, Policy, Shape
from demur.runtime.bundle import digest
from demur.suggestions import did_you_mean


def replaced(policy: Policy, values: Mapping[str, Any]) -> tuple[Policy, str]:
    """The policy with these parameters' values, and its digest. Raises ValueError."""
    parameters = dict(policy.parameters)
    for name, value in values.items():
        if name not in parameters:
            advice = did_you_mean(name, parameters) or "Its parameters: " + ", ".join(parameters)
            raise ValueError(f"the policy has no parameter {name!r}. {advice}")
        old = parameters[name]
        shape = Shape(old.type, minimum=old.minimum, maximum=old.maximum)
        try:
            known = read(value, shape, f"params.{name}")
        except EvaluationError as unknown:
            raise ValueError(str(unknown)) from None
        parameters[name] = ParameterValue(old.type, known, old.minimum, old.maximum)
    changed = policy.replaced(parameters=parameters)
    return changed, digest(changed)
