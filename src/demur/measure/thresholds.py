"""The thresholds of a compiled policy's gates, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demur.measure.formula import formula
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import Expression

DEFAULT_MIN_SAMPLES = 1


@dataclass(frozen=True, slots=True)
class Threshold:
    """A requirement of a gate, its gate's settings put in where it has none of its own.

    `path` is where it stands in the policy file; `operator` has the metric on its left.
    """

    path: tuple[str | int, ...]
    text: str
    metric: str
    operator: str
    limit: Expression
    uses_baseline: bool
    level: str
    by: tuple[str, ...]
    confidence: float | None
    min_samples: int
    min_slice: int | None
    about: str | None

    @property
    def is_upper(self) -> bool:
        """Whether the metric must stay below its limit."""
        return self.operator in ("<", "<=")

    def limit_by(self, evaluator: Evaluator) -> Callable[[float | None], float | None]:
        """The limit as a function of the baseline's value, which is not read where it is not used."""
        compute = formula(self.limit, ("baseline",), evaluator)
        return lambda baseline: compute((baseline if self.uses_baseline else 0.0,))

    def margin(self, evaluator: Evaluator) -> float | None:
        """What the limit adds to the baseline, where it does no more than that; else None."""
        limit_at = self.limit_by(evaluator)
        added = [
            None if limit is None else limit - at
            for at, limit in ((at, limit_at(at)) for at in (0.0, 1.0, 2.0))
        ]
        first = added[0]
        if first is None or any(one is None or abs(one - first) > 1e-12 for one in added):
            return None
        return first


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of a compiled policy. `baseline` is what `--baseline` is where it is not given."""

    name: str
    suites: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    correction: str
    runbook: str | None
    about: str | None
    baseline: str | None = None


def gates(evaluator: Evaluator) -> dict[str, Gate]:
    """The policy's gates by name."""
    evaluation = evaluator.policy.evaluation
    by_path: dict[tuple[str | int, ...], Mapping[str, Any]] = {
        tuple(one["path"]): one for one in evaluation.get("thresholds", ())
    }
    found: dict[str, Gate] = {}
    for name, said in evaluation.get("settings", {}).get("gates", {}).items():
        thresholds = [
            _threshold(name, at, requirement, said, by_path)
            for at, requirement in enumerate(said["require"])
        ]
        found[name] = Gate(
            name,
            tuple(said["suites"]),
            tuple(thresholds),
            said.get("correction", "holm"),
            said.get("runbook"),
            said.get("about"),
            said.get("baseline"),
        )
    return found


def _threshold(
    gate: str,
    at: int,
    requirement: str | Mapping[str, Any],
    said: Mapping[str, Any],
    by_path: Mapping[tuple[str | int, ...], Mapping[str, Any]],
) -> Threshold:
    own: Mapping[str, Any] = requirement if isinstance(requirement, Mapping) else {}
    text = own["that"] if own else requirement
    path: tuple[str | int, ...] = ("gates", gate, "require", at)
    if own:
        path = (*path, "that")
    compiled = by_path[path]

    def setting(key: str, otherwise: Any = None) -> Any:
        return own.get(key, said.get(key, otherwise))

    return Threshold(
        path,
        str(text).strip(),
        compiled["metric"],
        compiled["operator"],
        read_expression(compiled["limit"]),
        compiled["baseline"],
        own.get("level", "fail"),
        tuple(setting("by", ())),
        setting("confidence"),
        setting("min_samples", DEFAULT_MIN_SAMPLES),
        setting("min_slice"),
        own.get("about"),
    )
