"""A browser for the tests of pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.conftest import skip_unless_ci
from tests.report.browser import Browser, running
from tools.system_packages import SYSTEM_PACKAGES


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if sys.platform == "win32":
        pytest.skip("the pipe to the browser is POSIX's")
    program = SYSTEM_PACKAGES["chromium"].find()
    if program is None:
        skip_unless_ci("there is no Chromium: run `python tools/system_packages.py` as root")
    with running(program, tmp_path_factory.mktemp("chromium")) as started:
        yield started
