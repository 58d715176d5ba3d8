"""What `--format NAME` and `--format NAME=FILE` ask for, where a command may write several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from demur.cli import output
from demur.suggestions import meant_or_listed

Command = TypeVar("Command", bound=Callable[..., Any])
Target = tuple[str, Path | None]
"""A format and the file that it is written to; None for what is printed."""


def option(known: Sequence[str]) -> Callable[[Command], Command]:
    """The option `--format FORMAT[=FILE]`, as the argument `asked`."""
    return click.option(
        "--format",
        "asked",
        multiple=True,
        metavar="FORMAT[=FILE]",
        help=f"One of {', '.join(known)}; to a file, or else printed. May be repeated.",
    )


def targets(asked: Sequence[str], known: Sequence[str]) -> list[Target]:
    """What was asked for, by default text. Raises `BadParameter` for a format that there is not."""
    found: list[Target] = []
    for one in asked or ("text",):
        name, _, path = one.partition("=")
        if name not in known:
            advice = meant_or_listed(name, known, "formats")
            message = f"There is no format `{name}`. {advice}"
            raise click.BadParameter(message, param_hint="--format")
        found.append((name, Path(path) if path else None))
    return found


def write(asked: Sequence[Target], form: Callable[[str], str]) -> None:
    """Writes and prints what `form` makes of each format's name, colours only to a terminal."""
    for name, path in asked:
        text = form(name)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(path, click.unstyle(text))
        else:
            output.put(text, is_text=name == "text")
