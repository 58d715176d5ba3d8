"""The order in which things that need each other can be checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

Name = TypeVar("Name")


def ordered(needs: Mapping[Name, Collection[Name]]) -> tuple[list[Name], dict[Name, set[Name]]]:
    """The names, each after those it needs, and what those need of each other that need themselves.

    What stands first comes first, where it can.
    """
    missing = {name: set(wanted) & needs.keys() for name, wanted in needs.items()}
    needed_by: dict[Name, list[Name]] = {name: [] for name in needs}
    for name, wanted in missing.items():
        for one in wanted:
            needed_by[one].append(name)
    place = {name: at for at, name in enumerate(needs)}
    found: list[Name] = []
    ready = [name for name, wanted in missing.items() if not wanted]
    while ready:
        found += ready
        following: list[Name] = []
        for done in ready:
            for name in needed_by[done]:
                missing[name].discard(done)
                if not missing[name]:
                    following.append(name)
        ready = sorted(following, key=place.__getitem__)
    return found, {name: wanted for name, wanted in missing.items() if wanted}
