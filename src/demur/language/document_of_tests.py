"""The structure of a policy test file (`NAME.test.yaml`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from demur.language.document import Model, Name, Text
from demur.language.document_forms import Label, Window

Record = dict[str, Any]


class ExpectationSpec(Model):
    """What must come of a record; only what is written is compared."""

    action: Text | None = Field(None, description="The action.")
    failure: Text | None = Field(None, description="The failure of the rule that decides.")
    failures: list[Text] | None = Field(None, description="All failures that fired, in order.")
    rule: Text | None = Field(None, description="The rule that decides.")
    rules: list[Text] | None = Field(None, description="All rules that fired, in order.")
    message: Text | None = Field(None, description="What the user is told.")
    why: Text | None = Field(None, description="The explanation for engineers.")
    unknown: list[Text] | None = Field(None, description="The signals that are unknown.")


class CaseSpec(Model):
    """One row of a table of cases."""

    name: Text = Field(description="What the case shows.")
    with_: Record | None = Field(None, alias="with", description="What differs from `given`.")
    without: list[Text] | None = Field(None, description="Paths that are not there.")
    stage: Text | None = Field(None, description="The stage to decide at.")
    expect: ExpectationSpec | None = Field(None, description="What must come of it.")
    expect_at: dict[Name, ExpectationSpec] | None = Field(
        None, description="What must come of it at several stages."
    )


class TestSpec(Model):
    """A test: a record and what must come of it, or a table of cases."""

    __test__ = False

    name: Text = Field(description="What the test shows.")
    given: Record | None = Field(None, description="The record, signals by stage.")
    stage: Text | None = Field(None, description="The stage to decide at; the last by default.")
    expect: ExpectationSpec | None = Field(None, description="What must come of it.")
    expect_at: dict[Name, ExpectationSpec] | None = Field(
        None, description="What must come of it at several stages."
    )
    cases: Annotated[list[CaseSpec], Field(max_length=10_000)] | None = Field(
        None, description="Cases that differ from `given`."
    )


class TrafficSpec(Model):
    """Records of one kind, and how many of them come."""

    record: Record = Field(description="The record, signals by stage; it is decided by the policy.")
    series: Text = Field(description="How many come in each step: `10x60 0+2x5 _x3`.")
    late: Window | None = Field(None, description="How long after its time each record comes.")


class AlertExpectationSpec(Model):
    """What an alert's state must be at a time after the beginning."""

    at: Window = Field(description="When: a multiple of `every`.")
    state: Literal["inactive", "pending", "firing"] = Field(description="What the state must be.")
    slice: dict[Text, str] | None = Field(
        None, description="Over which slice; the worst state of all by default."
    )
    severity: Literal["page", "ticket", "info"] | None = Field(
        None, description="Of an objective: the burn rates of this severity."
    )


class AlertTestSpec(Model):
    """A test of an alert: traffic, and what the alert's state must be at times."""

    __test__ = False

    name: Text = Field(description="What the test shows.")
    alert: Label = Field(description="The alert.")
    every: Window = Field("1m", description="A step of the series, and an evaluation.")
    traffic: Annotated[list[TrafficSpec], Field(max_length=100)] = Field(
        description="What comes in."
    )
    expect: Annotated[list[AlertExpectationSpec], Field(min_length=1, max_length=1_000)] = Field(
        description="What the state must be."
    )


class TestDocument(Model):
    """A policy test file."""

    __test__ = False

    policy: Text | None = Field(None, description="The policy, if not the file of the same name.")
    params: dict[Name, bool | int | float | str] | None = Field(
        None, description="Other values for parameters."
    )
    tests: Annotated[list[TestSpec], Field(max_length=10_000)] = Field(
        default=[], description="The tests of decisions."
    )
    alerts: Annotated[list[AlertTestSpec], Field(max_length=1_000)] = Field(
        default=[], description="The tests of alerts."
    )
