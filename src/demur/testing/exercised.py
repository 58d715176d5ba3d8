"""Which tests show what of each rule: that it fires, and what happens where it stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demur.diagnostics import Diagnostic, InvalidSource, Severity
from demur.functions.values import EvaluationError
from demur.testing.discover import find_test_files
from demur.testing.files import TestFile, read_files


@dataclass(frozen=True, slots=True)
class Exercise:
    """The names of the tests in which a rule's condition is true, and in which it is unknown."""

    fires: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])


Exercises = Mapping[tuple[str, str], Exercise]
"""By the rule's section and name."""


def exercised(paths: Sequence[Path]) -> Exercises:
    """The tests that exercise the rules of the policies whose test files the paths mean.

    There may be none. Raises `InvalidSource` for test files that are wrong: what they show is not
    known.
    """
    found, _ = find_test_files(paths)
    files = read_files(found)
    wrong = [one for file in files for one in file.diagnostics if one.severity is Severity.ERROR]
    if wrong:
        raise InvalidSource(tuple[Diagnostic, ...](wrong))
    exercises: dict[tuple[str, str], Exercise] = {}
    for file in files:
        _count(file, exercises)
    return exercises


def _count(file: TestFile, exercises: dict[tuple[str, str], Exercise]) -> None:
    if file.evaluator is None:
        return
    for case in file.cases:
        for expectation in case.expectations:
            reached = file.evaluator.decide(case.record, expectation.stage).stage
            for rule, state in file.evaluator.outcomes(case.record, reached or None):
                own = exercises.setdefault((rule.section, rule.name), Exercise())
                names = own.unknown if isinstance(state, EvaluationError) else own.fires
                if state is not False and case.name not in names:
                    names.append(case.name)
