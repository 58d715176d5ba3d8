"""Which policy may take the place of another while a service runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demur.runtime.evaluator import Evaluator
from demur.runtime.versions import not_older
from demur.service.refusal import ReloadError


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service asks of every policy.

    `parameters` replace values of the policy's `params`. No version lower than `minimum_version` is
    admitted, and none lower than the active one's unless `allow_older`.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    minimum_version: str | None = None
    allow_older: bool = False


def admit(new: Evaluator, active: Evaluator | None, terms: Terms) -> Evaluator:
    """The policy as the service uses it, ready to decide.

    Raises `ReloadError` where it may not take the place of `active`, and `BundleError` where it turns
    out to be none.
    """
    if active is not None:
        _must_continue(new, active)
    versions = [terms.minimum_version]
    if active is not None and not terms.allow_older:
        versions.append(active.policy.version)
    for version in versions:
        if not not_older(new.policy.version, version):
            raise ReloadError(
                "DM926",
                f"Its version is {new.policy.version or 'not given'}, lower than {version}.",
                "Raise its version, or roll back by `policies.roll_back()`.",
            )
    if terms.parameters:
        try:
            new = new.with_parameters(terms.parameters)
        except ValueError as problem:
            raise ReloadError(
                "DM936",
                f"The service's parameters do not fit it: {problem}.",
                "Change the policy, or deploy both.",
            ) from None
    # The code of both forms is generated here and not by the first request.
    for stage in (*new.stages, None):
        new.decide({}, stage)
    return new


def _must_continue(new: Evaluator, active: Evaluator) -> None:
    """The same policy, for the same code."""
    if new.name != active.name:
        raise ReloadError(
            "DM927",
            f"It is the policy `{new.name}`, and `{active.name}` is active.",
            "Look at what was put there, or restart the service with it.",
        )
    if new.stages != active.stages:
        raise ReloadError(
            "DM928",
            f"Its stages are {', '.join(new.stages)}, and those of the active policy "
            f"{', '.join(active.stages)}.",
            "Deploy it with the code that gives these stages, and restart the service.",
        )
