"""How a suite is run: what the policy says of it, and what a single run says otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demur.functions.timestamps import parse_duration
from demur.language.document_forms import TARGET_FORM
from demur.runtime.evaluator import Evaluator
from demur.service.addresses import subject
from demur.suggestions import did_you_mean
from demur.suites.codes import SuiteError, TargetError

DEFAULT_CONCURRENCY = 8
DEFAULT_TIMEOUT = "60s"
DEFAULT_RETRIES = 2
DEFAULT_RETRY_ON = ("timeout", "connection", "http")
_NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Options:
    """What a single run says otherwise than the suite; None leaves it as it is.

    `timeout` is in seconds. `headers` are sent to an HTTP target. `limit` and `only` take some of the
    cases: the first so many, those with these ids. `fresh` runs everything again; `failed` runs again
    what ended in an error.
    """

    target: str | None = None
    concurrency: int | None = None
    timeout: float | None = None
    retries: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    limit: int | None = None
    only: tuple[str, ...] = ()
    fresh: bool = False
    failed: bool = False

    @property
    def selection(self) -> dict[str, Any] | None:
        """Which of the cases are run, as JSON data; None for all."""
        found: dict[str, Any] = {}
        if self.limit is not None:
            found["limit"] = self.limit
        if self.only:
            found["only"] = sorted(set(self.only))
        return found or None


AS_DECLARED = Options()
"""As the suite says, and all of its cases."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite as it is run. `timeout` is in seconds; `measure` are signals (`answer.latency_ms`)."""

    name: str
    cases: tuple[str, ...]
    target: str
    concurrency: int
    timeout: float
    retries: int
    retry_on: frozenset[str]
    measure: tuple[str, ...]
    fingerprint: Mapping[str, Any]

    @property
    def shown_target(self) -> str:
        """The target without what logs must not have: the passwords and tokens of a URL."""
        return subject(self.target)


def suites(evaluator: Evaluator) -> Mapping[str, Mapping[str, Any]]:
    """What the policy says of its suites, by name."""
    return evaluator.policy.evaluation.get("settings", {}).get("suites", {})


def suite(evaluator: Evaluator, name: str, options: Options) -> Suite:
    """The suite of this name, with the options put in. Raises `SuiteError`, KeyError for no such suite."""
    declared = suites(evaluator)
    if name not in declared:
        raise KeyError(did_you_mean(name, declared) or f"The suites: {', '.join(declared)}.")
    said = declared[name]
    target = options.target or said.get("target")
    if "cases" not in said:
        message = f"The suite `{name}` is what a service recorded, so it has no cases to run."
        raise SuiteError("DM850", message, "Run a suite that has `cases`.")
    if target is None:
        message = f"The suite `{name}` names no target, so there is nothing to run."
        help = "Give it a `target`, or name one: --target python:MODULE:FUNCTION."
        raise SuiteError("DM850", message, help)
    if re.fullmatch(TARGET_FORM, target) is None:
        raise TargetError("DM854", f"`{target}` is no target.", _target_meant(target))
    cases = said["cases"]
    length = parse_duration(said.get("timeout", DEFAULT_TIMEOUT)).nanoseconds / _NANOSECONDS
    return Suite(
        name=name,
        cases=(cases,) if isinstance(cases, str) else tuple(cases),
        target=target,
        concurrency=options.concurrency or said.get("concurrency", DEFAULT_CONCURRENCY),
        timeout=length if options.timeout is None else options.timeout,
        retries=said.get("retries", DEFAULT_RETRIES)
        if options.retries is None
        else options.retries,
        retry_on=frozenset(said.get("retry_on", DEFAULT_RETRY_ON)),
        measure=tuple(said.get("measure", ())),
        fingerprint=said.get("fingerprint", {}),
    )


def _target_meant(target: str) -> str:
    """What to write for a function named as other tools do, or for a file of Python."""
    found = re.fullmatch(
        r"(?P<file>[\w/.]+)\.py(?::(?P<of_file>[\w.]+))?|(?!python:)[\w.]+:\w+", target
    )
    if found is None:
        return "Write python:MODULE:FUNCTION, an http URL, or command:…."
    if found["file"] is None:
        return f"Write `python:{target}`."
    module = found["file"].strip("./").replace("/", ".")
    return f"Write `python:{module}:{found['of_file'] or 'FUNCTION'}`."
