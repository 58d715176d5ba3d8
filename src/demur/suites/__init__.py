"""Suites run against the system under test: cases in, records with its signals out.

>>> outcome = demur.suites.run_suite(policy, "golden", folder)     # doctest: +SKIP
"""

from demur.suites.run import Outcome, Progress, run_suite
from demur.suites.settings import Options

__all__ = ["Options", "Outcome", "Progress", "run_suite"]
