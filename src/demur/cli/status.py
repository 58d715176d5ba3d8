"""What a command's exit status says."""

from __future__ import annotations

import click

from demur.cli.output import colour
from demur.interop.escaping import calm, printable_lines

PASS = 0
FAIL = 1
INVALID = 2
"""Wrong usage, or an invalid policy."""
INCONCLUSIVE = 3
COULD_NOT_RUN = 4
"""Unreadable data, or an engine that failed."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""As if the system had ended the command when nobody read its output any more."""


class InvalidPolicy(click.ClickException):
    """A policy that cannot be used; the message is all there is to say about it."""

    exit_code = INVALID

    def show(self, file: object = None) -> None:
        """Writes the findings, which name their place themselves."""
        del file
        click.echo(calm(self.message), err=True, color=colour())


class CouldNotRun(click.ClickException):
    """The command could not do its work, whatever the policy says."""

    exit_code = COULD_NOT_RUN

    def format_message(self) -> str:
        """The message as a terminal can show it, and does not obey it."""
        return printable_lines(super().format_message())
