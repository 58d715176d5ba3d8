"""A trend, drawn for people and for other tools: one format a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from demur.runs.trend import Trend

FORMATS = tuple(
    sorted(one.name for one in iter_modules([str(Path(__file__).parent)]) if one.name != "wording")
)
"""The formats' names. A format is a module with `write(trend) -> str`."""


def write(name: str, trend: Trend) -> str:
    """The trend in the format `name`, which is one of `FORMATS`; ends with a line feed."""
    return import_module(f"{__name__}.{name}").write(trend)
