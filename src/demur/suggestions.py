"""Did you mean: the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

_MOST_FILES = 2_000
"""How many files are looked at for the one that was meant."""


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


def file_like(folder: Path, name: str) -> str | None:
    """The advice ``Did you mean `x`?`` for a file that is not there: by its path, or by its name."""
    try:
        paths = (one for one in folder.rglob("*") if one.is_file())
        files = [one.relative_to(folder) for one in islice(paths, _MOST_FILES)]
    except (OSError, ValueError):
        return None
    shown = sorted(one.as_posix() for one in files if not any(p[0] == "." for p in one.parts))
    by_name = {path.rpartition("/")[2]: path for path in reversed(shown)}
    found = closest(name, shown) or by_name.get(closest(name.rpartition("/")[2], by_name) or "")
    return f"Did you mean `{found}`?" if found else None
