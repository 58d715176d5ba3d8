"""Runs policy tests: cases decided, what they cover, and whether they notice changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from demur.diagnostics import Diagnostic
from demur.functions.values import EvaluationError
from demur.runtime.decision import Decision
from demur.runtime.evaluator import Evaluator
from demur.testing.alerts import alert_result
from demur.testing.cases import Case
from demur.testing.codes import problem
from demur.testing.coverage import Coverage, Meter
from demur.testing.discover import find_test_files
from demur.testing.expectations import Expectation, differences
from demur.testing.files import TestedPolicy, TestFile, read_files
from demur.testing.mutation import DEFAULT_LIMIT, Mutation, Subject, Trial, mutate
from demur.testing.results import (
    CaseResult,
    ExpectationResult,
    FileResult,
    RuleState,
    TestReport,
)


def run(
    paths: Sequence[str | PathLike[str]],
    *,
    with_mutation: bool = False,
    minimum_coverage: float | None = None,
    minimum_mutation: float | None = None,
    mutants: int = DEFAULT_LIMIT,
    seed: int = 0,
) -> TestReport:
    """Runs the tests that the paths mean: test files, policy files, or folders of them.

    With `with_mutation`, or a `minimum_mutation`, the tests also run on up to `mutants` mutants of
    the policies, drawn by `seed`, provided that all tests pass. The minima are percentages; under
    them the report does not pass. Nothing is raised for bad files: the report has what is wrong.
    """
    found, problems = find_test_files([Path(path) for path in paths])
    files = read_files(found)
    meters: dict[Path, tuple[TestedPolicy, Meter]] = {}
    results = tuple(_result(file, meters) for file in files)
    coverage = Coverage(
        tuple(
            meter.read(policy.path.as_posix(), policy.places) for policy, meter in meters.values()
        )
    )
    mutation = None
    is_wanted = with_mutation or minimum_mutation is not None
    if is_wanted and TestReport(results, coverage, None, tuple(problems)).passed:
        mutation = mutate(_subjects(files), limit=mutants, seed=seed)
    problems += _shortfalls(coverage, mutation, minimum_coverage, minimum_mutation)
    return TestReport(results, coverage, mutation, tuple(problems))


def _result(file: TestFile, meters: dict[Path, tuple[TestedPolicy, Meter]]) -> FileResult:
    policy = file.policy
    shown = None if policy is None else policy.path.as_posix()
    if file.evaluator is None or policy is None:
        return FileResult(file.path, shown, None, {}, (), file.diagnostics, file.texts)
    key = policy.path.resolve()
    if key not in meters:
        meters[key] = (policy, Meter(policy.evaluator.policy))
    meter = meters[key][1]
    cases = tuple(_decided(case, file.evaluator, meter) for case in file.cases)
    cases += tuple(alert_result(case, file.evaluator) for case in file.alerts)
    digest = file.evaluator.digest
    return FileResult(
        file.path, shown, digest, file.parameters, cases, file.diagnostics, file.texts
    )


def _decided(case: Case, evaluator: Evaluator, meter: Meter) -> CaseResult:
    results: list[ExpectationResult] = []
    for expectation in case.expectations:
        decision = evaluator.decide(case.record, expectation.stage)
        # Conditions of stages that the record did not come to were not asked.
        meter.count(evaluator.policy, case.record, decision.stage or None)
        results.append(_judged(expectation, decision, case.record, evaluator))
    return CaseResult(case.name, case.span, tuple(results))


def _judged(
    expectation: Expectation, decision: Decision, record: Mapping[str, Any], evaluator: Evaluator
) -> ExpectationResult:
    found = differences(expectation, decision)
    stage = expectation.stage or next(reversed(evaluator.stages), None)
    if not found:
        return ExpectationResult(stage, expectation.span, ())
    actions = {one.name: one.action for one in decision.firings}
    rules: list[RuleState] = []
    signals: dict[str, Any] = {}
    for rule, state in evaluator.outcomes(record, decision.stage or None):
        is_unknown = isinstance(state, EvaluationError)
        rules.append(
            RuleState(
                rule.name,
                "unknown" if is_unknown else str(state).lower(),
                actions.get(rule.name),
                str(state) if is_unknown else None,
            )
        )
        signals |= evaluator.values_read(rule.condition, record)
    return ExpectationResult(stage, expectation.span, found, tuple(rules), signals)


def _subjects(files: Sequence[TestFile]) -> list[Subject]:
    """The policies, each with the cases of all files that test it."""
    policies: dict[Path, TestedPolicy] = {}
    trials: dict[Path, list[Trial]] = {}
    for file in files:
        if file.policy is not None:
            key = file.policy.path.resolve()
            policies.setdefault(key, file.policy)
            own = [Trial(file.parameters, case.record, case.expectations) for case in file.cases]
            trials.setdefault(key, []).extend(own)
    return [
        Subject(one.path.as_posix(), one.evaluator.policy, tuple(trials[key]), one.places)
        for key, one in policies.items()
    ]


def _shortfalls(
    coverage: Coverage,
    mutation: Mutation | None,
    minimum_coverage: float | None,
    minimum_mutation: float | None,
) -> list[Diagnostic]:
    """What the minima ask for and is not there. Nothing to cover is never enough, nor is a NaN."""
    problems: list[Diagnostic] = []
    if minimum_coverage is not None and not (coverage.percent or 0.0) >= minimum_coverage:
        message = (
            f"The tests cover {coverage.covered} of {coverage.possible} outcomes of conditions, "
            f"less than {minimum_coverage:g} %."
        )
        problems.append(problem("DM611", message, None, "`--coverage` lists what is missing."))
    if minimum_mutation is None or mutation is None:
        return problems
    if not (mutation.percent or 0.0) >= minimum_mutation:
        message = (
            f"The tests notice {mutation.killed} of {mutation.run} changes of the policy, "
            f"less than {minimum_mutation:g} %."
        )
        problems.append(problem("DM612", message, None, "Test what the survivors change."))
    return problems
