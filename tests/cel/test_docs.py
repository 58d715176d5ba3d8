"""The examples in the docstrings of `demur.cel` run as written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import demur.cel

MODULES = [
    "demur.cel",
    *(f"demur.cel.{module.name}" for module in pkgutil.iter_modules(demur.cel.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_package_has_an_example() -> None:
    assert doctest.testmod(demur.cel).attempted > 0
