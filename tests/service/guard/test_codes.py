"""Every code that guards and telemetry report is in the reference, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import demur
from demur.service.guard_codes import GUARD_CODES

SERVICE = Path(demur.__file__).parent / "service"


def test_the_codes_in_messages_are_those_of_the_table() -> None:
    used = {
        code
        for file in SERVICE.rglob("*.py")
        if file.name != "guard_codes.py"
        for code in re.findall(r"\bDM9(?:[01]|6)\d\b", file.read_text("utf-8"))
    }
    assert used == set(GUARD_CODES)
