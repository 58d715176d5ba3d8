"""Copies of a compiled policy with some of its parts replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.policy import Policy, Response, Rule


def changed(policy: Policy, **parts: Any) -> Policy:
    """The policy with these attributes instead of its own."""
    return Policy(**{name: getattr(policy, name) for name in Policy.__slots__} | parts)


def changed_rule(rule: Rule, **parts: Any) -> Rule:
    """The rule with these attributes instead of its own."""
    return Rule(**{name: getattr(rule, name) for name in Rule.__slots__} | parts)


def milder(response: Response, action: str) -> Response:
    """The response with another action."""
    return Response(action, response.failure, response.say, response.why)


def with_entry(entries: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The mapping with another value under one of its keys, in the same order."""
    return {key: value if key == name else old for key, old in entries.items()}
