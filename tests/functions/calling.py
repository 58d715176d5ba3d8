"""Calls overloads of the library by their identifier, without the compiler."""

from __future__ import annotations

from typing import Any

import pytest

from demur.functions import find
from demur.functions.values import EvaluationError


def call(identifier: str, *arguments: Any) -> Any:
    """The overload's result."""
    python = find(identifier).python
    assert python is not None
    return python(*arguments)


def assert_fails(identifier: str, *arguments: Any) -> None:
    """The overload has CEL's error, and no other exception."""
    with pytest.raises(EvaluationError):
        call(identifier, *arguments)
