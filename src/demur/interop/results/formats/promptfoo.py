"""promptfoo: `promptfoo eval -o results.json`, or `.jsonl`.

As `src/types/index.ts` of promptfoo declares it: an output file holds an `EvaluateSummaryV2` (which has a
`table`) or `EvaluateSummaryV3` (which has `prompts`) in `results`, and both hold an `EvaluateResult` a
test, prompt and provider; evals of the database's version 4 are written in the latter form. JSONL holds
an `EvaluateResult` a line. Errors are told from failed assertions by `failureReason` 2 (since 0.98),
before that by an answer's error or a missing grade. Which grades are verdicts, `promptfoo_grades` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents, listed, mapped
from demur.interop.results.identity import hashed
from demur.interop.results.importer import (
    ANSWER,
    INPUT_TOKENS,
    LATENCY,
    OUTPUT_TOKENS,
    QUESTION,
    REFERENCE,
    Importer,
    Item,
    Natural,
)
from demur.interop.results.promptfoo_grades import Grades, grades

_ERROR = 2
"""`ResultFailureReason.ERROR`."""
_KNOWN = frozenset(
    "cost description error evalId failureReason gradingResult id latencyMs metadata namedScores "
    "persisted pluginId prompt promptId promptIdx provider response score success testCase testIdx "
    "tokenUsage vars createdAt updatedAt".split()
)
"""The keys of an `EvaluateResult`."""
_QUESTIONS = ("question", "query", "input", "prompt", "user_input")
_REFERENCES = ("reference", "expected", "ground_truth", "expected_output")
"""What test cases usually call these variables."""


def _items(paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        several = _several(path)
        for place, result in _results(path):
            yield _item(place, result, several)


def _several(path: Path) -> set[str]:
    """What of prompt and provider the file has more than one of, and so tells its cases apart."""
    found: dict[str, set[str]] = {"promptIdx": set(), "provider": set()}
    for _, result in _results(path):
        for key, values in found.items():
            values.add(_part(result, key))
    return {key for key, values in found.items() if len(values) > 1}


def _results(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The file's `EvaluateResult`s with their places."""
    for place, document in documents(path):
        if not _looks(document):
            raise ResultsError("DM732", f"{place}: no result of promptfoo.", "")
        if _is_result(document):
            yield place, document
            continue
        held = document["results"]
        many = held if isinstance(held, list) else mapped(held).get("results")
        for number, result in enumerate(listed(many)):
            where = f"{place}: results[{number}]"
            if not isinstance(result, dict):
                help = "Export the results again."
                raise ResultsError("DM731", f"{where}: a result is no object.", help)
            yield where, mapped(result)


def _is_result(document: Any) -> bool:
    return isinstance(document, dict) and "vars" in document and "success" in document


def _looks(document: Any) -> bool:
    if _is_result(document):
        return True
    held = mapped(document).get("results")
    if isinstance(held, dict):
        return isinstance(mapped(held).get("results"), list)
    return isinstance(held, list) and ("stats" in document or "table" in document)


def _part(result: dict[str, Any], key: str) -> str:
    value = result.get(key)
    return str(mapped(value).get("label") or mapped(value).get("id") or value)


def _item(place: str, result: dict[str, Any], several: set[str]) -> Item:
    response = mapped(result.get("response"))
    test = mapped(result.get("testCase"))
    variables = mapped(result.get("vars")) or mapped(test.get("vars"))
    given = {f"vars.{name}": value for name, value in variables.items()}
    given |= {f"metadata.{name}": one for name, one in mapped(test.get("metadata")).items()}
    if test.get("description"):
        given["description"] = test["description"]
    graded = grades(result, variables)
    error = _error(result, response)
    measured = _answer(result, response)
    if error is None:
        measured |= {"score": graded.score, "success": graded.success}
        measured |= {f"assert.{kind}": score for kind, score in graded.kinds.items()}
        measured |= {f"namedScores.{name}": score for name, score in graded.named.items()}
    return Item(
        place,
        given,
        measured,
        _scrubbed(result, graded) if graded.doubts else result,
        id=_id(result, variables, several),
        error=error,
        unread=tuple(key for key in result if key not in _KNOWN),
        doubts=() if error else graded.doubts,
    )


def _answer(result: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """What the system gave, and took. Of an answer from the cache neither time nor cost is known."""
    cached = response.get("cached") is True
    found: dict[str, Any] = {}
    if "output" in response:
        found["output"] = response["output"]
    if "provider" in result:
        found["provider"] = _part(result, "provider")
    latency = response.get("latencyMs") if cached else result.get("latencyMs")
    if cached or "latencyMs" in result:
        found["latencyMs"] = latency
    cost = result.get("cost", response.get("cost"))
    if cost is not None or cached:
        found["cost"] = None if cached else cost
    usage = mapped(response.get("tokenUsage")) or mapped(result.get("tokenUsage"))
    for name in ("prompt", "completion", "total"):
        if name in usage and not cached:
            found[f"tokenUsage.{name}"] = usage[name]
    return found


def _scrubbed(result: dict[str, Any], graded: Grades) -> dict[str, Any]:
    """The result without the grades of a row in which one is unknown, lest a mapping finds that."""
    grading = mapped(result.get("gradingResult"))
    components = [
        {"assertion": mapped(one).get("assertion"), "pass": None, "score": None}
        for one in listed(grading.get("componentResults"))
    ]
    known = {"score": graded.score, "namedScores": dict(graded.named)}
    return {
        **result,
        **known,
        "success": graded.success,
        "gradingResult": {**known, "pass": graded.success, "componentResults": components},
    }


def _error(result: dict[str, Any], response: dict[str, Any]) -> str | None:
    """Why there is no answer; a failed assertion, which older versions call an error too, is none."""
    said = response.get("error") or result.get("error")
    failed = result.get("failureReason") == _ERROR or bool(response.get("error"))
    ungraded = "failureReason" not in result and bool(said) and not result.get("gradingResult")
    return str(said or "error") if failed or ungraded else None


def _id(result: dict[str, Any], variables: dict[str, Any], several: set[str]) -> str:
    """Stable from run to run, where promptfoo's own ids are not: by the variables that were put in."""
    parts = [_part(result, key) for key in sorted(several)]
    return "/".join([hashed(variables), *parts])


IMPORTER = Importer(
    name="promptfoo",
    title="promptfoo",
    expected="an output file of `promptfoo eval -o FILE.json`, with a list `results.results`",
    items=_items,
    looks=_looks,
    groups=("vars.", "metadata.", "namedScores.", "assert."),
    naturals=(
        *(Natural(f"vars.{name}", QUESTION, "the question") for name in _QUESTIONS),
        *(Natural(f"vars.{name}", REFERENCE, "the right answer") for name in _REFERENCES),
        Natural("output", ANSWER, "the answer"),
        Natural("latencyMs", LATENCY, "how long it took; unknown if from the cache", unit="ms"),
        Natural("cost", ("cost_usd", "cost"), "what it cost; unknown if from the cache"),
        Natural("tokenUsage.prompt", ("input_tokens", "prompt_tokens"), "tokens in", INPUT_TOKENS),
        Natural(
            "tokenUsage.completion",
            ("output_tokens", "completion_tokens"),
            "tokens out",
            OUTPUT_TOKENS,
        ),
        Natural("tokenUsage.total", ("total_tokens",), "tokens in and out"),
        Natural("score", ("score",), "all assertions' score; unknown if a grader failed"),
        Natural("success", ("success", "passed"), "whether all passed; unknown if a grader failed"),
        Natural("provider", ("provider",), "the provider's label or id"),
    ),
)
