"""What is imported only when it is used, with an error that says what to install."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def require(module: str) -> Any:
    """The module. Raises ImportError with what to install where it is missing."""
    try:
        return import_module(module)
    except ImportError as missing:
        raise ImportError(
            f"DM910: {module.partition('.')[0]} is not installed: "
            'install it with `pip install "demur[telemetry]"`'
        ) from missing
