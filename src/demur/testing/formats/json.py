"""For programs: stable JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demur.diagnostics import Diagnostic, Span
from demur.interop.json import json_text
from demur.runtime.decision import plain
from demur.testing.coverage import ConditionCoverage, Coverage, RuleCoverage
from demur.testing.mutation import Mutation
from demur.testing.results import CaseResult, ExpectationResult, FileResult, TestReport

if TYPE_CHECKING:
    from demur.testing.formats import Options

VERSION = 1
"""Rises when a reader of the format must change."""


def write(report: TestReport, options: Options) -> str:
    """One JSON object."""
    del options
    document = {
        "version": VERSION,
        "outcome": report.outcome.value,
        "summary": {
            "files": len(report.files),
            "tests": len(report.cases),
            "passed": len(report.cases) - len(report.failed),
            "failed": len(report.failed),
        },
        "files": [_file(file) for file in report.files],
        "coverage": _coverage(report.coverage),
        "mutation": None if report.mutation is None else _mutation(report.mutation),
        "diagnostics": [_diagnostic(one) for one in report.diagnostics],
    }
    return json_text(document)


def _file(file: FileResult) -> dict[str, Any]:
    return {
        "path": file.path,
        "policy": file.policy,
        "digest": file.digest,
        "parameters": plain(dict(file.parameters)),
        "diagnostics": [_diagnostic(one) for one in file.diagnostics],
        "tests": [_case(case) for case in file.cases],
    }


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "name": case.name,
        "passed": case.passed,
        "span": _span(case.span),
        "expectations": [_expectation(one) for one in case.expectations],
    }


def _expectation(one: ExpectationResult) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "passed": one.passed,
        "span": _span(one.span),
        "differences": [
            {"what": part.what, "expected": part.expected, "found": part.found}
            for part in one.differences
        ],
        "rules": [
            {"rule": rule.rule, "state": rule.state, "action": rule.action, "reason": rule.reason}
            for rule in one.rules
        ],
        "signals": plain(dict(one.signals)),
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "covered": coverage.covered,
        "possible": coverage.possible,
        "percent": coverage.percent,
        "policies": [
            {"policy": policy.policy, "rules": [_rule(rule) for rule in policy.rules]}
            for policy in coverage.policies
        ],
    }


def _rule(rule: RuleCoverage) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "section": rule.section,
        "span": None if rule.span is None else _span(rule.span),
        "conditions": [_condition(one) for one in rule.conditions],
    }


def _condition(one: ConditionCoverage) -> dict[str, Any]:
    return {"text": one.text, "counts": dict(one.counts), "missing": list(one.missing)}


def _mutation(mutation: Mutation) -> dict[str, Any]:
    return {
        "possible": mutation.possible,
        "run": mutation.run,
        "seed": mutation.seed,
        "killed": mutation.killed,
        "percent": mutation.percent,
        "survivors": [
            {
                "policy": one.policy,
                "place": one.place,
                "rules": list(one.rules),
                "change": one.change,
                "span": None if one.span is None else _span(one.span),
            }
            for one in mutation.survivors
        ],
    }


def _diagnostic(one: Diagnostic) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "severity": one.severity.value,
        "message": one.message,
        "help": one.help,
        "span": None if one.span is None else _span(one.span),
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "start": {"line": span.start.line, "column": span.start.column},
        "end": {"line": span.end.line, "column": span.end.column},
    }
