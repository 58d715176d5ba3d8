"""Versions are ordered as Semantic Versioning says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from demur.runtime.versions import not_older, precedence

# The example of semver.org, section 11, and the numbers around it.
ASCENDING = """
0.9.12 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1
1.0.0 1.0.1 1.2.0 1.10.0 2.0.0
""".split()


def test_the_order_is_that_of_the_standard() -> None:
    keys = [precedence(version) for version in ASCENDING]
    assert None not in keys
    assert all(lower < higher for lower, higher in pairwise(keys))


@pytest.mark.parametrize(("older", "newer"), list(pairwise(ASCENDING)))
def test_an_older_version_may_not_follow(older: str, newer: str) -> None:
    assert not_older(newer, older)
    assert not not_older(older, newer)
    assert not_older(older, older)


def test_build_metadata_orders_nothing() -> None:
    assert precedence("1.0.0+a") == precedence("1.0.0+b") == precedence("1.0.0")


@pytest.mark.parametrize(
    "version",
    [None, 1, 1.5, "", "1", "1.0", "v1.0.0", "1.0.0\n", "1.0.0 ", "٣.0.0", "9" * 5000 + ".0.0"],
)
def test_what_is_no_version_never_follows_one(version: object) -> None:
    assert precedence(version) is None
    assert not not_older(version, "0.0.1")
    assert not_older(version, None)


def test_nothing_follows_what_cannot_be_compared() -> None:
    assert not not_older("1.0.0", "latest")
