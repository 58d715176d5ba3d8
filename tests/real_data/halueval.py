"""HaluEval's right and hallucinated answers (Li et al. 2023), each check's score, and how well it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from demur.cel import compile
from demur.functions.values import EvaluationError

VARIABLES = {"answer": "string", "question": "string", "knowledge": "list(string)"}
CHECKS: Mapping[str, str] = {
    "supported_words(answer, knowledge)": "below",
    "supported_words(question + ' ' + answer, knowledge)": "below",
    "supported_sentences(answer, knowledge)": "below",
    "supported_sentences(answer, knowledge, 1.0)": "below",
    "unsupported_numbers(answer, knowledge)": "above",
    "unfound_quotations(answer, knowledge)": "above",
    "unresolved_citations(answer, knowledge)": "above",
    "repeated_share(answer)": "above",
    "longest_repeat(answer)": "above",
    "size(personal_data(answer))": "above",
    "language(answer) == 'en' ? 0 : 1": "above",
    "sentence_count(answer)": "above",
    "word_count(answer)": "above",
}
"""What is computed of an answer, and on which side of a threshold it is flagged."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: whether it is hallucinated, and a score, None where it is unknown."""

    hallucinated: bool
    score: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a check tells, on the half that did not choose its threshold.

    Scores from `threshold` on are flagged. `auc` is None where only one kind of answer has a score.
    """

    threshold: float
    right_flagged: int
    hallucinated_flagged: int
    right: int
    hallucinated: int
    unknown: int
    auc: float | None

    @property
    def precision(self) -> float | None:
        """The share of flagged answers that are hallucinated; None where none is flagged."""
        flagged = self.right_flagged + self.hallucinated_flagged
        return self.hallucinated_flagged / flagged if flagged else None

    @property
    def recall(self) -> float:
        """The share of hallucinated answers that are flagged; an unknown one is not."""
        return self.hallucinated_flagged / self.hallucinated

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        precision = self.precision or 0.0
        both = precision + self.recall
        return 2 * precision * self.recall / both if both else 0.0


def rows(shared_data: Path) -> list[dict[str, str]]:
    """The questions with what is known and both answers."""
    lines = (shared_data / "halueval" / "qa_one-turn.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def answers(check: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Answer]:
    """Both answers to each question with their scores: the higher, the more suspicious."""
    program = compile(check, VARIABLES)
    sign = -1.0 if CHECKS[check] == "below" else 1.0
    for row in rows:
        for key in ("right_answer", "hallucinated_answer"):
            known: dict[str, Any] = {
                "answer": row[key],
                "question": row["question"],
                "knowledge": [row["knowledge"]],
            }
            try:
                score = sign * float(program(known))
            except EvaluationError:
                score = None
            yield Answer(key == "hallucinated_answer", score, row[key])


def quality(found: Sequence[Answer]) -> Quality:
    """The threshold of the best F1 on the even questions, and what it comes to on the odd ones."""
    choosing = [one for at, one in enumerate(found) if at // 2 % 2 == 0]
    judging = [one for at, one in enumerate(found) if at // 2 % 2 == 1]
    scores = sorted({one.score for one in choosing if one.score is not None})
    best = max(scores[1:] or [scores[0] + 1], key=lambda one: _counted(choosing, one).f1)
    return _counted(judging, best)


def _counted(found: Sequence[Answer], threshold: float) -> Quality:
    known = [one for one in found if one.score is not None]
    flagged = [one for one in known if one.score is not None and one.score >= threshold]
    labels, scores = [one.hallucinated for one in known], [one.score for one in known]
    auc = float(roc_auc_score(labels, scores)) if len(set(labels)) == 2 else None
    return Quality(
        threshold,
        sum(not one.hallucinated for one in flagged),
        sum(one.hallucinated for one in flagged),
        sum(not one.hallucinated for one in found),
        sum(one.hallucinated for one in found),
        len(found) - len(known),
        auc,
    )


def table(measured: Mapping[str, Quality]) -> str:
    """The table of the documentation."""
    lines = [
        "| check | flagged where | precision | recall | F1 | AUC | unknown |",
        "|---|---|---|---|---|---|---|",
    ]
    for check, one in measured.items():
        below = CHECKS[check] == "below"
        limit = f"{'≤' if below else '≥'} {abs(one.threshold):.3g}"
        precision = "none flagged" if one.precision is None else f"{one.precision:.3f}"
        lines.append(
            f"| `{check}` | {limit} | {precision} | {one.recall:.3f} | {one.f1:.3f} "
            f"| {'none' if one.auc is None else f'{one.auc:.3f}'} | {one.unknown} |"
        )
    return "\n".join(lines)
