"""Where a policy's runs are kept, as commands are told it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def option(command: Command) -> Command:
    """The option `--runs DIR`, as the argument `folder`."""
    return click.option(
        "--runs",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where runs are kept: by default DEMUR_RUNS, or .demur/runs beside POLICY.",
    )(command)


def folder_for(policy: Path, given: Path | None) -> Path | None:
    """The folder by the option, the environment or the policy's place; None where none are kept."""
    from demur.runs.store import folder_of

    return folder_of(policy, given, os.environ)
