"""Policy tests: records given, decisions expected; what they cover, and what slips they notice.

A test of one's own may run them, too:

>>> from demur import testing
>>> assert testing.run(["policies"]).passed    # doctest: +SKIP
"""

from __future__ import annotations

from demur.testing.codes import TEST_CODES
from demur.testing.expectations import Difference
from demur.testing.mutation import DEFAULT_LIMIT
from demur.testing.results import (
    CaseResult,
    ExpectationResult,
    FileResult,
    Outcome,
    RuleState,
    TestReport,
)
from demur.testing.run import run

__all__ = [
    "DEFAULT_LIMIT",
    "TEST_CODES",
    "CaseResult",
    "Difference",
    "ExpectationResult",
    "FileResult",
    "Outcome",
    "RuleState",
    "TestReport",
    "run",
]
