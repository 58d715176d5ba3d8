"""What `make release` compares and doubts, apart from the building, which CI does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("release", ROOT / "tools" / "release.py")
assert SPEC is not None
assert SPEC.loader is not None
release = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(release)


def test_a_build_that_differs_in_a_byte_or_a_file_is_named(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "a.whl").write_bytes(b"same")
        (folder / "b.tar.gz").write_bytes(b"same")
    assert release.differing(first, second) == []
    (second / "a.whl").write_bytes(b"sane")
    (second / "c.whl").write_bytes(b"")
    assert release.differing(first, second) == ["a.whl", "c.whl"]


def test_a_release_is_doubted_with_uncommitted_changes_and_without_its_changes() -> None:
    assert release.doubts("1.2.0", "", "# Changelog\n\n## 1.2.0 - 2026-12-01\n") == []
    tree, changelog = release.doubts("1.2.0", " M README.md\n", "# Changelog\n\n## [Unreleased]\n")
    assert "not committed" in tree
    assert "1.2.0" in changelog
