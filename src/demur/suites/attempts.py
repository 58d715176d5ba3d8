"""One case against the system: attempts, each with its time-out, and pauses between them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from time import perf_counter

from demur.policy import Policy
from demur.suites import records
from demur.suites.cases import Case
from demur.suites.failure import CaseFailed
from demur.suites.settings import Suite
from demur.suites.targets import Target

FIRST_PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""
LONGEST_PAUSE = 30.0
LONGEST_RETRY_AFTER = 120.0
"""Seconds that a system is left alone at most, whatever it asks for."""


@dataclass(frozen=True, slots=True)
class Result:
    """A case's line of the results, the kind of its error if it has one, and how often it was tried."""

    line: bytes
    error: str | None
    attempts: int


async def result(
    case: Case, target: Target, suite: Suite, policy: Policy, slots: asyncio.Semaphore
) -> Result:
    """The case's result, be it an answer or an error. A place in `slots` is taken only while it is asked."""
    attempt = 0
    while True:
        attempt += 1
        async with slots:
            started = perf_counter()
            try:
                async with asyncio.timeout(suite.timeout):
                    answer = await target.answer(case)
                seconds = perf_counter() - started
                record = records.answered(case, answer, suite, policy, seconds, attempt)
                return Result(records.line_of(record), None, attempt)
            except TimeoutError:
                message = f"There was no answer within {suite.timeout:g} s."
                failure = CaseFailed("timeout", message, summary=message)
            except CaseFailed as failed:
                failure = failed
            seconds = perf_counter() - started
        if attempt > suite.retries or not failure.passing or failure.kind not in suite.retry_on:
            record = records.failed(case, failure, policy, seconds, attempt)
            return Result(records.line_of(record), failure.kind, attempt)
        await asyncio.sleep(pause(attempt, failure.retry_after))


def pause(attempt: int, retry_after: float | None) -> float:
    """Seconds after the so-manieth attempt: doubling, a random half of it off, as the system asks at least.

    The random part keeps cases that failed together from coming back together.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
    asked = min(retry_after or 0.0, LONGEST_RETRY_AFTER)
    return asked + longest * random.uniform(0.5, 1.0)
