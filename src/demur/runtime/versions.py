"""Which of two versions of a policy is the older one, by the precedence of Semantic Versioning 2.0."""

from __future__ import annotations

import re
from typing import Any

_FORM = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_LONGEST = 100


def precedence(version: Any) -> tuple[Any, ...] | None:
    """What orders versions: a release after its pre-releases, build metadata left out.

    None for what is no version.
    """
    if not isinstance(version, str) or len(version) > _LONGEST:
        return None
    match = _FORM.fullmatch(version)
    if match is None:
        return None
    *numbers, pre_release = match.groups()
    parts = [] if pre_release is None else pre_release.split(".")
    # Numbers come before names, and a release, which has no parts, after all of them.
    ordered = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
    return (*map(int, numbers), pre_release is None, ordered)


def not_older(version: Any, than: Any) -> bool:
    """Whether a policy of `version` may take the place of one of version `than`.

    Where the latter has a version, one that is none, or that cannot be compared, may not.
    """
    if than is None:
        return True
    new, old = precedence(version), precedence(than)
    return new is not None and old is not None and new >= old
