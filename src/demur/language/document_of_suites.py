"""The section `suites` of a policy file: golden sets, and what runs them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from demur.language.document_forms import TARGET_FORM, Model, Text, Timeout


class Fingerprint(Model):
    """What a suite's results depend on: files by their content, the model by its name."""

    prompt: list[Text] | None = Field(None, description="Files of prompts, as globs.")
    retrieval: list[Text] | None = Field(
        None, description="Files that retrieval is made of: its settings, its index, its code."
    )
    model: Text | None = Field(None, description="The model, as you name its version.")
    data: list[Text] | None = Field(
        None, description="Files that are read beside the cases, which always count."
    )


class Suite(Model):
    """A golden set, and what runs it."""

    cases: Text | list[Text] | None = Field(
        None, description="The files of cases, from the policy's folder."
    )
    journal: Literal[True] | None = Field(
        None, description="In place of cases: its records are what a service recorded."
    )
    target: Annotated[Text, StringConstraints(pattern=TARGET_FORM)] | None = Field(
        None, description="What is run: python:MODULE:FUNCTION, an http URL, or command:…"
    )
    concurrency: Annotated[int, Field(ge=1, le=1_000)] | None = Field(
        None, description="How many cases run at a time; by default 8."
    )
    timeout: Timeout | None = Field(
        None, description="How long an answer may take: 30s, by default 60s."
    )
    retries: Annotated[int, Field(ge=0, le=20)] | None = Field(
        None, description="How often a case is tried again; by default 2 times."
    )
    retry_on: list[Literal["timeout", "connection", "http", "exception", "invalid"]] | None = Field(
        None, description="Which errors are tried again; by default timeout, connection and http."
    )
    measure: dict[Text, Literal["latency"]] | None = Field(
        None, description="Signals that the run measures: {answer.latency_ms: latency}."
    )
    fingerprint: Fingerprint | None = Field(
        None, description="What the results depend on; while it is the same, nothing is run again."
    )
    about: Text | None = Field(None, description="What the cases are.")
