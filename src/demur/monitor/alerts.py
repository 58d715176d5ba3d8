"""The alerts of a compiled policy, as data: conditions over windows, and what follows when they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from demur.interop.runbooks import resolved
from demur.measure.thresholds import DEFAULT_MIN_SAMPLES, Threshold
from demur.monitor.windows import seconds, text
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import Constant

NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A threshold that must hold over a window for all to be well.

    The alert's `miss_rate > 0.1` is the threshold `miss_rate <= 0.1`, missed. Lengths are in seconds;
    `against` is how long the baseline's window is, None where the limit has no baseline. Of a rate at
    least `min_bad` records must be bad.
    """

    threshold: Threshold
    window: float
    against: float | None = None
    min_bad: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """When someone is woken: while every one of `conditions` is missed, in the same slice.

    `hold_for` and `keep_firing_for` are seconds. `burn` names the burn rate of an objective's alert
    (`14.4x over 1h`), of which several have one `name`, and `slo_window` how long the objective's
    window is; empty and None for an alert with `when`.
    """

    name: str
    conditions: tuple[Condition, ...]
    hold_for: float
    keep_firing_for: float
    no_data: str
    severity: str
    owner: str
    runbook: str | None
    about: str | None
    burn: str = ""
    slo_window: float | None = None

    @property
    def key(self) -> str:
        """The alert's name, with its burn rate where several share the name."""
        return f"{self.name} {self.burn}" if self.burn else self.name

    @property
    def longest(self) -> float:
        """How far back it looks, in seconds."""
        return max(one.window + (one.against or 0.0) for one in self.conditions)

    @property
    def shortest(self) -> float:
        """Its shortest window, in seconds."""
        lengths = (length for one in self.conditions for length in (one.window, one.against))
        return min(length for length in lengths if length is not None)

    def window_for(self, least: float) -> str | None:
        """The shortest `window` to write so that none is below `least` seconds; None where none is.

        For an objective, whose windows are parts of its own, that is the objective's.
        """
        # A part of a window is no shorter for the last digits of a division.
        if self.shortest >= least * (1 - 1e-9):
            return None
        return text(
            least if self.slo_window is None else ceil(self.slo_window * least / self.shortest)
        )


@dataclass(frozen=True, slots=True)
class BurnRate:
    """One line of the table of burn rates: the share of the budget gone within a part of the window."""

    factor: float
    share_of_window: float
    severity: str


BURN_RATES = (
    BurnRate(14.4, 1 / 720, "page"),
    BurnRate(6.0, 1 / 120, "page"),
    BurnRate(1.0, 1 / 10, "ticket"),
)
"""For 30 days: 2 % of the budget within 1 h, 5 % within 6 h, 10 % within 3 d.

Source: The Site Reliability Workbook (2018), chapter 5, table 5-8. For other windows the parts scale.
"""
SHORT = 12
"""The short window, which ends the alert soon after the trouble does, is so much shorter."""
SLO_CONFIDENCE = 0.95
SILENCE_CONFIDENCE = 0.95
"""How sure it must be that a slice's silence is no chance, where the alert does not say."""
MIN_BAD = 2
"""With little traffic a single failure is a high rate; it wakes nobody, whatever the rate."""


def alerts(evaluator: Evaluator) -> list[Alert]:
    """The policy's alerts, in file order; an objective gives one for each burn rate."""
    policy = evaluator.policy
    evaluation = policy.evaluation
    compiled = {tuple(one["path"]): one for one in evaluation.get("thresholds", ())}
    found: list[Alert] = []
    for name, said in evaluation.get("settings", {}).get("alerts", {}).items():
        common: dict[str, Any] = {
            "hold_for": seconds(said["for_"]) if said.get("for_") else 0.0,
            "keep_firing_for": seconds(said["keep_firing_for"])
            if said.get("keep_firing_for")
            else 0.0,
            "no_data": said["no_data"],
            "owner": said.get("owner") or policy.owner,
            "runbook": resolved(said.get("runbook"), policy.runbook),
            "about": said.get("about"),
        }
        if said.get("slo"):
            found += _of_objective(name, said, common)
        else:
            condition = Condition(
                _threshold(name, said, compiled["alerts", name, "when"]),
                seconds(said["window"]),
                seconds(said["against"]) if said.get("against") else None,
            )
            found.append(Alert(name, (condition,), severity=said["severity"], **common))
    return found


def _threshold(name: str, said: Mapping[str, Any], compiled: Mapping[str, Any]) -> Threshold:
    return Threshold(
        path=("alerts", name, "when"),
        text=str(said["when"]).strip(),
        metric=compiled["metric"],
        operator=NEGATED[compiled["operator"]],
        limit=read_expression(compiled["limit"]),
        uses_baseline=compiled["baseline"],
        level="fail",
        by=tuple(said.get("by") or ()),
        confidence=said.get("confidence"),
        min_samples=said.get("min_samples") or DEFAULT_MIN_SAMPLES,
        min_slice=None,
        about=said.get("about"),
    )


def _of_objective(name: str, said: Mapping[str, Any], common: Mapping[str, Any]) -> Iterator[Alert]:
    """The multi-window, multi-burn-rate alerts of an objective."""
    slo = said["slo"]
    whole, budget = seconds(slo["window"]), 1 - float(slo["objective"])
    for one in BURN_RATES:
        long = whole * one.share_of_window
        limit = one.factor * budget
        # A burn rate that no record can reach says nothing.
        if limit >= 1:
            continue
        sure, short = (
            Threshold(
                path=("alerts", name, "slo"),
                text=f"{slo['metric']} > {limit:.6g}",
                metric=slo["metric"],
                operator="<=",
                limit=Constant(limit, "double"),
                uses_baseline=False,
                level="fail",
                by=tuple(said.get("by") or ()),
                confidence=confidence,
                min_samples=min_samples,
                min_slice=None,
                about=said.get("about"),
            )
            for confidence, min_samples in (
                (said.get("confidence") or SLO_CONFIDENCE, said.get("min_samples") or 1),
                (None, 1),
            )
        )
        yield Alert(
            name,
            (Condition(sure, long, min_bad=MIN_BAD), Condition(short, long / SHORT)),
            severity=one.severity,
            burn=f"{one.factor:g}x over {text(long)}",
            slo_window=whole,
            **common,
        )
