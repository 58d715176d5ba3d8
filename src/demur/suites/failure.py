"""Why a case has no answer."""

from __future__ import annotations

LONGEST = 2_000
"""Characters of a message that are kept."""


class CaseFailed(Exception):
    """A case that has no answer.

    `kind` is `timeout`, `connection` (refused, or broken off), `http` (a status that is no success),
    `exception` (raised by a Python target) or `invalid` (an answer that is no record of the policy).
    `passing` says whether trying again may help, `retry_after` for how many seconds the system wants
    to be left alone, and `returned` what it gave, where that was something. The message may quote a case,
    as what systems say of themselves does; `summary` does not: the type of an exception, a status.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        passing: bool = True,
        retry_after: float | None = None,
        returned: object = None,
        summary: str = "",
    ) -> None:
        self.kind = kind
        self.message = shortened(message)
        self.passing = passing
        self.retry_after = retry_after
        self.returned = returned
        self.summary = summary or kind
        super().__init__(self.message)


def shortened(text: str) -> str:
    """The text, cut where it is longer than anyone reads."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
