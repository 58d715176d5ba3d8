"""A case and what the system said of it, as one record of the results.

A record has the case's own fields. Of the signals, those of the first stage may come from the case,
where they are what is asked; every later stage is the system's alone, so that signals that stand in a
case from an earlier run never stand for those of this one. Labels of the case go before the system's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from io import BytesIO
from typing import Any

from demur.functions.values import Unavailable
from demur.interop import jsonl
from demur.interop.record import Record
from demur.policy import RECORD_KEYS, Policy, Shape
from demur.service.journal.forms import written
from demur.suggestions import did_you_mean
from demur.suites.cases import Case
from demur.suites.failure import CaseFailed, shortened
from demur.suites.settings import Suite

_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""What JSON may have in a text as it is, and some readers of lines take for the end of one."""
_OF_ANOTHER = "The answer is of the case"
_PER_SECOND = {None: 1_000.0, "ms": 1_000.0, "s": 1.0}


def answered(
    case: Case, answer: Any, suite: Suite, policy: Policy, seconds: float, attempts: int
) -> dict[str, Any]:
    """The record of an answer. Raises `CaseFailed` for one that is no record of the policy."""
    problem = _problem(case, answer, policy)
    if problem:
        # What another case is called is the system's word; all else is of the policy and of structure.
        summary = "" if problem.startswith(_OF_ANOTHER) else problem
        raise CaseFailed("invalid", problem, returned=answer, summary=summary)
    record = _own(case, policy)
    for key, value in answer.items():
        if key == "outcome":
            record[key] = {**value, **(record.get(key) or {})}
        elif key in policy.stages:
            record[key] = {**record.get(key, {}), **value}
        else:
            record[key] = value
    for path in suite.measure:
        stage, _, name = path.partition(".")
        shape = policy.stages[stage][name]
        latency = seconds * _PER_SECOND[shape.unit]
        value = round(latency) if shape.type == "int" else round(latency, 6)
        record[stage] = {**record.get(stage, {}), name: value}
    record["id"] = case.id
    record["run"] = _facts(seconds, attempts)
    return record


def failed(
    case: Case, failure: CaseFailed, policy: Policy, seconds: float, attempts: int
) -> dict[str, Any]:
    """The record of a case without an answer: what the system was to give is unknown in it.

    A signal that must be there is unknown by its absence; an optional one would be rightly absent, and
    stands there as one that could not be had.
    """
    record = _own(case, policy)
    missing = Unavailable("timed_out" if failure.kind == "timeout" else "failed", "")
    for stage, shapes in {**policy.stages, "outcome": policy.outcome}.items():
        given = record.get(stage, {})
        lost = {
            name: written(missing, shape, f"{stage}.{name}", {})
            for name, shape in shapes.items()
            if shape.optional and name not in given
        }
        if lost:
            record[stage] = {**given, **lost}
    error: dict[str, Any] = {
        "kind": failure.kind,
        "message": failure.message,
        "summary": failure.summary,
        "attempts": attempts,
    }
    if failure.returned is not None:
        error["returned"] = shortened(_shown(failure.returned))
    return {**record, "id": case.id, "run": _facts(seconds, attempts), "error": error}


def line_of(record: Mapping[str, Any]) -> bytes:
    """The record as a line that can be read again. Raises `CaseFailed` for one that could not be."""
    try:
        text = json.dumps(record, ensure_ascii=False, default=_plain)
        line = _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(record, default=_plain).encode()
    except (TypeError, ValueError, RecursionError) as failure:
        raise CaseFailed("invalid", f"The answer is not JSON: {failure}.") from None
    line += b"\n"
    parsed(line)
    return line


def parsed(line: bytes) -> dict[str, Any]:
    """The object in a line of JSON. Raises `CaseFailed` for anything else."""
    found = next(jsonl.read(BytesIO(line), "answer"), None)
    if isinstance(found, Record):
        return found.value
    message = "The answer is empty." if found is None else found.message
    shown = line[:500].decode("utf-8", "replace") or None
    raise CaseFailed("invalid", f"The answer is no JSON object: {message}", returned=shown)


def _own(case: Case, policy: Policy) -> dict[str, Any]:
    """The case's fields that count as its own."""
    later = set(list(policy.stages)[1:]) | {"run", "error", "decision", "demur"}
    signals = {*list(policy.stages)[:1], "outcome"}
    return {
        key: value
        for key, value in case.fields.items()
        if key not in later and (key not in signals or isinstance(value, Mapping))
    }


def _facts(seconds: float, attempts: int) -> dict[str, Any]:
    return {"latency_ms": round(seconds * 1000, 3), "attempts": attempts}


def _problem(case: Case, answer: Any, policy: Policy) -> str:
    """What is wrong with an answer as a record of the policy; nothing where it is one."""
    if not isinstance(answer, Mapping):
        return f"The answer is {type(answer).__name__}, where an object of stages was expected."
    id = answer.get("id", case.id)
    if isinstance(id, bool) or not isinstance(id, str | int) or str(id) != case.id:
        return f"{_OF_ANOTHER} {id!r}, and `{case.id}` was asked."
    given = False
    for key, value in answer.items():
        if key in ("run", "error"):
            return f"`{key}` is what the run writes; the system cannot say it."
        shapes = policy.outcome if key == "outcome" else policy.stages.get(key)
        if shapes is None:
            if key not in RECORD_KEYS and key not in case.fields:
                names = [*policy.stages, "outcome"]
                advice = did_you_mean(str(key), names) or f"The stages: {', '.join(names)}."
                return f"`{key}` is no stage of the policy. {advice}"
            continue
        if not isinstance(value, Mapping):
            return f"`{key}` is {type(value).__name__}, where an object of signals was expected."
        given = given or key in policy.stages
        for name in value:
            stage = None if name in shapes else _declared_at(str(name), policy)
            if stage is not None:
                return f"`{name}` stands in `{key}`, and is a signal of `{stage}`."
    if not given and policy.stages:
        return f"The answer has no signals: an object with {_listed(policy)} was expected."
    return ""


def _declared_at(name: str, policy: Policy) -> str | None:
    stages: Mapping[str, Mapping[str, Shape]] = {**policy.stages, "outcome": policy.outcome}
    return next((stage for stage, shapes in stages.items() if name in shapes), None)


def _listed(policy: Policy) -> str:
    return ", ".join(f"`{stage}`" for stage in policy.stages)


def _plain(value: Any) -> Any:
    """What Python programs return and JSON has not, as JSON data: times, numbers of numpy."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"it holds {type(value).__name__}")


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=True, default=repr)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
