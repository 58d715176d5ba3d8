"""How much work something is, counted in steps: the same however busy the machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[], object]) -> int:
    """The calls that the work makes, of Python's functions and of built-in ones."""
    count = 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        del frame, argument
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as many steps twice the size takes: 2 where they grow with it, 4 with its square.

    What is made once, as a grammar, is made before.
    """
    work(size)
    return steps(lambda: work(2 * size)) / steps(lambda: work(size))
