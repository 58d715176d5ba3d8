"""What a run was: of which policy, suite and system, with what fingerprint, when, and how it went.

It stands beside the results in `RESULTS.run.json`, and while a suite runs in the first line of
`RESULTS.part`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from demur.files import read_file
from demur.interop.json import json_text
from demur.interop.replacing import replacing

FORMAT = "demur.run/1"
LARGEST = 4 * 1024 * 1024
"""Bytes of a manifest beyond which it is not read."""


class Manifest(BaseModel):
    """One run of a suite.

    `started` and `finished` are RFC 3339 in UTC. `cases` are how many have a result, `errors` how many
    of those have an error. `selection` says which cases were run, where it was not all; `commit` is the
    revision that the policy's folder stood at.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal["demur.run/1"] = FORMAT
    policy: str
    digest: str
    suite: str
    target: str
    fingerprint: dict[str, str]
    selection: dict[str, Any] | None = None
    started: str
    finished: str | None = None
    cases: NonNegativeInt = 0
    errors: NonNegativeInt = 0
    commit: str | None = None

    @property
    def subject(self) -> Mapping[str, Any]:
        """What must be the same for results to be of the same run."""
        return self.model_dump(include={"policy", "suite", "target", "fingerprint", "selection"})

    @property
    def is_whole(self) -> bool:
        """Whether it was finished, with an answer to some case."""
        return self.finished is not None and self.errors < self.cases


def manifest_path(results: Path) -> Path:
    """Where the manifest of these results stands."""
    return results.with_name(f"{results.stem}.run.json")


def read_manifest(results: Path) -> Manifest | None:
    """The manifest beside the results; None where there is none that can be read."""
    try:
        return Manifest.model_validate_json(read_file(manifest_path(results), LARGEST))
    except (OSError, ValidationError):
        return None


def write_manifest(results: Path, manifest: Manifest) -> None:
    """Writes it beside the results, replacing what was there at once. Raises OSError."""
    path = manifest_path(results)
    with replacing(path) as file:
        file.write(json_text(manifest.model_dump(exclude_none=True)).encode())
