"""Paths that a command is given, and that must be there."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import click

from demur.suggestions import did_you_mean


class Existing(click.Path):
    """A file, and where `folders` says so a folder; for one that is not there, the nearest that is."""

    def __init__(self, *, folders: bool = False) -> None:
        super().__init__(exists=True, dir_okay=folders, path_type=Path)

    def convert(
        self,
        value: str | PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The path. Fails with the name beside it that was probably meant."""
        path = Path(value)
        if not path.exists():
            beside = (
                sorted(one.name for one in path.parent.glob("*")) if path.parent.is_dir() else []
            )
            guess = did_you_mean(path.name, beside) or f"It is looked for in {Path.cwd()}."
            self.fail(f"There is no `{path.as_posix()}`. {guess}", param, ctx)
        return super().convert(value, param, ctx)
