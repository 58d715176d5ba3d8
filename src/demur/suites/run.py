"""A suite run against its system: cases → attempts → lines → results and manifest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from demur.files import check_file, check_place
from demur.runs.commits import commit_of
from demur.runtime.evaluator import Evaluator
from demur.suites import settings
from demur.suites.attempts import result
from demur.suites.cases import Case, read_cases, selected
from demur.suites.fingerprint import DECLARED, changes, fingerprint
from demur.suites.manifest import Manifest, read_manifest, write_manifest
from demur.suites.results import PartialResults, has_each_once
from demur.suites.settings import AS_DECLARED, Options, Suite
from demur.suites.targets import open_target

_AHEAD = 4
"""Cases begun, waiting for another attempt among them, for each that may be asked at a time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: cases done, of how many, with how many errors, and those that this run did."""

    done: int
    cases: int
    errors: int
    ran: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    `ran` are the cases that it ran, `kept` those whose results it took from an earlier one, `errors`
    how many of all have an error, by kind; `attempts` counts those of the cases that it ran. `changed`
    are the fingerprint's parts that are not as in the results that stood there before, and `previous`
    is their manifest. `restarted` are those in which an interrupted run differed, so that it was not
    gone on with.
    """

    results: Path
    manifest: Manifest
    ran: int
    kept: int
    errors: Mapping[str, int]
    attempts: int
    seconds: float
    previous: Manifest | None
    changed: tuple[str, ...]
    restarted: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing was run, as what the results depend on is as it was."""
        return not self.ran and self.previous == self.manifest


def run_suite(
    evaluator: Evaluator,
    name: str,
    folder: Path,
    results: Path | None = None,
    *,
    options: Options = AS_DECLARED,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Runs a suite of the policy, whose files stand in `folder`, and writes its results.

    Results go to `.demur/results/SUITE.jsonl` in the folder, or to `.demur/samples` where only some of
    the cases are run, unless a file is given. An interrupted run is gone on with. Raises `SuiteError`
    for a suite that cannot be run, KeyError for none of that name, OSError.
    """
    suite = settings.suite(evaluator, name, options)
    cases = selected(read_cases(suite, folder, evaluator), options)
    place = results or default_results(folder, name, options)
    if results is None:
        check_place(place, folder)
    if place.exists():
        # Results take the place of what is there, and a device's place is not theirs.
        check_file(place)
    manifest = Manifest(
        policy=evaluator.name,
        digest=evaluator.digest,
        suite=name,
        target=suite.shown_target,
        fingerprint=fingerprint(suite, folder, evaluator),
        selection=options.selection,
        started=_now(),
        commit=commit_of(folder, os.environ).sha,
    )
    previous = read_manifest(place) if place.is_file() else None
    partial = PartialResults(place)
    try:
        return _Run(evaluator, suite, folder, cases, options, progress, partial).run(
            place, manifest, previous
        )
    finally:
        partial.close()


def default_results(folder: Path, name: str, options: Options = AS_DECLARED) -> Path:
    """Where a suite's results go."""
    kind = "results" if options.selection is None else "samples"
    return folder / ".demur" / kind / f"{name}.jsonl"


@dataclass(frozen=True, slots=True)
class _Run:
    evaluator: Evaluator
    suite: Suite
    folder: Path
    cases: Sequence[Case]
    options: Options
    progress: Callable[[Progress], None]
    partial: PartialResults

    def run(self, place: Path, manifest: Manifest, previous: Manifest | None) -> Outcome:
        started = monotonic()
        ids = [one.id for one in self.cases]
        interrupted = self.partial.earlier
        restarted: tuple[str, ...] = ()
        if interrupted is not None and not self.options.fresh:
            restarted = _differences(interrupted, manifest)
        if interrupted is not None and not restarted and not self.options.fresh:
            manifest = manifest.model_copy(update={"started": interrupted.started})
            self.partial.resume(ids, failed=self.options.failed)
        elif previous is not None and self._may_keep(previous, manifest, place, ids):
            if not (self.options.failed and previous.errors):
                self.partial.discard()
                return Outcome(place, previous, 0, previous.cases, {}, 0, 0.0, previous, ())
            self.partial.begin(manifest)
            self.partial.take_over(place, ids)
        else:
            self.partial.begin(manifest)
        kept = len(self.partial.done)
        remaining = [one for one in self.cases if one.id not in self.partial.done]
        attempts = asyncio.run(self._all(remaining)) if remaining else 0
        errors = self.partial.errors
        manifest = manifest.model_copy(
            update={"finished": _now(), "cases": len(self.cases), "errors": sum(errors.values())}
        )
        self.partial.finish(ids)
        write_manifest(place, manifest)
        self.partial.discard()
        return Outcome(
            place,
            manifest,
            len(remaining),
            kept,
            errors,
            attempts,
            monotonic() - started,
            previous,
            () if previous is None else _differences(previous, manifest),
            restarted,
        )

    def _may_keep(
        self, previous: Manifest, manifest: Manifest, place: Path, ids: Sequence[str]
    ) -> bool:
        """Whether the results that stand there are whole and of the same, as far as can be known.

        It can where the suite says what they depend on. To run again those that failed is to say that
        the others hold.
        """
        known = any(part in self.suite.fingerprint for part in DECLARED) or self.options.failed
        same = previous.subject == manifest.subject and previous.is_whole
        return not self.options.fresh and known and same and has_each_once(place, ids)

    async def _all(self, cases: Sequence[Case]) -> int:
        """Runs the cases; the number of attempts."""
        slots = asyncio.Semaphore(self.suite.concurrency)
        begun = asyncio.Semaphore(_AHEAD * self.suite.concurrency)
        before = len(self.partial.done)
        errors = sum(self.partial.errors.values())
        attempts = 0

        async def one(case: Case) -> None:
            nonlocal attempts, errors
            try:
                found = await result(case, target, self.suite, self.evaluator.policy, slots)
            finally:
                begun.release()
            self.partial.add(case.id, found.line, found.error)
            attempts += found.attempts
            errors += found.error is not None
            done = len(self.partial.done)
            self.progress(Progress(done, before + len(cases), errors, done - before))

        try:
            async with (
                open_target(self.suite, self.folder, self.options.headers) as target,
                asyncio.TaskGroup() as group,
            ):
                for case in cases:
                    await begun.acquire()
                    group.create_task(one(case))
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        return attempts


def _first(failures: BaseExceptionGroup) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _differences(before: Manifest, now: Manifest) -> tuple[str, ...]:
    """What of the run's subject is not as it was."""
    parts = changes(before.fingerprint, now.fingerprint)
    others = [
        name
        for name in ("policy", "suite", "target", "selection")
        if before.subject[name] != now.subject[name]
    ]
    return (*others, *parts)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
