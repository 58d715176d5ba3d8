"""The sections that are judged over many records: metrics, gates, alerts, and invariants."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from demur.language.document_forms import (
    Confidence,
    Expression,
    Label,
    Model,
    Name,
    Samples,
    SliceBy,
    Text,
    Window,
)


class MetricSpec(Model):
    """A metric with what it means."""

    value: Expression = Field(description="One number over many records.")
    about: Text | None = Field(None, description="What it means.")
    unit: Text | None = Field(None, description="Its unit.")
    better: Literal["higher", "lower"] | None = Field(None, description="Which way is good.")


class Requirement(Model):
    """A threshold with settings of its own."""

    that: Expression = Field(description="A metric compared with a bound.")
    by: SliceBy | None = Field(None, description="The slices that must each clear it.")
    level: Literal["fail", "warn"] = Field("fail", description="Whether missing it blocks.")
    confidence: Confidence | None = Field(None, description="The confidence of the interval.")
    min_samples: Samples | None = Field(None, description="Fewest records.")
    min_slice: Samples | None = Field(
        None, description="Slices with fewer records are judged together."
    )
    about: Text | None = Field(None, description="Why it is required.")


class Gate(Model):
    """What a system must reach to ship."""

    suites: list[Label] = Field(description="The suites that it judges.")
    require: list[Expression | Requirement] = Field(description="What must hold.")
    confidence: Confidence | None = Field(
        None, description="Pass only if the interval at this confidence clears the bound."
    )
    min_samples: Samples | None = Field(None, description="Fewest records.")
    min_slice: Samples | None = Field(
        None, description="Slices with fewer records are judged together."
    )
    by: SliceBy | None = Field(None, description="The slices that must each clear it.")
    correction: Literal["holm", "bonferroni", "benjamini-hochberg", "none"] = Field(
        "holm", description="How slices share the error rate."
    )
    baseline: Text | None = Field(
        None, description="What `baseline` is taken from: a file, a run, last-pass, branch:NAME."
    )
    runbook: Text | None = Field(None, description="What to do when it fails.")
    about: Text | None = Field(None, description="What it guards.")


class Slo(Model):
    """A service level objective, expanded to burn-rate alerts."""

    metric: Name = Field(description="The rate of bad records.")
    objective: Annotated[float, Field(gt=0, lt=1)] = Field(description="The share that is good.")
    window: Window = Field(description="Over how long: 30d.")


class Alert(Model):
    """When someone must be woken."""

    when: Expression | None = Field(None, description="A metric compared with a bound.")
    slo: Slo | None = Field(None, description="An objective, in place of `when`.")
    window: Window | None = Field(None, description="Over how long the metric is taken: 1h.")
    against: Window | None = Field(None, description="The window that `baseline` is taken over.")
    by: SliceBy | None = Field(None, description="The slices that alert each by itself.")
    confidence: Confidence | None = Field(None, description="The confidence of the interval.")
    min_samples: Samples | None = Field(None, description="Fewest records.")
    for_: Window | None = Field(None, alias="for", description="How long it must hold first.")
    keep_firing_for: Window | None = Field(None, description="How long it fires on after.")
    no_data: Literal["fire", "keep", "ok"] = Field("fire", description="What silence means.")
    severity: Literal["page", "ticket", "info"] = Field("ticket", description="Who is woken.")
    owner: Text | None = Field(None, description="Who is told, if not the policy's owner.")
    runbook: Text | None = Field(None, description="What to do.")
    about: Text | None = Field(None, description="What it means.")

    @model_validator(mode="after")
    def _agrees(self) -> Alert:
        if (self.when is None) == (self.slo is None):
            raise ValueError("an alert has either `when` or `slo`")
        if self.when is not None and self.window is None:
            raise ValueError("an alert with `when` needs a `window`")
        if self.slo is not None and (self.window or self.against):
            raise ValueError("an alert with `slo` has its `window` in `slo`, and no `against`")
        return self


class Invariant(Model):
    """What is meant to hold for every input; this version does not prove it."""

    never: Expression | None = Field(None, description="What must never hold.")
    always: Expression | None = Field(None, description="What must always hold.")
    about: Text | None = Field(None, description="Why it matters.")

    @model_validator(mode="after")
    def _agrees(self) -> Invariant:
        if (self.never is None) == (self.always is None):
            raise ValueError("an invariant has either `never` or `always`")
        return self
