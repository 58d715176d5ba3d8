"""Did you mean: the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None where none is like enough; case does not count."""
    by_lowered = {candidate.lower(): candidate for candidate in candidates}
    cutoff = 0.6 if len(name) > 3 else 0.5
    matches = get_close_matches(name.lower(), by_lowered, n=1, cutoff=cutoff)
    return by_lowered[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The advice ``Did you mean `x`?``, or None."""
    found = closest(name, candidates)
    return f"Did you mean `{found}`?" if found else None
