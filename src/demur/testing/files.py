"""Test files read: their policies compiled, their cases made, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.diagnostics import Diagnostic, InvalidSource, Severity, Span, in_file_order
from demur.language.compile import compile_file
from demur.language.include import resolve_includes
from demur.language.loading import load_test_document
from demur.language.nodes import MappingNode
from demur.language.source import Source, read_source
from demur.runtime.evaluator import Evaluator
from demur.testing.alert_cases import AlertCase, alert_cases_of
from demur.testing.cases import Case, cases_of
from demur.testing.codes import problem
from demur.testing.discover import find_test_files, policy_of

SECTIONS = ("scope", "rules", "define", "params")
"""The sections of a policy that coverage and mutants are about."""
Places = Mapping[tuple[str, str], Span]


@dataclass(frozen=True, slots=True)
class TestedPolicy:
    """A policy as compiled, and where its entries stand by section and name."""

    path: Path
    evaluator: Evaluator
    places: Places


@dataclass(frozen=True, slots=True)
class TestFile:
    """A test file that was read.

    `evaluator`, the policy's with the file's parameters, is None where the file or its policy is
    invalid. `texts` holds the text of each file that the diagnostics are about, by path.
    """

    path: str
    policy: TestedPolicy | None
    evaluator: Evaluator | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    parameters: Mapping[str, Any]
    cases: tuple[Case, ...] = ()
    alerts: tuple[AlertCase, ...] = ()


def read_files(paths: Sequence[Path]) -> list[TestFile]:
    """The test files; each policy is compiled once."""
    compiled: dict[Path, TestedPolicy | InvalidSource] = {}
    return [_read(path, compiled) for path in paths]


def records(paths: Sequence[Path]) -> dict[str, Mapping[str, Any]]:
    """The records of all valid test files that the paths mean, by their cases' names."""
    found, _ = find_test_files(paths)
    cases = (case for file in read_files(found) if file.evaluator for case in file.cases)
    return {case.name: case.record for case in cases}


def _read(path: Path, compiled: dict[Path, TestedPolicy | InvalidSource]) -> TestFile:
    source = read_source(path, path.as_posix())
    if source.root is None and source.diagnostics:
        return _invalid(source, source.diagnostics)
    document, found = load_test_document(source)
    problems = [*source.diagnostics, *found]
    root = source.root
    if document is None or not isinstance(root, MappingNode) or _has_errors(problems):
        return _invalid(source, problems)
    policy = _policy(path, document.policy, _span_of(root, "policy"), compiled)
    if isinstance(policy, InvalidSource):
        return _invalid(source, [*problems, *policy.diagnostics])
    evaluator = policy.evaluator
    parameters = document.params or {}
    if parameters:
        try:
            evaluator = evaluator.with_parameters(parameters)
        except ValueError as failure:
            message = str(failure)
            message = f"{message[0].upper()}{message[1:].rstrip('.')}."
            span = _span_of(root, "params")
            return _invalid(source, [*problems, problem("DM606", message, span)], policy)
    cases, found = cases_of(root, document.tests, evaluator, others=bool(document.alerts))
    problems += found
    alerts, found = alert_cases_of(root, document.alerts, evaluator)
    problems += found
    return TestFile(
        source.path,
        policy,
        None if _has_errors(problems) else evaluator,
        in_file_order(problems),
        {source.path: source.text},
        parameters,
        tuple(cases),
        tuple(alerts),
    )


def _invalid(
    source: Source, problems: Sequence[Diagnostic], policy: TestedPolicy | None = None
) -> TestFile:
    texts = {source.path: source.text}
    for one in problems:
        if one.span is not None and one.span.path not in texts:
            texts[one.span.path] = read_source(Path(one.span.path)).text
    return TestFile(source.path, policy, None, in_file_order(list(problems)), texts, {})


def _policy(
    test_file: Path,
    named: str | None,
    span: Span,
    compiled: dict[Path, TestedPolicy | InvalidSource],
) -> TestedPolicy | InvalidSource:
    path = policy_of(test_file, named, span)
    if isinstance(path, Diagnostic):
        return InvalidSource((path,))
    key = path.resolve()
    if key not in compiled:
        try:
            compiled[key] = TestedPolicy(path, Evaluator(*compile_file(path)), _places(path))
        except InvalidSource as invalid:
            compiled[key] = invalid
    return compiled[key]


def _places(policy: Path) -> Places:
    merged, _ = resolve_includes(read_source(policy, policy.as_posix()), policy.parent)
    root = merged.root
    sections = (
        [(name, root.get(name)) for name in SECTIONS] if isinstance(root, MappingNode) else []
    )
    fallback = root.key("on_unknown") if isinstance(root, MappingNode) else None
    own = {} if fallback is None else {("", "on_unknown"): fallback.span}
    return own | {
        (name, entry.key.text): entry.key.span
        for name, section in sections
        if isinstance(section, MappingNode)
        for entry in section.entries
    }


def _has_errors(problems: Sequence[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in problems)


def _span_of(root: MappingNode, key: str) -> Span:
    """Where the value of a top-level key stands, or else the file's start."""
    node = root.get(key)
    return Span(root.span.path, root.span.start, root.span.start) if node is None else node.span
