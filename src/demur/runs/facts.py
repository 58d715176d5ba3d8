"""What is known of a gate's run besides its numbers, and the numbers: what the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from demur.measure.results import Change, Measured, Slice

FORMAT = "demur.kept/1"
"""What a kept run says that it is; changes when a reader must change."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The state of the code that a run was made with: each part None where it is not known.

    `dirty` is whether files differed from the commit, as runs that older versions kept say.
    """

    sha: str | None = None
    branch: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run of a gate.

    `id` begins with the time, so ids sort by it. `time` is RFC 3339 in UTC. `fingerprint` has a
    digest of each part of the system under test (`prompt`, `retrieval`, `model`, `data`), as far as
    its results' manifests say, and `finished` is when these were had, empty where they do not say.
    `dropped` are the signals that were left out of the kept records because they are personal;
    `without_records` says why there are no records, where there are none.
    """

    id: str
    time: str
    policy: str
    version: str | None
    digest: str
    gate: str
    suites: tuple[str, ...]
    verdict: str
    results: tuple[str, ...]
    records: int
    commit: Commit = Commit()
    fingerprint: Mapping[str, str] = field(default_factory=dict[str, str])
    finished: str = ""
    baseline: str | None = None
    dropped: tuple[str, ...] = ()
    without_records: str = ""
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class Measurement:
    """A requirement's metric over a slice, as one run found it; `better` is `lower` or `higher`."""

    requirement: str
    metric: str
    better: str
    level: str
    unit: str | None
    slice: Slice
    measured: Measured
    verdict: str
    limit: float | None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as the store has it."""

    facts: RunFacts
    measurements: tuple[Measurement, ...]


def changed(before: RunFacts, now: RunFacts) -> tuple[Change, ...]:
    """What differs between two runs: the policy, the parts of the system, the commit.

    A part that only one of them knows differs too: it is not known to be the same.
    """
    found = [Change("policy", before.digest, now.digest)]
    found += [
        Change(part, before.fingerprint.get(part), now.fingerprint.get(part))
        for part in dict.fromkeys([*before.fingerprint, *now.fingerprint])
    ]
    found.append(Change("commit", before.commit.sha, now.commit.sha))
    return tuple(one for one in found if one.before != one.now)
