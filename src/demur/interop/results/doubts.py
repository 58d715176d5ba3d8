"""Why a value that a file holds is not taken for one that was measured, as an import tells it."""

from __future__ import annotations

from enum import StrEnum


class Doubt(StrEnum):
    """What keeps a value from being known, in the words of the report."""

    FAILED = "a grader says that it failed"
    FORMLESS = "a grade has no verdict: no true or false, or no finite number"
    UNPROVEN = "nothing tells the grade from what a failed grader leaves"
    NOT_NEGATED = "promptfoo does not negate such a grade in every version"
    NOTHING_ASSERTED = "nothing was asserted"
    UNGRADED = "grades are missing that were to be given"
    CONTRADICTION = "the grades contradict each other or their sum"
    AMBIGUOUS = "several cases have the response that was judged"
