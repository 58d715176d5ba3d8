"""What every test of a service may rely on."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture(autouse=True)
def loggers_speak() -> None:
    """Whatever other libraries in this process did to logging, demur's warnings are seen."""
    logging.disable(logging.NOTSET)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("demur") and isinstance(logger, logging.Logger):
            logger.disabled = False
            logger.propagate = True
            logger.setLevel(logging.WARNING)
