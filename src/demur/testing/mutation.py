"""Mutation testing: whether the tests notice when the policy is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from demur.diagnostics import Span
from demur.policy import Policy
from demur.runtime.evaluator import Evaluator
from demur.testing.coverage import percent
from demur.testing.expectations import Expectation, is_met
from demur.testing.mutants import Mutant, mutants

DEFAULT_LIMIT = 500
"""How many mutants are run unless more are asked for."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change of the policy that no test noticed; fields as in `Mutant`."""

    policy: str
    place: str
    rules: tuple[str, ...]
    change: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Mutation:
    """What became of the mutants: `run` of the `possible` ones, drawn by `seed` where not all."""

    possible: int
    run: int
    seed: int
    survivors: tuple[Survivor, ...]

    @property
    def killed(self) -> int:
        """The mutants that some test noticed."""
        return self.run - len(self.survivors)

    @property
    def percent(self) -> float | None:
        """Killed of those run, rounded down to a tenth; None where there were none."""
        return percent(self.killed, self.run)


@dataclass(frozen=True, slots=True)
class Trial:
    """A record and what a policy with these parameters must decide on it."""

    parameters: Mapping[str, Any]
    record: Mapping[str, Any]
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy to mutate, all that tests it, and where its rules stand by section and name."""

    path: str
    policy: Policy
    trials: tuple[Trial, ...]
    spans: Mapping[tuple[str, str], Span]


def mutate(subjects: Sequence[Subject], *, limit: int = DEFAULT_LIMIT, seed: int = 0) -> Mutation:
    """Runs the tests on mutants of the policies, at most `limit` of them, drawn by `seed`."""
    everything = [
        (subject, one)
        for subject in subjects
        for one in mutants(subject.policy)
        if not _is_overridden(one, subject)
    ]
    chosen = range(len(everything))
    if len(everything) > limit:
        chosen = sorted(Random(seed).sample(chosen, limit))
    survivors = [
        _survivor(*everything[at])
        for at in chosen
        if _survives(everything[at][1], everything[at][0])
    ]
    return Mutation(len(everything), len(chosen), seed, tuple(survivors))


def _is_overridden(mutant: Mutant, subject: Subject) -> bool:
    """Whether the change is of a parameter that every test sets, so that none can notice."""
    kind, _, name = mutant.place.partition(" ")
    return kind == "params" and all(name in trial.parameters for trial in subject.trials)


def _survives(mutant: Mutant, subject: Subject) -> bool:
    evaluators: dict[int, Evaluator] = {}
    for trial in subject.trials:
        evaluator = evaluators.get(id(trial.parameters))
        if evaluator is None:
            evaluator = Evaluator(mutant.policy, "")
            if trial.parameters:
                evaluator = evaluator.with_parameters(trial.parameters)
            evaluators[id(trial.parameters)] = evaluator
        for expectation in trial.expectations:
            if not is_met(expectation, evaluator.decide(trial.record, expectation.stage)):
                return False
    return True


def _survivor(subject: Subject, mutant: Mutant) -> Survivor:
    return Survivor(subject.path, mutant.place, mutant.rules, mutant.change, _span(subject, mutant))


def _span(subject: Subject, mutant: Mutant) -> Span | None:
    kind, _, name = mutant.place.partition(" ")
    sections = {"rule": ("scope", "rules"), "define": ("define",), "params": ("params",)}
    places = (subject.spans.get((section, name)) for section in sections.get(kind, ()))
    return next((place for place in places if place is not None), subject.spans.get(("", kind)))
