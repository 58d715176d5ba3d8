"""Which spans stand below others: the same as by walking up from each, in the time that each once takes."""

from __future__ import annotations

from collections.abc import Mapping, Set

from hypothesis import given
from hypothesis import strategies as st

from demur.interop.results.spans import _below  # pyright: ignore[reportPrivateUsage]

IDS = st.sampled_from("abcdefgh")


def walked(parents: Mapping[str, str], holders: Set[str]) -> set[str]:
    """The reference: from each span up, until there is nothing above or it comes round again."""
    found: set[str] = set()
    for id, parent in parents.items():
        above: set[str] = set()
        up = parent
        while up in parents and up != id and up not in above:
            above.add(up)
            up = parents[up]
        if above & holders:
            found.add(id)
    return found


@given(st.dictionaries(IDS, st.sampled_from("abcdefgh?")), st.sets(IDS))
def test_what_stands_below_is_what_walking_up_finds(
    parents: dict[str, str], holders: set[str]
) -> None:
    holders &= set(parents)
    assert _below(parents, holders) == walked(parents, holders)


class Counted(dict[str, str]):
    """Parents that count how often they are looked at."""

    looks = 0

    def __contains__(self, key: object) -> bool:
        Counted.looks += 1
        return super().__contains__(key)


def test_a_long_chain_is_walked_once() -> None:
    length = 5_000
    parents = Counted({str(at): str(at + 1) for at in range(length)})
    Counted.looks = 0
    assert len(_below(parents, {str(length - 1)})) == length - 1
    assert Counted.looks < 4 * length
