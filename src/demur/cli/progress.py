"""One line on the terminal that says how far a long run is."""

from __future__ import annotations

import sys
import time

import click

_FIRST_AFTER = 2.0
"""Seconds after which a run is long."""
_EVERY = 0.5


class Progress:
    """Counts on standard error, if that is a terminal and `shown`; silent otherwise."""

    def __init__(self, verb: str, *, shown: bool = True) -> None:
        self._verb = verb
        self._shown = shown and sys.stderr.isatty()
        self._next = time.monotonic() + _FIRST_AFTER
        self._drawn = False

    def advance(self, number: int) -> None:
        """So many are done by now."""
        if self._shown and time.monotonic() >= self._next:
            click.echo(f"\r{self._verb} {number:,}", err=True, nl=False)
            self._next = time.monotonic() + _EVERY
            self._drawn = True

    def close(self) -> None:
        """Clears the line."""
        if self._drawn:
            click.echo("\r\x1b[K", err=True, nl=False)


class Steps:
    """The name of the step that a long run is at, on standard error if that is a terminal."""

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *failure: object) -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)

    def show(self, step: str) -> None:
        """This step begins."""
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{step} …", err=True, nl=False)
