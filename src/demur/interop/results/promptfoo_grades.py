"""What of promptfoo's grades is a verdict.

A grader of promptfoo that fails (`fail` in `src/matchers`, `Webhook error`, a script that throws) leaves a
grade of 0 that did not pass; before 0.121 negation made of it a 1 that passed. Only some of the newer
graders mark it, by `metadata.graderError`. So such a grade is a verdict where promptfoo's own code decides
it from the answer alone, or where the file holds what a failed grader never leaves; else it is unknown.
A row is known when all its grades are, and when they are all there and give what the row says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demur.interop.results.documents import at, listed, mapped
from demur.interop.results.doubts import Doubt
from demur.interop.results.values import is_number

FROM_THE_ANSWER_ALONE = frozenset(
    "bleu contains contains-all contains-any contains-html contains-json contains-sql contains-xml cost "
    "ends-with equals gleu human icontains icontains-all icontains-any is-html is-json is-refusal is-sql "
    "is-valid-function-call is-valid-openai-function-call is-valid-openai-tools-call is-xml latency "
    "levenshtein perplexity perplexity-score rouge-n starts-with tool-call-f1 word-count".split()
)
"""Types that no outage reaches: what they cannot decide is an error of the row."""
_GRADED = frozenset(
    "agent-rubric answer-relevance classifier context-faithfulness context-recall context-relevance "
    "conversation-relevance factuality finish-reason g-eval guardrails javascript llm-rubric max-score "
    "meteor model-graded-closedqa model-graded-factuality moderation pi python regex ruby search-rubric "
    "select-best similar trace-error-spans trace-span-count trace-span-duration "
    "trajectory:goal-success webhook".split()
)
"""Types that call something which can fail. Of any other type it is not known what a failure leaves."""
_NEGATED = frozenset(
    "bleu classifier contains contains-all contains-any contains-html contains-json contains-sql "
    "contains-xml equals gleu icontains icontains-all icontains-any is-html is-json is-refusal is-sql "
    "is-xml meteor regex rouge-n similar starts-with webhook".split()
)
"""Types whose `not-` every version heeds. Others pass what is to fail, as 0.120 does a `not-llm-rubric`."""
_REDTEAM = "promptfoo:redteam:"
_NUMBER = r"-?\d+\.\d+"
_SAID = {
    "answer-relevance": rf"Relevance {_NUMBER} is ",
    "context-faithfulness": rf"Faithfulness {_NUMBER} is ",
    "context-relevance": rf"(Context r|R)elevance {_NUMBER} is ",
    "factuality": r"Category [A-E]: ",
    "finish-reason": r"Expected finish reason ",
    "guardrails": r"(Content|Prompt|Output) (failed|passed) safety checks$",
    "javascript": r"Custom function returned (true|false)\b|Assertion passed$",
    "meteor": r"METEOR score |Assertion passed$",
    "model-graded-closedqa": r"The submission (meets|does not meet) the criterion",
    "model-graded-factuality": r"Category [A-E]: ",
    "moderation": r"Moderation flags detected: |No (relevant )?moderation flags detected",
    "pi": r"Pi Scorer$",
    "python": r"Python code returned (true|false)\b|Assertion passed$",
    "regex": r"Expected output to (not )?match regex |Assertion passed$",
    "ruby": r"Ruby code returned (true|false)\b|Assertion passed$",
    "select-best": r"Output (not )?selected\b",
    "similar": rf"(Similarity|Distance) {_NUMBER} is ",
    "trace-error-spans": r"No errors found in \d+ spans|Found \d+ error|Error rate ",
    "trace-span-count": r"Found [1-9]\d* spans ",
    "trace-span-duration": r"All \d+ spans|\d+ span\(s\) exceed|\d+\w* percentile duration",
    "webhook": r"Webhook returned (true|false)$",
}
"""How the reasons begin that promptfoo writes of a verdict, and of nothing else."""
_GUARDED = "guardrails"
"""The type that passes where no guardrail was asked."""
_TRACED = ("trace-error-spans", "trace-span-count", "trace-span-duration")
"""Types that pass where there is no trace to look at."""
_COMPARES = ("select-best", "max-score")
"""Types that are graded over several rows, and are no part of a row's score."""
_FILLED_IN = ("Grading passed", "Grading failed", "Assertion passed")
"""Reasons that promptfoo writes where the grader gave none, as of an answer that is an error in JSON."""
_PYTHON = re.compile(r"file://.*\.py(:|$)")
_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of promptfoo with those that it is made of, and why it is no verdict, if so."""

    result: Mapping[str, Any]
    parts: tuple[Grade, ...]
    doubt: Doubt | None

    @property
    def assertion(self) -> Mapping[str, Any]:
        """What was asserted; nothing of a set."""
        return mapped(self.result.get("assertion"))

    @property
    def is_set(self) -> bool:
        """Whether it sums up a set of assertions, and grades nothing of its own."""
        return bool(self.parts) and self.assertion.get("type") in (None, "assert-set")

    @property
    def weight(self) -> float:
        """How much it counts; a set says so in its metadata."""
        for holder in (self.assertion, self._set):
            weight = holder.get("weight")
            if is_number(weight):
                return float(weight)
        return 1.0

    @property
    def metric(self) -> Any:
        """The name of the score that it gives to, with variables as they were written."""
        return (self.assertion or self._set).get("metric")

    @property
    def _set(self) -> Mapping[str, Any]:
        return mapped(at(self.result, "metadata.assertionSet"))


@dataclass(frozen=True, slots=True)
class Grades:
    """What is known of a row: None is unknown, and `doubts` say why.

    `named` are the scores of metrics, `kinds` those of assertions that name none, by their type.
    """

    success: bool | None
    score: float | None
    named: Mapping[str, float | None]
    kinds: Mapping[str, float | None]
    doubts: tuple[Doubt, ...]


def grades(result: Mapping[str, Any], variables: Mapping[str, Any]) -> Grades:
    """What of a row's grades is known; the variables are those in the names of metrics."""
    grading = mapped(result.get("gradingResult"))
    guarded = bool(mapped(at(result, "response.guardrails")))
    components = _components(listed(grading.get("componentResults")), guarded=guarded)
    asserted = list(_asserted(listed(mapped(result.get("testCase")).get("assert"))))
    doubt = _of_row(result, grading, components, asserted)
    found = Counter({doubt} if doubt else ())
    found.update(one.doubt for one in components if one.doubt)
    named = _named(result, grading, components, variables)
    told = {_rendered(one.get("metric"), variables) for one in asserted} - {""}
    kinds = _kinds(components)
    if doubt:
        named, kinds = dict.fromkeys(named), dict.fromkeys(kinds)
    is_known = not found
    if is_known and None in named.values():
        found[Doubt.CONTRADICTION] += 1
    return Grades(
        result["success"] if is_known else None,
        result["score"] if is_known else None,
        dict.fromkeys(sorted(told)) | named,
        kinds,
        tuple(found),
    )


def _components(results: Sequence[Any], *, guarded: bool) -> tuple[Grade, ...]:
    """The grades of a row; those that a set or a script is made of follow it once more in the list."""
    found: list[Grade] = []
    place = 0
    while place < len(results):
        result = mapped(results[place])
        within = listed(result.get("componentResults"))
        again = [mapped(one) for one in results[place + 1 : place + 1 + len(within)]]
        place += 1 + (len(within) if _are_the_same(within, again) else 0)
        grade = Grade(result, _components(within, guarded=guarded), None)
        doubt = _of_set(grade) if grade.is_set else _doubt(grade)
        if str(grade.assertion.get("type")).removeprefix("not-") == _GUARDED and not guarded:
            doubt = doubt or Doubt.UNPROVEN
        found.append(replace(grade, doubt=doubt))
    return tuple(found)


def _are_the_same(within: Sequence[Any], again: Sequence[Mapping[str, Any]]) -> bool:
    keys = ("pass", "score", "reason")
    return len(within) == len(again) and all(
        [mapped(one).get(key) for key in keys] == [other.get(key) for key in keys]
        for one, other in zip(within, again, strict=True)
    )


def _doubt(grade: Grade) -> Doubt | None:
    """Why a grade is no verdict; None for one that is."""
    result, assertion = grade.result, grade.assertion
    kind, metadata = assertion.get("type"), mapped(result.get("metadata"))
    passed, score = result.get("pass"), result.get("score")
    failed = any(one.doubt is Doubt.FAILED for one in grade.parts)
    if failed or metadata.get("graderError") not in (None, False) or result.get("error"):
        return Doubt.FAILED
    if not isinstance(kind, str) or not isinstance(passed, bool) or not is_number(score):
        return Doubt.FORMLESS
    if grade.weight != 0 and _disagree(passed, score, assertion.get("threshold")):
        return Doubt.CONTRADICTION
    base = kind.removeprefix("not-")
    base = "similar" if base.startswith("similar:") else base
    is_plain = kind == base and (base in _GRADED or base.startswith(_REDTEAM))
    could_be_failure = score == 0 or (score == 1 and not is_plain)
    value = assertion.get("value")
    if kind != base and base not in _NEGATED:
        return Doubt.NOT_NEGATED
    if base in FROM_THE_ANSWER_ALONE:
        # Of any assertion the value may be what a script of Python gives, if it does.
        scripted = isinstance(value, str) and bool(_PYTHON.match(value))
        return Doubt.UNPROVEN if scripted and could_be_failure else None
    reason = result.get("reason")
    said = isinstance(reason, str) and base in _SAID and bool(re.match(_SAID[base], reason))
    if said:
        return None
    if base in _TRACED or not isinstance(reason, str) or reason.strip() in ("", *_FILLED_IN):
        return Doubt.UNPROVEN
    if base == "g-eval" and isinstance(value, list) and score < 1:
        # The mean over several criteria, in which one that failed counts as 0.
        return Doubt.UNPROVEN
    return None if not could_be_failure or _proves(result, metadata, base) else Doubt.UNPROVEN


def _proves(result: Mapping[str, Any], metadata: Mapping[str, Any], base: str) -> bool:
    """Whether a grade holds what no failed grader leaves."""
    if base == "context-recall":
        total = metadata.get("totalSentences")
        return is_number(total) and total > 0
    if base in ("javascript", "python", "ruby"):
        return bool(mapped(result.get("namedScores")) or listed(result.get("componentResults")))
    return isinstance(metadata.get("renderedGradingPrompt"), str)


def _disagree(passed: bool, score: float, threshold: Any) -> bool:
    """Whether one has passed with nothing, or failed with full marks, and no threshold explains it."""
    explained = is_number(threshold) and passed == (score >= threshold)
    return not explained and (score <= 0 if passed else score >= 1)


def _of_set(grade: Grade) -> Doubt | None:
    for one in grade.parts:
        if one.doubt:
            return one.doubt
    passed, score = grade.result.get("pass"), grade.result.get("score")
    if not isinstance(passed, bool) or not is_number(score):
        return Doubt.FORMLESS
    threshold = at(grade.result, "metadata.assertionSet.threshold")
    agrees = _agrees(passed, score, grade.parts, threshold)
    return None if agrees else Doubt.CONTRADICTION


def _agrees(passed: bool, score: float, parts: Sequence[Grade], threshold: Any) -> bool:
    """Whether a sum of grades is what promptfoo makes of them."""
    counted = [one for one in parts if one.assertion.get("type") not in _COMPARES]
    weight = sum(one.weight for one in counted)
    total = sum(one.result["score"] * one.weight for one in counted)
    if counted and not _close(score, total / weight if weight else 0):
        return False
    all_passed = all(
        one.result["pass"] for one in parts if one.assertion.get("type") != "max-score"
    )
    if is_number(threshold) and threshold != 0:
        return passed == (score >= threshold)
    return passed == all_passed


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _CLOSE * max(1, abs(one))


def _of_row(
    result: Mapping[str, Any],
    grading: Mapping[str, Any],
    components: Sequence[Grade],
    asserted: Sequence[Mapping[str, Any]],
) -> Doubt | None:
    """Why nothing of a row is known, whatever its grades are; None where that is not so."""
    if not components:
        return Doubt.UNGRADED if asserted or not grading else Doubt.NOTHING_ASSERTED
    wanted = Counter(str(one.get("type")) for one in asserted)
    is_formless = any(one.doubt is Doubt.FORMLESS for one in components)
    if not is_formless and wanted - Counter(_types(components)):
        return Doubt.UNGRADED
    success, score = result.get("success"), result.get("score")
    if not isinstance(success, bool) or not is_number(score):
        return Doubt.FORMLESS
    if any(one.doubt for one in components):
        return None
    test = mapped(result.get("testCase"))
    human = [one for one in components if one.assertion.get("type") == "human"]
    if human:
        last = human[-1].result
        agrees = success is last["pass"] and _close(score, last["score"])
    elif test.get("assertScoringFunction"):
        # What throws is scored as a grader that fails.
        agrees = success or score != 0
    else:
        agrees = _agrees(success, score, components, test.get("threshold"))
    compared = any(one.assertion.get("type") == "max-score" for one in components)
    same = compared or (grading.get("pass"), grading.get("score")) == (success, score)
    reason = result.get("failureReason")
    told = reason is None or reason == (0 if success else 1)
    return None if agrees and same and told else Doubt.CONTRADICTION


def _asserted(assertions: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """The assertions that were to be made, those of sets after their set."""
    for one in map(mapped, assertions):
        yield one
        yield from _asserted(listed(one.get("assert")))


def _types(components: Sequence[Grade]) -> Iterator[str]:
    for one in components:
        yield "assert-set" if one.is_set else str(one.assertion.get("type"))
        if one.is_set:
            yield from _types(one.parts)


def _kinds(components: Sequence[Grade]) -> dict[str, float | None]:
    """The scores of assertions that name no metric, by their type, numbered where there are several."""
    found: dict[str, float | None] = {}
    for one in _leaves(components):
        kind = one.assertion.get("type")
        if isinstance(kind, str) and not isinstance(one.assertion.get("metric"), str):
            again = sum(1 for name in found if name.partition("#")[0] == kind)
            name = f"{kind}#{again + 1}" if again else kind
            found[name] = None if one.doubt else one.result["score"]
    return found


def _leaves(components: Sequence[Grade]) -> Iterator[Grade]:
    for one in components:
        if one.is_set:
            yield from _leaves(one.parts)
        else:
            yield one


def _named(
    result: Mapping[str, Any],
    grading: Mapping[str, Any],
    components: Sequence[Grade],
    variables: Mapping[str, Any],
) -> dict[str, float | None]:
    """Scores by their metrics: known where the grades that they are made of are, and give them.

    Before 0.120 a metric of several assertions is their sum, and since then their mean by weight.
    """
    told: dict[str, list[Any]] = {}
    for holder in (result, grading):
        for name, score in mapped(holder.get("namedScores")).items():
            told.setdefault(name, []).append(score)
    made: dict[str, list[tuple[float | None, float]]] = {}
    for name, score, weight in _contributions(components, variables, 1):
        made.setdefault(name, []).append((score, weight))
    found: dict[str, float | None] = {}
    for name in told | made:
        parts = [(score, weight) for score, weight in made.get(name, ()) if score is not None]
        known = parts and len(parts) == len(made.get(name, ()))
        scores = told.get(name, [parts[0][0]] if len(parts) == 1 else [None])
        if known and not any(weight for _, weight in parts) and scores == [0] * len(scores):
            # What weighs nothing is a mean of nothing to promptfoo, and has been measured all the same.
            scores = [sum(score for score, _ in parts) / len(parts)]
        found[name] = scores[0] if known and _is_made_of(scores, parts) else None
    return found


def _is_made_of(told: Sequence[Any], parts: Sequence[tuple[float, float]]) -> bool:
    if not all(is_number(one) and _close(one, told[0]) for one in told):
        return False
    total, weight = sum(float(score) for score, _ in parts), sum(weight for _, weight in parts)
    by_weight = sum(score * weight for score, weight in parts) / weight if weight else total
    return any(_close(told[0], one) for one in (total, total / len(parts), by_weight))


def _contributions(
    components: Sequence[Grade], variables: Mapping[str, Any], times: float
) -> Iterator[tuple[str, float | None, float]]:
    """What each grade gives to which metric, with its weight; None where the grade is not known."""
    for one in components:
        weight = times * one.weight
        metric = _rendered(one.metric, variables)
        if metric:
            yield metric, None if one.doubt else one.result["score"], weight
        if one.is_set:
            yield from _contributions(one.parts, variables, weight)
            continue
        for name, score in mapped(one.result.get("namedScores")).items():
            if name != metric:
                yield name, score if not one.doubt and is_number(score) else None, weight


def _rendered(metric: Any, variables: Mapping[str, Any]) -> str:
    """A metric's name with the variables that stand in it, as promptfoo has it since 0.119."""
    if not isinstance(metric, str):
        return ""
    return _VARIABLE.sub(lambda found: str(at(variables, found[1], found[0])), metric)
