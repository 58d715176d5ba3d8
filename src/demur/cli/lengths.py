"""Lengths of time as options give them: `1m`, in seconds."""

from __future__ import annotations

import click


def length(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """The seconds of an option's length of time, as a callback of it."""
    from demur.monitor.windows import seconds

    del ctx, parameter
    if value is None:
        return None
    try:
        return seconds(value)
    except ValueError as failure:
        raise click.BadParameter(f"{failure}.") from None


def interval(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Likewise of one that is longer than nothing."""
    found = length(ctx, parameter, value)
    if found == 0:
        raise click.BadParameter("It is longer than 0.")
    return found
