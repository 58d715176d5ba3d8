"""What the checks found, drawn for people and for other tools: one format a file in `formats`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from demur.diagnostics import Checked, Severity
from demur.interop.escaping import printable as printable

Codes = Mapping[str, tuple[str, str, str]]
"""Each diagnostic code's readable name, its title, and an explanation in Markdown."""

FORMATS = tuple(sorted(one.name for one in iter_modules([str(Path(__file__).parent / "formats")])))
"""The formats' names. A format is a module with `write(results, codes) -> str`."""


def write(name: str, results: Sequence[Checked], codes: Codes) -> str:
    """The results in the format `name`, which is one of `FORMATS`; ends with a line feed."""
    return import_module(f"{__name__}.formats.{name}").write(results, codes)


def version() -> str:
    """The version of demur that is installed."""
    from importlib import metadata

    try:
        return metadata.version("demur")
    except metadata.PackageNotFoundError:
        return "not installed"


def count(results: Iterable[Checked], severity: Severity) -> int:
    """How many findings have this severity."""
    return sum(one.severity is severity for checked in results for one in checked.diagnostics)


def plural(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
