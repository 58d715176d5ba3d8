"""What a gate found: the one form that every report is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERDICTS = ("pass", "inconclusive", "fail", "error")
"""The verdicts from best to worst; several combine to the worst."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From the one-sided lower to the one-sided upper bound, each at the requirement's confidence.

    A side that nothing bounds is infinite. Without a `confidence`, both are the value itself.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Slice:
    """The records that have these values: pairs of a dimension and a value; none for all records.

    `remainder` is how many slices under the floor were pooled into this one; 0 for a plain slice.
    """

    of: tuple[tuple[str, str], ...] = ()
    remainder: int = 0

    def __str__(self) -> str:
        if self.remainder:
            names = ", ".join(dict.fromkeys(name for name, _ in self.of))
            return f"{names}: {self.remainder} small slices together"
        return ", ".join(f"{name} = {value}" for name, value in self.of) or "all"


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric over the records of a slice.

    `value` counts unknown records as the worst for the comparison; `known_value` leaves them out.
    Either is None where it does not exist (no records, nothing to divide by). `samples` are the
    records that count, unknown ones among them.
    """

    value: float | None
    known_value: float | None
    samples: int
    unknown: int
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One requirement judged over one slice.

    `limit` is the bound with parameters and the baseline's value put in. `reason` says in a sentence
    why the verdict is what it is. `difference` is the interval of the value less the baseline's,
    where that is what was tested. `p_value` is how likely so bad a value would be if the requirement
    were just met, `adjusted` the same after the correction over the slices. `needed` is how many
    further records would settle an inconclusive verdict, None where no number would, or where it is
    settled. `code` is a diagnostic's for an error.
    `cases` are ids of records that speak against the requirement, the first of them.
    """

    slice: Slice
    verdict: str
    reason: str
    measured: Measured
    limit: float | None
    baseline: Measured | None = None
    difference: Interval | None = None
    method: str = ""
    p_value: float | None = None
    adjusted: float | None = None
    needed: int | None = None
    code: str | None = None
    cases: tuple[str, ...] = ()


_NOT_JUDGED = Judgement(
    Slice(), "error", "Nothing was judged.", Measured(None, None, 0, 0), None, code="DM810"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of the gate with its judgements: the whole first, then each slice.

    `text` is as in the policy (`wrong_rate <= 0.02`); `line` and `column` are where it stands there
    (from 1; 0 where the policy is a bundle). `level` is `fail` or `warn`: a `warn` blocks nothing.
    """

    text: str
    metric: str
    operator: str
    level: str
    confidence: float | None
    min_samples: int
    by: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    about: str | None = None
    unit: str | None = None
    line: int = 0
    column: int = 0
    end_column: int = 0

    @property
    def verdict(self) -> str:
        """The worst of its judgements; what was not judged is an error."""
        return worst(one.verdict for one in self.judgements) if self.judgements else "error"

    @property
    def overall(self) -> Judgement:
        """The judgement over all records; an error where nothing was judged."""
        return self.judgements[0] if self.judgements else _NOT_JUDGED


@dataclass(frozen=True, slots=True)
class Flip:
    """A case that came out otherwise than in the baseline.

    `worse` lists the requirements' metrics by which it got worse, `better` those by which it got
    better. `record` is the case as this run has it, personal values masked.
    """

    case: str
    before: str
    after: str
    rule_before: str | None
    rule_after: str | None
    worse: tuple[str, ...]
    better: tuple[str, ...]
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How many of a slice's records count as each failure of the policy, and how many there are."""

    slice: Slice
    records: int
    failures: Mapping[str, int]
    actions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a number of the records is distributed, in this run and in the baseline.

    `name` is the signal's path, `edges` are the histogram's n + 1 edges, `counts` and
    `baseline_counts` its n counts. `quantiles` are pairs of a share and a value; likewise the
    baseline's, empty without one.
    """

    name: str
    unit: str | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    baseline_counts: tuple[int, ...]
    quantiles: tuple[tuple[float, float], ...]
    baseline_quantiles: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A record that one can open in a report, personal values masked."""

    id: str
    action: str
    rule: str | None
    failure: str | None
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was otherwise in an earlier run: the policy, the commit, a part of the system.

    `before` and `now` are digests; None where that run does not tell.
    """

    what: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a gate found.

    `policy_path` and `policy_text` are the policy file's (empty for a bundle), for reports that
    point into it. `problems` are errors that concern no single requirement, such as cases that the
    baseline had and this run lost: pairs of a code and a sentence. `unchecked` says why it is not
    known which cases must have been run, where it is not. `fallbacks` say what the engine
    could not express and Python evaluated, and why. `unknown_signals` says in how many records each
    path was unknown (`answer.sources[].trust` in an element of a list), and `unknown_reasons` in how
    many of them for each kind of reason. `changes` are what changed since the baseline's
    run, where that is one that was kept. `failure_runbooks` are the paths or addresses of the
    runbooks' sections on the failures that have one.
    """

    policy: str
    digest: str
    gate: str
    about: str | None
    owner: str
    runbook: str | None
    policy_path: str
    policy_text: str
    engine: str
    results: tuple[str, ...]
    baseline: str | None
    records: int
    baseline_records: int | None
    paired: int | None
    requirements: tuple[Requirement, ...]
    problems: tuple[tuple[str, str], ...] = ()
    flips: tuple[Flip, ...] = ()
    failures: tuple[FailureCount, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    cases: tuple[Case, ...] = ()
    fallbacks: tuple[tuple[str, str], ...] = ()
    unchecked: str = ""
    unknown_signals: Mapping[str, int] = field(default_factory=dict[str, int])
    unknown_reasons: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict[str, Mapping[str, int]]
    )
    runbook_section: str = ""
    changes: tuple[Change, ...] = ()
    failure_runbooks: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def verdict(self) -> str:
        """The worst of the requirements that block, `error` where there is a problem."""
        blocking = [one.verdict for one in self.requirements if one.level == "fail"]
        return worst([*blocking, *("error" for _ in self.problems)])


def worst(verdicts: Any) -> str:
    """The worst verdict of several, `pass` of none."""
    return max(verdicts, key=VERDICTS.index, default="pass")
