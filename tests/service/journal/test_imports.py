"""What a service pays for a journal in imports."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
import sys
import demur.service.journal
outside = {
    name.partition(".")[0]
    for name in sys.modules
    if not name.startswith(("_", "demur")) and name.partition(".")[0] not in sys.stdlib_module_names
}
print(",".join(sorted(outside)))
"""


def test_a_journal_needs_the_standard_library_only() -> None:
    found = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert found.stdout.strip() == ""
