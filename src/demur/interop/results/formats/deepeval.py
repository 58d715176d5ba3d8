"""DeepEval: a test run as JSON, which `deepeval test run` and `evaluate` leave behind.

As `deepeval/test_run/api.py` and `test_run.py` declare it (versions 0.21 to 3): a `TestRun` holds
`LLMApiTestCase`s in `testCases` and `ConversationalApiTestCase`s in `conversationalTestCases`, each
with its `MetricData` in `metricsData`. What is kept as the latest run has it all in `testRunData`, and
results of `evaluate` written by their own names are in snake case. A metric whose judge failed has an
`error`, no score, and a `success` of false; one that was skipped is left out, and its case may have passed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents, listed, mapped
from demur.interop.results.doubts import Doubt
from demur.interop.results.identity import hashed
from demur.interop.results.importer import (
    ANSWER,
    DOCUMENTS,
    INPUT_TOKENS,
    LATENCY,
    OUTPUT_TOKENS,
    QUESTION,
    REFERENCE,
    Importer,
    Item,
    Natural,
    snake,
)
from demur.interop.results.values import is_number

_LISTS = ("test_cases", "conversational_test_cases", "test_results")
_GIVEN = (
    "input",
    "expected_output",
    "context",
    "expected_tools",
    "scenario",
    "expected_outcome",
    "tags",
)
_MEASURED = (
    "actual_output",
    "retrieval_context",
    "tools_called",
    "token_cost",
    "input_token_count",
    "output_token_count",
    "completion_time",
)
_KNOWN = frozenset(
    (
        *_GIVEN,
        *_MEASURED,
        *"metrics_data success name order metadata additional_metadata trace trace_stack turns".split(),
        *"run_duration evaluation_cost comments images_mapping conversational multimodal".split(),
        *"user_description flaky expectations conversational_instance_id index tools_used".split(),
        *"multimodal_input multimodal_input_actual_output multimodal_actual_output".split(),
        "chatbot_role",
    )
)
_AUTOMATIC = re.compile(r"(conversational_)?test_case_\d+")
"""Names that count the cases, and so name others when one is put in between."""
_GEVAL = re.compile(r"\s*\[[^\]]*\]$")
"""What DeepEval adds to the name of a metric by its kind: `Correctness [GEval]`."""


def _snaked(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its keys in snake case, one level deep."""
    return {snake(key): value for key, value in item.items()}


def _run(document: Any) -> dict[str, Any]:
    held = _snaked(mapped(document))
    return _snaked(mapped(held["test_run_data"])) if "test_run_data" in held else held


def _looks(document: Any) -> bool:
    run = _run(document)
    return any(isinstance(run.get(name), list) for name in _LISTS)


def _items(paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        cases: list[tuple[str, dict[str, Any]]] = []
        for place, document in documents(path):
            if not _looks(document):
                raise ResultsError("DM732", f"{place}: no test run of DeepEval.", "")
            run = _run(document)
            for name in _LISTS:
                for number, case in enumerate(listed(run.get(name))):
                    where = f"{place}: {name}[{number}]"
                    if not isinstance(case, dict):
                        help = "Export the results again."
                        raise ResultsError("DM731", f"{where}: a case is no object.", help)
                    cases.append((where, mapped(case)))
        names = Counter(str(case.get("name")) for _, case in cases)
        for where, case in cases:
            yield _item(where, case, names)


def _item(place: str, whole: dict[str, Any], names: Counter[str]) -> Item:
    case = _snaked(whole)
    given = {name: case[name] for name in _GIVEN if case.get(name) is not None}
    metadata = mapped(case.get("additional_metadata")) | mapped(case.get("metadata"))
    given |= {f"metadata.{name}": value for name, value in metadata.items()}
    measured = {name: case[name] for name in _MEASURED if case.get(name) is not None}
    metrics = [_snaked(mapped(one)) for one in listed(case.get("metrics_data"))]
    failures = [_doubt(one) for one in metrics]
    doubt = _of_case(case, metrics, failures)
    measured["success"] = None if doubt else case["success"]
    scores = _scores(metrics, failures)
    measured |= {f"metricsData.{name}": score for name, score in scores.items()}
    error = _error(case)
    return Item(
        place,
        given,
        measured,
        _scrubbed(whole, failures) if doubt else whole,
        id=_id(case, names),
        error=error,
        unread=tuple(key for key in whole if snake(key) not in _KNOWN),
        doubts=tuple(dict.fromkeys(one for one in (*failures, doubt) if one)) if not error else (),
    )


def _doubt(metric: dict[str, Any]) -> Doubt | None:
    """Why a metric's score is none; None for one that is."""
    if metric.get("error") is not None or metric.get("skipped") not in (None, False):
        return Doubt.FAILED
    is_verdict = isinstance(metric.get("success"), bool) and is_number(metric.get("score"))
    return None if is_verdict else Doubt.FORMLESS


def _of_case(
    case: dict[str, Any], metrics: list[dict[str, Any]], failures: Sequence[Doubt | None]
) -> Doubt | None:
    """Why it is not known whether all passed; metrics that are flaky decide nothing."""
    if not metrics:
        return Doubt.NOTHING_ASSERTED
    for one in failures:
        if one:
            return one
    success = case.get("success")
    deciding = [one["success"] for one in metrics if one.get("flaky") is not True]
    if not isinstance(success, bool) or not deciding:
        return Doubt.FORMLESS
    return None if success == all(deciding) else Doubt.CONTRADICTION


def _scores(
    metrics: list[dict[str, Any]], failures: Sequence[Doubt | None]
) -> dict[str, float | None]:
    """Each metric's score by its name; None where the judge failed, or two of one name disagree."""
    found: dict[str, float | None] = {}
    for metric, doubt in zip(metrics, failures, strict=True):
        name = _GEVAL.sub("", str(metric.get("name")))
        score = None if doubt else metric["score"]
        found[name] = score if found.get(name, score) == score else None
    return found


def _scrubbed(whole: dict[str, Any], failures: Sequence[Doubt | None]) -> dict[str, Any]:
    """The case without what is not known of it, lest a mapping finds that."""
    nothing = {"score": None, "success": None}
    found = dict(whole)
    for key, value in whole.items():
        if snake(key) == "success":
            found[key] = None
        elif snake(key) == "metrics_data":
            pairs = zip(listed(value), failures, strict=False)
            found[key] = [{**mapped(one), **nothing} if doubt else one for one, doubt in pairs]
    return found


def _error(case: dict[str, Any]) -> str | None:
    trace = _snaked(mapped(case.get("trace")))
    return "The traced call ended in an error." if trace.get("status") == "ERRORED" else None


def _id(case: dict[str, Any], names: Counter[str]) -> str:
    """The case's name where someone gave it one that is its own, else by what was put in."""
    name = case.get("name")
    if isinstance(name, str) and name and names[name] == 1 and not _AUTOMATIC.fullmatch(name):
        return name
    asked = case.get("input")
    if asked is None:
        asked = [case.get("scenario"), case.get("turns")]
    return hashed(asked)


IMPORTER = Importer(
    name="deepeval",
    title="DeepEval",
    expected="a test run of DeepEval, an object with a list `testCases`",
    items=_items,
    looks=_looks,
    groups=("metadata.", "metricsData."),
    naturals=(
        Natural("input", QUESTION, "the question"),
        Natural("expected_output", REFERENCE, "the right answer"),
        Natural("actual_output", ANSWER, "the answer"),
        Natural("retrieval_context", (*DOCUMENTS, "retrieval_context"), "what was retrieved"),
        Natural("completion_time", (*LATENCY, "completion_time"), "how long it took", unit="s"),
        Natural("token_cost", ("cost_usd", "cost", "token_cost"), "what it cost"),
        Natural("input_token_count", ("input_tokens", "prompt_tokens"), "tokens in", INPUT_TOKENS),
        Natural(
            "output_token_count",
            ("output_tokens", "completion_tokens"),
            "tokens out",
            OUTPUT_TOKENS,
        ),
        Natural("success", ("success", "passed"), "whether all passed; unknown if a judge failed"),
    ),
)
