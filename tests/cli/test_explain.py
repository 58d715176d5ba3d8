"""`demur lint --explain` over every code that there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import demur
from tests.cli.conftest import Run


def _tables() -> dict[str, Mapping[str, object]]:
    """Every table of codes in demur, by its module and name."""
    root = Path(demur.__file__).parent
    found: dict[str, Mapping[str, object]] = {}
    for file in root.rglob("*.py"):
        for name in re.findall(
            r"^([A-Z]+_CODES)\b.*? = \{$", file.read_text("utf-8"), re.MULTILINE
        ):
            module = ".".join(("demur", *file.relative_to(root).with_suffix("").parts))
            found[f"{module}.{name}"] = getattr(import_module(module), name)
    return found


def test_explain_knows_every_code_of_every_table(run: Run) -> None:
    tables = _tables()
    assert len(tables) > 10
    for table, codes in tables.items():
        for code in codes:
            assert run("lint", "--explain", code).stdout.startswith(f"{code} "), table


def test_no_two_tables_have_a_code_in_common() -> None:
    every = [code for codes in _tables().values() for code in codes]
    assert sorted(every) == sorted(set(every))
