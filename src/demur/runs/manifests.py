"""What `demur run` wrote beside results: of which system they are, and when they were had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demur.files import read_file
from demur.interop.record import UnreadableRecords
from demur.interop.sources import files
from demur.runtime.strict_json import read_json

FORMAT = "demur.run/1"
LARGEST = 4 * 1024 * 1024
"""Bytes of a manifest beyond which it is not read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The digests of the system's parts by name, and when the results were had; empty if not known."""

    fingerprint: Mapping[str, str] = field(default_factory=dict[str, str])
    finished: str = ""


def origin(results: Sequence[str]) -> Origin:
    """What the manifests beside these results say: of `out/results.jsonl` that is `out/results.run.json`.

    Where several results differ in a part, its digests stand one after the other.
    """
    parts: dict[str, dict[str, None]] = {}
    paths = _files(results)
    finished: list[str] = []
    for manifest in map(_manifest, paths):
        for part, digest in _parts(manifest):
            parts.setdefault(part, {})[digest] = None
        if isinstance(manifest.get("finished"), str):
            finished.append(manifest["finished"])
    joined = {part: " ".join(digests) for part, digests in parts.items()}
    return Origin(joined, " ".join(finished) if len(finished) == len(paths) else "")


def _files(results: Sequence[str]) -> Sequence[Path]:
    """The results that are files; tables of an engine have nothing beside them."""
    try:
        return files(results)
    except UnreadableRecords:
        return ()


def _manifest(results: Path) -> Mapping[str, Any]:
    try:
        found: Any = read_json(read_file(results.with_name(f"{results.stem}.run.json"), LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == FORMAT else {}


def _parts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    parts = manifest.get("fingerprint")
    if isinstance(parts, dict):
        yield from ((str(part), str(digest)) for part, digest in parts.items() if digest)
