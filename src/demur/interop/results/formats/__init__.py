"""The formats, one a file, found by this folder."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from demur.interop.results.importer import Importer


@cache
def importers() -> dict[str, Importer]:
    """Every importer by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [import_module(f"{__name__}.{name}").IMPORTER for name in names]
    return {one.name: one for one in found}
