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


class Remaining:
    """How far a run over so many cases is, and how long it will still take, on a terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()
        self._started = time.monotonic()
        self._next = self._started + _EVERY

    def __enter__(self) -> Remaining:
        return self

    def __exit__(self, *failure: object) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)

    def show(self, done: int, cases: int, errors: int, ran: int) -> None:
        """So many of the cases are done, `ran` of them by this run."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + _EVERY
        left = (cases - done) * (now - self._started) / max(1, ran)
        wrong = f", {errors:,} with an error" if errors else ""
        line = f"{self._name}: {done:,} of {cases:,}{wrong}, about {_length(left)} left"
        click.echo(f"\r\x1b[K{line}", err=True, nl=False)


def _length(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
