"""What commands write: files complete or not at all, and colours where they are wanted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from demur.interop.escaping import calm, printable_lines
from demur.interop.replacing import replacing


class Report(click.Path):
    """A file for a report. It is no YAML: `demur lint *.yaml` may come upon a file called `-ox.yaml`."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The path. Fails for one that ends as policies do."""
        if os.fspath(value).lower().endswith((".yaml", ".yml")):
            advice = "If that is the name of a policy, write `--` before the names."
            self.fail(f"`{value}` is no file for a report, by its ending. {advice}", param, ctx)
        return super().convert(value, param, ctx)


def colour() -> bool | None:
    """What `click.echo` is to do: no colours if NO_COLOR is set, else as the stream can."""
    return False if os.environ.get("NO_COLOR") else None


def tell(text: str, *, err: bool = False) -> None:
    """Says something to people, in its own lines: on a terminal, or in the log of a CI job."""
    click.echo(printable_lines(text), err=err)


def put(text: str, *, is_text: bool = True) -> None:
    """Prints what a format wrote, which has escaped what is foreign in it; text has colours on a terminal.

    Of text that can still be taken for a command of a CI's log, nothing is left.
    """
    if is_text:
        click.echo(calm(text), nl=False, color=colour())
    else:
        click.echo(text, nl=False)


def write_text(path: Path, text: str) -> None:
    """The text as the file's whole content, in UTF-8, its line ends as they are."""
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
