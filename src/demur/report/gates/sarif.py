"""SARIF, for code scanning: what is not met, at the place of its threshold in the policy file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from demur.interop.sarif import Result, artifact, log, region
from demur.measure.results import GateResult, Interval, Judgement, Requirement
from demur.report import printable, version
from demur.report.gates.wording import (
    CODES,
    code,
    json_number,
    not_met,
    place,
    sentence,
    settling,
    short,
)

_LEVELS = {
    "fail": {"error": "error", "fail": "error", "inconclusive": "warning"},
    "warn": {"error": "warning", "fail": "warning", "inconclusive": "note"},
}
"""SARIF's levels by the requirement's level and the verdict."""


def write(result: GateResult) -> str:
    """A log of one run: problems of the whole, then the whole and the slices that are not met."""
    found = [*_problems(result), *_judgements(result)]
    codes = {one["ruleId"]: one["message"]["text"] for one in found}
    return log(
        found,
        {one: CODES.get(one, (one, one, text)) for one, text in codes.items()},
        [result.policy_path] if result.policy_path else [],
        version(),
        # What keeps the findings of several gates apart where one change uploads them all.
        automationDetails={"id": f"demur/gate/{short(result.policy)}/{short(result.gate)}/"},
        properties={
            "policy": result.policy,
            "digest": result.digest,
            "gate": result.gate,
            "verdict": result.verdict,
            "records": result.records,
        },
    )


def _problems(result: GateResult) -> Iterator[Result]:
    file = {"artifactLocation": artifact(result.policy_path)} if result.policy_path else None
    for problem, text in result.problems:
        yield {
            "ruleId": printable(problem),
            "level": "error",
            "message": {"text": printable(text)},
            **({"locations": [{"physicalLocation": file}]} if file else {}),
            "partialFingerprints": _fingerprint(result, problem),
        }


def _judgements(result: GateResult) -> Iterator[Result]:
    for requirement in result.requirements:
        for one in not_met(requirement):
            message = f"{short(requirement.text)}: {sentence(one)} {settling(one)}"
            yield {
                "ruleId": printable(code(one)),
                "level": _LEVELS[requirement.level][one.verdict],
                "message": {"text": message.rstrip()},
                **_locations(result, requirement),
                "partialFingerprints": _fingerprint(
                    result,
                    requirement.text,
                    requirement.level,
                    ", ".join(requirement.by),
                    str(one.slice),
                ),
                "properties": _properties(one),
            }


def _locations(result: GateResult, requirement: Requirement) -> dict[str, Any]:
    """The threshold's place in the policy file; nothing for a bundle, which has no lines."""
    span = place(result, requirement)
    if span is None:
        return {}
    found = {"artifactLocation": artifact(span.path), "region": region(span)}
    return {"locations": [{"physicalLocation": found}]}


def _properties(one: Judgement) -> dict[str, Any]:
    """The numbers, for programs."""
    return {
        "verdict": one.verdict,
        "slice": str(one.slice),
        "value": json_number(one.measured.value),
        "interval": _interval(one.measured.interval),
        "limit": json_number(one.limit),
        "n": one.measured.samples,
        "unknown": one.measured.unknown,
        "baseline": json_number(one.baseline.value) if one.baseline else None,
        "difference": _interval(one.difference),
        "p_value": json_number(one.p_value),
        "adjusted": json_number(one.adjusted),
        "needed": one.needed,
        "cases": list(one.cases),
    }


def _interval(one: Interval | None) -> list[float | str | None] | None:
    return None if one is None else [json_number(one.low), json_number(one.high)]


def _fingerprint(result: GateResult, *parts: str) -> dict[str, str]:
    """What is the same from run to run of one finding, whatever its numbers and its place."""
    said = "\0".join((result.policy, result.gate, *parts))
    digest = hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()
    return {"demurGate/v1": digest[:32]}
