"""Which policy may take the place of another while a service runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from demur.policy import Policy, Shape
from demur.runtime.evaluator import Evaluator
from demur.runtime.versions import not_older
from demur.service.refusal import ReloadError
from demur.tree import Signal, walk

_SHOWN = 5
"""How many signals a refusal names."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a service asks of every policy.

    `parameters` replace values of the policy's `params`. No version lower than `minimum_version` is
    admitted, and none lower than the active one's unless `allow_older`. `allow_new_signals` admits a
    policy whose signals the service's code gave otherwise to the one before.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    minimum_version: str | None = None
    allow_older: bool = False
    allow_new_signals: bool = False


def admit(new: Evaluator, active: Evaluator | None, terms: Terms) -> Evaluator:
    """The policy as the service uses it, ready to decide.

    Raises `ReloadError` where it may not take the place of `active`, and `BundleError` where it turns
    out to be none.
    """
    if active is not None:
        _must_continue(new, active)
        if not terms.allow_new_signals:
            _must_be_given(new.policy, active.policy)
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
    new.make_ready()
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


def _must_be_given(new: Policy, active: Policy) -> None:
    """What the new policy reads is what the code gives to the active one, of the same type."""
    read = _read(new)
    problems: list[str] = []
    for stage, shapes in new.stages.items():
        known = active.stages[stage]
        for name, shape in shapes.items():
            path = f"{stage}.{name}"
            if name in known:
                problems += _differences(path, shape, known[name])
            elif (stage, name) in read and (stage, name) not in new.derived and not shape.optional:
                problems.append(f"`{path}` is new, and its rules read it")
    if problems:
        more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ReloadError(
            "DM929",
            f"It needs what the running code does not give: {'; '.join(problems[:_SHOWN])}{more}.",
            "Deploy it with the code that gives these signals, or `watch(…, allow_new_signals=True)`.",
        )


def _read(policy: Policy) -> set[tuple[str, str]]:
    """The signals that decide: those of the rules' conditions, definitions and derived signals."""
    conditions = [one.condition for one in policy.rules]
    trees = [*conditions, *policy.definitions.values(), *policy.derived.values()]
    return {
        (one.stage, one.name) for tree in trees for one in walk(tree) if isinstance(one, Signal)
    }


def _differences(path: str, new: Shape, known: Shape) -> Iterator[str]:
    """Where a value of the known shape is of another type in the new one, or lacks a field of it."""
    if new.type != known.type:
        yield f"`{path}` was {known.type} and is {new.type}"
        return
    if new.of is not None and known.of is not None:
        yield from _differences(f"{path}[]", new.of, known.of)
    fields, given = new.fields or {}, known.fields or {}
    for name, shape in fields.items():
        if name in given:
            yield from _differences(f"{path}.{name}", shape, given[name])
        elif not shape.optional:
            yield f"`{path}.{name}` is new"
