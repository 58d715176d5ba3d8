"""The store of runs as `demur gate` uses it: a baseline taken from it, and each run put into it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from demur.cli import output
from demur.interop.records import READERS, ending
from demur.measure.results import GateResult
from demur.measure.thresholds import Gate
from demur.runs.commits import commit_of
from demur.runs.facts import RunFacts, changed
from demur.runs.finding import NoBaseline, find, is_name
from demur.runs.manifests import origin
from demur.runs.records import is_personal
from demur.runs.store import ID, Broken, keep, measurements, new_id, prune, written
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a gate compares with: files or tables, which may be those of a kept `run`.

    `problem` is the code and the sentence of why there is none, where one was asked for.
    """

    sources: tuple[str, ...] = ()
    run: RunFacts | None = None
    name: str = ""
    problem: tuple[str, str] | None = None


def baseline(
    evaluator: Evaluator,
    gate: Gate,
    policy: Path,
    given: Sequence[str],
    folder: Path | None,
    engine: str | None,
) -> Baseline:
    """The baseline that was `given`, or that the gate names; a file, or a run of the store in `folder`.

    What of the store cannot be read is told on standard error.
    """
    names = tuple(given) or _of_gate(gate, policy)
    run = next((one for one in names if _names_run(one, engine)), None)
    if run is None:
        return Baseline(names)
    if len(names) > 1:
        raise click.UsageError(f"The baseline `{run}` is a run: give it alone.")
    if folder is None:
        why = f"`{run}` names a run, and none are kept: name the folder, --runs DIR."
        return Baseline(name=run, problem=("DM840", why))
    broken: list[Broken] = []
    try:
        found = find(folder, run, evaluator, gate.name, broken)
    except NoBaseline as failure:
        return Baseline(name=run, problem=(failure.code, failure.message))
    finally:
        for one in broken:
            output.tell(str(one), err=True)
    return Baseline((str(found.records),), found.facts, run)


def _of_gate(gate: Gate, policy: Path) -> tuple[str, ...]:
    """What the gate's own `baseline` says; a file is found from the policy's folder."""
    if gate.baseline is None:
        return ()
    beside = policy.parent / gate.baseline
    is_file = not is_name(gate.baseline) and beside.exists()
    return (str(beside) if is_file else gate.baseline,)


def _names_run(name: str, engine: str | None) -> bool:
    """Whether this means a run: on an engine with tables only what can mean nothing else."""
    if is_name(name) or ID.fullmatch(name):
        return True
    path = Path(name)
    is_file = path.exists() or bool(_GLOB & set(name)) or ending(path) in READERS
    return not is_file and engine in (None, "duckdb")


def facts_now(
    evaluator: Evaluator, gate: Gate, policy: Path, result: GateResult, against: Baseline
) -> RunFacts:
    """The facts of the run that has just been judged."""
    now, found = datetime.now(UTC), origin(result.results)
    return RunFacts(
        id=new_id(now),
        time=written(now),
        policy=evaluator.name,
        version=evaluator.policy.version,
        digest=evaluator.digest,
        gate=gate.name,
        suites=gate.suites,
        verdict=result.verdict,
        results=result.results,
        records=result.records,
        commit=commit_of(policy.resolve().parent, os.environ),
        fingerprint=found.fingerprint,
        finished=found.finished,
        baseline=against.run.id if against.run else result.baseline,
    )


def compared(result: GateResult, facts: RunFacts, against: Baseline) -> GateResult:
    """The result with what is known of a baseline that is a run: its name, and what changed since."""
    if against.problem is not None:
        return replace(result, baseline=against.name, problems=(*result.problems, against.problem))
    if against.run is None:
        return result
    return replace(
        result,
        baseline=f"run {against.run.id}",
        changes=changed(against.run, facts),
    )


def kept(folder: Path, evaluator: Evaluator, facts: RunFacts, result: GateResult) -> str:
    """Keeps the run; a sentence that says so, or why it could not be."""
    metrics = read_metrics(evaluator, {one.metric for one in result.requirements}).metrics
    better = {name: one.better for name, one in metrics.items()}
    policy = evaluator.policy
    rows = [one for one in measurements(result, better) if not is_personal(one.slice, policy)]
    try:
        found = keep(folder, facts, rows, evaluator, result.results)
        prune(folder)
    except OSError as failure:
        reason = failure.strerror or failure
        return f"DM844 The run could not be kept in {folder.as_posix()}: {reason}"
    without = f", without its records: {found.without_records}" if found.without_records else ""
    return f"Kept as run {found.id}{without}"
