"""Did you mean: the name that was probably meant, or the names that there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from pathlib import Path

_LIKE = 0.6
"""From how much likeness on a name is taken for another; names of up to three letters differ sooner."""
_LIKE_SHORT = 0.5
_SHORT = 3
_SPELLING = 0.98
"""Above this, names differ in small and capital letters and in what stands between words."""
_END = 0.95
"""How like a name is to the last part of one with more parts that is the same."""
_MOST_LISTED = 12
"""Names that a message lists."""
_LONGEST = 200
"""Characters of a name that is compared; no longer one is meant by another."""
MOST_COMPARED = 500
"""Names that one is compared with: each of many wrong names is, so all of them together would be many."""
_MOST_FILES = 2_000
"""How many files are looked at for the one that was meant."""


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None where none is like enough; case does not count.

    Best is one that differs in its spelling only (`minScore`, `min_score`), then one that `name`
    begins or shortens (`lang`, `language`; `msg`, `message`), then one whose words hold those of the
    other (`score`, `best_score`), then one that a few letters tell apart. Names with dots are like
    each other as their least like parts are.
    """
    if len(name) > _LONGEST:
        return None
    to_name = _Likeness(name)
    among = islice((one for one in candidates if len(one) <= _LONGEST), MOST_COMPARED)
    likeness = {candidate: to_name.of(candidate) for candidate in among}
    found = max(likeness, key=lambda one: likeness[one], default=None)
    return found if found is not None and likeness[found] else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The advice ``Did you mean `x`?``, or None."""
    found = closest(name, candidates)
    return f"Did you mean `{found}`?" if found else None


def file_like(
    folder: Path, name: str, files_of: Callable[[Path], list[str]] | None = None
) -> str | None:
    """The advice ``Did you mean `x`?`` for a file that is not there: by its path, or by its name."""
    shown = sorted((files_of or files_below)(folder))
    by_name = {path.rpartition("/")[2]: path for path in reversed(shown)}
    found = closest(name, shown) or by_name.get(closest(name.rpartition("/")[2], by_name) or "")
    return f"Did you mean `{found}`?" if found else None


def files_below(folder: Path) -> list[str]:
    """The files in a folder and below, by their paths from it; of many some, and none that are hidden."""
    try:
        paths = (one for one in folder.rglob("*") if one.is_file())
        files = [one.relative_to(folder) for one in islice(paths, _MOST_FILES)]
    except (OSError, ValueError):
        return []
    return [one.as_posix() for one in files if not any(part[0] == "." for part in one.parts)]


def meant_or_listed(name: str, candidates: Collection[str], kind: str) -> str:
    """The advice ``Did you mean `x`?``, or else what there is: ``The gates: a, b.``"""
    return did_you_mean(name, candidates) or listed(candidates, kind)


def meant_or_declared(name: str, candidates: Collection[str], section: str) -> str:
    """As `meant_or_listed`, of a section of a policy, where it can be declared as well."""
    if not candidates:
        return f"Declare it in `{section}`."
    guess = did_you_mean(name, candidates)
    return guess or f"{listed(candidates, section)} Or declare it in `{section}`."


def listed(names: Collection[str], kind: str) -> str:
    """The names there are: ``The gates: a, b.``; the first of many, and how many more."""
    shown = list(names)[:_MOST_LISTED]
    more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
    return f"The {kind}: {', '.join(shown) or 'none'}{more}."


class _Likeness:
    """How like the names of others are to one name: from 0, not alike, to 1, the same."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._matchers: dict[str, SequenceMatcher[str]] = {}

    def of(self, candidate: str) -> float:
        """The likeness of a name, which may have dots."""
        ours, theirs = self._name.split("."), candidate.split(".")
        if len(ours) != len(theirs):
            is_end = self._of_words(ours[-1], theirs[-1]) > _SPELLING
            return _END if is_end else self._of_words(self._name, candidate)
        parts = [self._of_words(one, other) for one, other in zip(ours, theirs, strict=True)]
        if len(parts) > 1 and parts[-1] > _SPELLING:
            return max(min(parts), _LIKE)
        return min(parts)

    def _of_words(self, name: str, candidate: str) -> float:
        """The likeness of two names without dots, 0 below what counts as alike."""
        ours, theirs = _folded(name), _folded(candidate)
        if ours == theirs:
            return 1.0
        if ours.replace("_", "") == theirs.replace("_", ""):
            return 0.99
        if _shortens(ours, theirs):
            # Of two that begin alike, the shorter one is nearer.
            return max(0.9 + 0.05 * self._ratio(ours, theirs, 0), self._ratio(ours, theirs, 0))
        words, others = set(ours.split("_")), set(theirs.split("_"))
        if words <= others or others <= words:
            return max(0.8 + 0.05 * self._ratio(ours, theirs, 0), self._ratio(ours, theirs, 0))
        return self._ratio(ours, theirs, _LIKE if len(name) > _SHORT else _LIKE_SHORT)

    def _ratio(self, ours: str, theirs: str, least: float) -> float:
        """The share of letters that two names have in common, in order; 0 where it is below `least`."""
        matcher = self._matchers.get(ours)
        if matcher is None:
            matcher = self._matchers[ours] = SequenceMatcher(None, "", ours)
        matcher.set_seq1(theirs)
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            return 0.0
        ratio = matcher.ratio()
        return ratio if ratio >= least else 0.0


@lru_cache(4096)
def _folded(name: str) -> str:
    """The name in small letters, its words with `_` between them: `minScore` is `min_score`."""
    spelt = "".join(
        f"_{one}" if one.isupper() and at and name[at - 1].islower() else one
        for at, one in enumerate(name)
    )
    return spelt.lower().replace("-", "_").replace(" ", "_")


def _shortens(short: str, long: str) -> bool:
    """Whether the one begins the other, or is its first letter and consonants of it in order."""
    if len(short) < _SHORT or len(short) >= len(long):
        return False
    if long.startswith(short):
        return True
    letters = iter(long)
    in_order = all(letter in letters for letter in short)
    return short[0] == long[0] and not set(short[1:]) & set("aeiou_") and in_order
