"""The formats of test reports, one a file, found by this folder.

A format is a module with `write(report, options) -> str`, whose text ends with a line feed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from demur.testing.results import TestReport

FORMATS = tuple(sorted(one.name for one in iter_modules([str(Path(__file__).parent)])))
"""The formats' names."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the text for people shows beyond failures; other formats always have everything."""

    every_test: bool = False
    coverage: bool = False
    mutation: bool = False


def write(name: str, report: TestReport, options: Options | None = None) -> str:
    """The report in the format `name`, which is one of `FORMATS`."""
    return import_module(f"{__name__}.{name}").write(report, options or Options())
