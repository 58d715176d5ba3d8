"""A test file to its cases: records and expectations merged, every name checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demur.diagnostics import Diagnostic, Severity, Span
from demur.language.document_of_tests import CaseSpec, ExpectationSpec, TestSpec
from demur.language.nodes import Node, locate, locate_key
from demur.policy import ACTIONS
from demur.runtime.evaluator import Evaluator
from demur.suggestions import did_you_mean
from demur.testing.codes import problem
from demur.testing.expectations import Expectation
from demur.testing.records import merged, without

Path = tuple[str | int, ...]
_ALWAYS_KNOWN = ("outcome", "decision", "id", "trace_id", "time")
"""What a record may hold beside its stages."""
_SHOWN = 12
"""How many names are listed where none is like the one that was written."""


@dataclass(frozen=True, slots=True)
class Case:
    """One record and what the policy must decide on it."""

    name: str
    span: Span
    record: Mapping[str, Any]
    expectations: tuple[Expectation, ...]


def cases_of(
    root: Node, tests: Sequence[TestSpec], evaluator: Evaluator, *, others: bool = False
) -> tuple[list[Case], list[Diagnostic]]:
    """The cases of a test file whose structure is right, and what is wrong with them.

    `others` says whether the file has tests of other kinds, so that it may have none of these.
    """
    reader = _Reader(root, evaluator)
    return list(reader.cases(tests, others)), reader.problems


class _Reader:
    """Reads one test file; collects the problems."""

    def __init__(self, root: Node, evaluator: Evaluator) -> None:
        self._root = root
        self._evaluator = evaluator
        self._policy = evaluator.policy
        self._allowed: dict[str, Iterable[str]] = {
            "action": ACTIONS,
            "rule": [rule.name for rule in self._policy.rules],
            "failure": list(self._policy.failures),
        }
        self.problems: list[Diagnostic] = []

    def cases(self, tests: Sequence[TestSpec], others: bool) -> Iterator[Case]:
        self._once([(test.name, ("tests", at, "name")) for at, test in enumerate(tests)], "test")
        if not tests and not others:
            span = self._key(("tests",))
            self._report("DM601", "The file has no tests.", span, "Write a test, or remove it.")
        for at, test in enumerate(tests):
            path: Path = ("tests", at)
            self._record(test.given or {}, (*path, "given"))
            if test.cases is None:
                yield self._case(test.name, path, test.given or {}, [(path, test)])
                continue
            written = test.cases
            names = [(c.name, (*path, "cases", n, "name")) for n, c in enumerate(written)]
            self._once(names, "case")
            if not written:
                message = f"The table `{test.name}` has no cases."
                span = self._key((*path, "cases"))
                self._report("DM602", message, span, "Write a case, or `expect`.")
            for number, case in enumerate(written):
                yield self._of_table(test, path, case, (*path, "cases", number))

    def _of_table(self, test: TestSpec, path: Path, case: CaseSpec, place: Path) -> Case:
        changes = case.with_ or {}
        self._record(changes, (*place, "with"))
        record = merged(test.given or {}, changes)
        for at, left_out in enumerate(case.without or ()):
            try:
                record = without(record, left_out)
            except KeyError:
                message = f"The record has no `{left_out}` to leave out."
                advice = "Write a path that `given` or `with` has, such as `answer.confidence`."
                self._report("DM607", message, self._value((*place, "without", at)), advice)
        name = f"{test.name} / {case.name}"
        return self._case(name, place, record, [(path, test), (place, case)])

    def _case(
        self,
        name: str,
        place: Path,
        record: Mapping[str, Any],
        written: list[tuple[Path, TestSpec] | tuple[Path, CaseSpec]],
    ) -> Case:
        """The case; of what is `written`, table first, the later wins."""
        stage, stage_path = None, None
        wanted: dict[str | None, dict[str, Any]] = {}
        spans: dict[str | None, Span] = {}
        for path, part in written:
            if part.stage is not None:
                stage, stage_path = part.stage, (*path, "stage")
        if stage is not None and stage_path is not None:
            self._stage(stage, self._value(stage_path))
        for path, part in written:
            for at, expected in (part.expect_at or {}).items():
                spans[at] = self._key((*path, "expect_at", at))
                self._stage(at, spans[at])
                wanted[at] = wanted.get(at, {}) | expected.model_dump(exclude_none=True)
                self._expected(expected, at, (*path, "expect_at", at))
            if part.expect is not None:
                spans[stage] = self._key((*path, "expect"))
                wanted[stage] = wanted.get(stage, {}) | part.expect.model_dump(exclude_none=True)
                self._expected(part.expect, stage, (*path, "expect"))
        if not any(wanted.values()):
            advice = "Write `expect`, for example `expect: {action: abstain}`."
            message = f"The test `{name}` expects nothing."
            self._report("DM602", message, self._value((*place, "name")), advice)
        expectations = [
            Expectation(at, spans[at], expected) for at, expected in wanted.items() if expected
        ]
        return Case(name, self._value((*place, "name")), record, tuple(expectations))

    def _expected(self, expected: ExpectationSpec, stage: str | None, path: Path) -> None:
        for kind in ("action", "rule", "failure"):
            name: str | None = getattr(expected, kind)
            if name is not None:
                self._name(kind, name, (*path, kind))
        for kind in ("rule", "failure"):
            names: list[str] | None = getattr(expected, f"{kind}s")
            for at, name in enumerate(names or ()):
                self._name(kind, name, (*path, f"{kind}s", at))
        for at, signal in enumerate(expected.unknown or ()):
            self._signal(signal, (*path, "unknown", at))
        self._in_time(expected, stage, path)

    def _name(self, kind: str, name: str, path: Path) -> None:
        known = self._allowed[kind]
        if name not in known:
            whose = "There is no" if kind == "action" else "The policy has no"
            advice = _advice(name, known, kind)
            self._report("DM604", f"{whose} {kind} `{name}`.", self._value(path), advice)

    def _stage(self, stage: str, span: Span) -> None:
        known = self._evaluator.stages
        if stage not in known:
            message = f"The policy has no stage `{stage}`."
            self._report("DM604", message, span, _advice(stage, known, "stage"))

    def _signal(self, path: str, place: Path) -> None:
        """A path that starts with a signal; what has a space is an operation's own words."""
        known = [
            f"{stage}.{name}" for stage, names in self._policy.stages.items() for name in names
        ]
        if " " in path or any(
            path == one or path.startswith((f"{one}.", f"{one}[")) for one in known
        ):
            return
        message = f"The policy has no signal `{path}`."
        self._report("DM604", message, self._value(place), _advice(path, known, "signal"))

    def _in_time(self, expected: ExpectationSpec, stage: str | None, path: Path) -> None:
        """Each rule that is expected runs at the stage already."""
        stages = self._evaluator.stages
        if stage is None or stage not in stages:
            return
        places = [(expected.rule, (*path, "rule"))]
        places += [(name, (*path, "rules", at)) for at, name in enumerate(expected.rules or ())]
        late = {rule.name: rule for rule in self._policy.rules if rule.stage > stages.index(stage)}
        for name, place in places:
            if name in late:
                runs = stages[late[name].stage]
                message = f"The rule `{name}` runs at stage `{runs}`, not yet at `{stage}`."
                advice = f"Expect it at stage `{runs}`, or expect another rule."
                self._report("DM608", message, self._value(place), advice)

    def _record(self, given: Mapping[str, Any], path: Path) -> None:
        """Warns of stages and signals that the policy does not declare."""
        stages: Mapping[str, Mapping[str, Any]] = {
            **self._policy.stages,
            "outcome": self._policy.outcome,
        }
        for stage, signals in given.items():
            if stage not in (*stages, *_ALWAYS_KNOWN):
                self._undeclared(f"stage `{stage}`", stage, stages, (*path, stage))
            elif stage in stages and isinstance(signals, dict):
                names = [str(name) for name in signals]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                for name in names:
                    if name not in stages[stage]:
                        what = f"signal `{stage}.{name}`"
                        self._undeclared(what, name, stages[stage], (*path, stage, name))

    def _undeclared(self, what: str, name: str, known: Iterable[str], path: Path) -> None:
        message = f"The policy declares no {what}."
        advice = did_you_mean(name, known) or "No rule can read it: leave it out, or declare it."
        warning = problem("DM609", message, self._key(path), advice, Severity.WARNING)
        self.problems.append(warning)

    def _once(self, names: list[tuple[str, Path]], kind: str) -> None:
        first: dict[str, Path] = {}
        for name, path in names:
            if name in first:
                line = self._value(first[name]).start.line
                message = f"Another {kind}, on line {line}, has the name `{name}`."
                advice = f"Give each {kind} a name of its own."
                self._report("DM603", message, self._value(path), advice)
            first.setdefault(name, path)

    def _report(self, code: str, message: str, span: Span, help: str | None) -> None:
        self.problems.append(problem(code, message, span, help))

    def _value(self, path: Path) -> Span:
        """Where the value at a path stands, or else what is around it."""
        while path and locate(self._root, path) is None:
            path = path[:-1]
        return (locate(self._root, path) or self._root).span

    def _key(self, path: Path) -> Span:
        """Where the key at the end of a path stands, or else its value."""
        key = locate_key(self._root, path)
        return self._value(path) if key is None else key.span


def _advice(name: str, known: Iterable[str], kind: str) -> str:
    names = list(known)
    whose = "The" if kind == "action" else "Its"
    if not names:
        return f"The policy declares no {kind}s."
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return did_you_mean(name, names) or f"{whose} {kind}s: {shown}."
