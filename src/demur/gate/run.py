"""A gate over results: read → measure → judge → the one result that every report is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis

from demur.diagnostics import Span
from demur.gate import breakdown
from demur.gate.cases import Expected, Problem, held_to, paired, suite_cases
from demur.gate.other_policy import with_metrics_of
from demur.interop.runbooks import resolved, section
from demur.measure.comparing import Comparison
from demur.measure.judge import judge
from demur.measure.measuring import Run, measure, restricted, sampled_together
from demur.measure.plan import plan
from demur.measure.results import GateResult, Requirement
from demur.measure.slices import Cut, cuts, dimensions
from demur.measure.thresholds import Gate, Threshold
from demur.measure.unknown import unknown_signals
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Sources:
    """Where the records are: files, folders, globs, or tables of the engine."""

    results: tuple[str, ...]
    baseline: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyFile:
    """The file that a policy was read from, for reports that point into it.

    `places` are where its thresholds stand, by their paths in the file.
    """

    path: str
    text: str
    folder: Path
    places: Mapping[tuple[str | int, ...], Span]


def run_gate(
    evaluator: Evaluator,
    gate: Gate,
    sources: Sources,
    connection: Any,
    *,
    file: PolicyFile | None = None,
    baseline_evaluator: Evaluator | None = None,
    progress: Progress = lambda step: None,
) -> GateResult:
    """The gate's verdict over the results, and what led to it.

    The baseline's records are decided by `baseline_evaluator`, by default by the same policy. Raises
    `UnreadableTable` for records that cannot be read, ValueError for a metric that cannot be computed.
    """
    folder = None if file is None else file.folder
    by = [one.by for one in gate.thresholds]
    names = dimensions(by)
    wanted = list(dict.fromkeys([*(one.metric for one in gate.thresholds), *_numeric(evaluator)]))
    asked = {one: cuts(one.by, names) for one in gate.thresholds}
    every = list(dict.fromkeys(cut for found in asked.values() for cut in found))

    progress("measuring the results")
    made = plan(evaluator, read_metrics(evaluator, wanted), names)
    run = measure(connection, sources.results, made, every)
    cases = suite_cases(evaluator, gate.suites, folder)
    expected = cases.names
    current = held_to(run, cases, every, named=bool(sources.baseline))
    problems: list[Problem] = [*cases.problems, *current.problems]
    run, before = current.run, None
    comparison, shared, baseline_records = Comparison(run), None, None
    if sources.baseline and current.records:
        progress("measuring the baseline")
        other = evaluator
        if baseline_evaluator is not None:
            other = with_metrics_of(evaluator, baseline_evaluator)
        theirs = plan(other, read_metrics(other, wanted), names)
        held = held_to(
            measure(connection, sources.baseline, theirs, every), Expected(None), every, named=True
        )
        if expected is not None:
            held = replace(held, run=_only(held.run, expected, every))
        baseline_records = held.records
        problems += [(code, f"The baseline: {text}") for code, text in held.problems]
        mine, before, shared, lost = paired(run, held.run, every)
        if shared is not None:
            mine, before = sampled_together(mine, before)
        problems += lost
        comparison = Comparison(mine, before, shared is not None)

    progress("judging")
    requirements = tuple(
        _requirement(one, asked[one], gate, run, comparison, file) for one in gate.thresholds
    )
    result = GateResult(
        policy=evaluator.name,
        digest=evaluator.digest,
        gate=gate.name,
        about=gate.about,
        owner=evaluator.policy.owner,
        runbook=resolved(gate.runbook, evaluator.policy.runbook),
        policy_path="" if file is None else file.path,
        policy_text="" if file is None else file.text,
        engine=connection.name,
        results=sources.results,
        baseline=", ".join(sources.baseline) or None,
        records=current.records,
        baseline_records=baseline_records,
        paired=shared,
        requirements=requirements if current.records else (),
        problems=tuple(dict.fromkeys(problems)),
        fallbacks=tuple(run.decided.fallbacks.items()),
        unchecked=cases.unknown,
    )
    if not current.records:
        return result
    progress("gathering what the report shows")
    return _with_details(result, gate, run, comparison, every, folder)


def _numeric(evaluator: Evaluator) -> Iterable[str]:
    """The policy's other metrics that tell of a number's distribution."""
    for name in evaluator.policy.evaluation.get("metrics", {}):
        found = read_metrics(evaluator, [name])
        if found.metrics[name].is_plain and breakdown.numeric_signals(found):
            yield name


def _only(run: Run, expected: frozenset[str], every: Sequence[Cut]) -> Run:
    """The baseline's run over the suite's cases alone; all of it where it has none of them.

    Then it is another sample, as yesterday's records are beside today's.
    """
    names = ibis.memtable({"id": sorted(expected)}, schema={"id": "string"})
    found = restricted(run, names, every)
    return found if found.decided.table.count().execute() else run


def _requirement(
    threshold: Threshold,
    asked: Sequence[Cut],
    gate: Gate,
    run: Run,
    comparison: Comparison,
    file: PolicyFile | None,
) -> Requirement:
    over = comparison if threshold.uses_baseline else Comparison(run)
    judgements = judge(
        over.rows(threshold, asked),
        threshold.operator,
        threshold.confidence,
        threshold.min_samples,
        gate.correction,
    )
    metric = run.metrics.metrics[threshold.metric]
    place = None if file is None else file.places.get(threshold.path)
    return Requirement(
        text=threshold.text,
        metric=threshold.metric,
        operator=threshold.operator,
        level=threshold.level,
        confidence=threshold.confidence,
        min_samples=threshold.min_samples,
        by=threshold.by,
        judgements=judgements,
        about=threshold.about or metric.about,
        unit=metric.unit,
        line=0 if place is None else place.start.line,
        column=0 if place is None else place.start.column,
        end_column=0 if place is None else place.end.column,
    )


def _with_details(
    result: GateResult,
    gate: Gate,
    run: Run,
    comparison: Comparison,
    every: Sequence[Cut],
    folder: Path | None,
) -> GateResult:
    before = comparison.baseline
    flips = ()
    if before is not None and comparison.paired:
        flips = breakdown.flips(comparison.run, before, gate.thresholds)
    speaking = [
        name
        for one in result.requirements
        for judgement in one.judgements
        if judgement.verdict != "pass"
        for name in judgement.cases
    ]
    shown = [one.case for one in flips[: breakdown.MAXIMUM_FLIPS]]
    cases = breakdown.opened(run, [*shown, *speaking])
    records = {one.id: one.record for one in cases}
    flips = tuple(replace(one, record=records.get(one.case, {})) for one in flips)
    unknown = unknown_signals(run.plan, run.decided)
    failed = result.verdict != "pass"
    own = gate.runbook or _runbook_of_failures(result, run)
    runbook = resolved(own, run.evaluator.policy.runbook)
    return replace(
        result,
        flips=flips,
        cases=cases,
        failures=breakdown.failure_counts(run, every),
        distributions=breakdown.distributions(run, before),
        unknown_signals={path: sum(kinds.values()) for path, kinds in unknown.items()},
        unknown_reasons=unknown,
        runbook=runbook if failed else result.runbook,
        runbook_section=section(folder, runbook) if failed else "",
        failure_runbooks=_failure_runbooks(run),
    )


def _failure_runbooks(run: Run) -> dict[str, str]:
    policy = run.evaluator.policy
    links = {name: facts.get("runbook") for name, facts in policy.failures.items()}
    found = {name: resolved(str(link), policy.runbook) for name, link in links.items() if link}
    return {name: link for name, link in found.items() if link}


def _runbook_of_failures(result: GateResult, run: Run) -> str | None:
    """The runbook of the failure that is named in the expression of the worst metric, if any."""
    policy = run.evaluator.policy
    bad = [one.metric for one in result.requirements if one.verdict != "pass"]
    written = str([policy.evaluation["metrics"][name] for name in bad])
    for name, facts in policy.failures.items():
        if f"'{name}'" in written and facts.get("runbook"):
            return str(facts["runbook"])
    return None
