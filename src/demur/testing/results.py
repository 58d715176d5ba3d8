"""What a run of policy tests found: plain records, from one expectation up to the whole report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from demur.diagnostics import Diagnostic, Severity, Span
from demur.testing.coverage import Coverage
from demur.testing.expectations import Difference
from demur.testing.mutation import Mutation


class Outcome(StrEnum):
    """How a run ended, from best to worst."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"
    """A policy or a test file is invalid."""
    ERROR = "error"
    """A file could not be read."""


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule's condition on the record: `true`, `false` or `unknown`.

    `action` is what the rule then asked for, None where it said nothing; `reason` says why the
    condition is unknown.
    """

    rule: str
    state: str
    action: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One expectation at one stage.

    `rules` and `signals` explain a failure and are empty otherwise. `signals` has the values that
    the rules read, by path; personal ones are masked. `note` says in a sentence why, where that is
    not the rules' doing.
    """

    stage: str | None
    span: Span
    differences: tuple[Difference, ...]
    rules: tuple[RuleState, ...] = ()
    signals: Mapping[str, Any] = field(default_factory=dict[str, Any])
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the decision is as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test, or one case of a table; `name` is then `TEST / CASE`."""

    name: str
    span: Span
    expectations: tuple[ExpectationResult, ...]

    @property
    def passed(self) -> bool:
        """Whether all its expectations are met."""
        return all(one.passed for one in self.expectations)


@dataclass(frozen=True, slots=True)
class FileResult:
    """One test file. `policy` and `digest` are of the policy that decided, None where none did.

    `parameters` are the values that the file sets; `texts` holds the text of each file that the
    diagnostics are about, by path.
    """

    path: str
    policy: str | None
    digest: str | None
    parameters: Mapping[str, Any]
    cases: tuple[CaseResult, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases that did not pass."""
        return tuple(case for case in self.cases if not case.passed)


_UNREADABLE = "DM101"
_SHORTFALLS = frozenset(("DM601", "DM611", "DM612"))


@dataclass(frozen=True, slots=True)
class TestReport:
    """A run of policy tests.

    `diagnostics` are those of the whole run: paths without tests, too little coverage, too many
    surviving mutants. `mutation` is None where no mutants were run.
    """

    __test__: ClassVar[bool] = False  # to pytest, which takes the name for a test's

    files: tuple[FileResult, ...]
    coverage: Coverage
    mutation: Mutation | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def cases(self) -> tuple[CaseResult, ...]:
        """All cases of all files."""
        return tuple(case for file in self.files for case in file.cases)

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases that did not pass."""
        return tuple(case for case in self.cases if not case.passed)

    @property
    def outcome(self) -> Outcome:
        """The worst that happened."""
        errors = {
            one.code
            for one in (*self.diagnostics, *(d for file in self.files for d in file.diagnostics))
            if one.severity is Severity.ERROR
        }
        if _UNREADABLE in errors:
            return Outcome.ERROR
        if errors - _SHORTFALLS:
            return Outcome.INVALID
        return Outcome.FAIL if errors or self.failed or not self.cases else Outcome.PASS

    @property
    def passed(self) -> bool:
        """Whether tests ran and nothing is wrong."""
        return self.outcome is Outcome.PASS
