"""Reloads while threads decide: no failed, mixed or unversioned decision."""

from __future__ import annotations

from pathlib import Path

from benchmarks.reloads import Bundles, survive


def test_reloads_under_load_leave_every_decision_whole(tmp_path: Path) -> None:
    counts = survive(600, tmp_path)
    assert counts.is_clean, counts
    assert counts.traces > 600
    assert len(counts.versions_seen) > 50
    assert counts.broken == 200


def test_the_broken_files_are_all_broken_in_their_own_way() -> None:
    bundles = Bundles()
    kinds = {bundles.broken(kind, "1.1.0") for kind in range(13)}
    assert len(kinds) == 13
    assert bundles.good("1.1.0") not in kinds
