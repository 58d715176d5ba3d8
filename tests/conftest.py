"""What every test may use: the shared data, and how hard Hypothesis tries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real data that stands beside the checkout; for collecting. A test asks for `shared_data`."""

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# No test's gates leave runs behind, but those that say where.
os.environ.setdefault("DEMUR_RUNS", "")

# A time limit for one example, or for making it, says more about the machine than about the code.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", UNTIMED)
settings.register_profile("ci", UNTIMED, derandomize=True, print_blob=True)
settings.register_profile("thorough", UNTIMED, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "default"))


def skip_unless_ci(reason: str) -> NoReturn:
    """Skip the test; in CI, which has all that the tests need, fail it: no test is lost unseen."""
    if IN_CI:
        pytest.fail(f"CI must run this test, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED_DATA.is_dir():
        skip_unless_ci("../shared/data is absent")
    return SHARED_DATA
