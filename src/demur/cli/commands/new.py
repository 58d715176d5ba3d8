"""`demur new`: a project to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import click

from demur.cli import output
from demur.cli.status import PASS

_CI = {"github": "a workflow for GitHub", "gitlab": "a job for GitLab", "none": "no CI"}


@click.command(short_help="Begin a project: policy, tests, cases, a toy system, CI.")
@click.argument("folder", metavar="NAME", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(["rag", "classifier", "agent"]),
    default="rag",
    show_default=True,
    help="What the system does: answer from documents, label things, or call tools.",
)
@click.option(
    "--ci",
    type=click.Choice(list(_CI)),
    default="github",
    show_default=True,
    help="Whose CI is written.",
)
@click.pass_context
def command(ctx: click.Context, folder: Path, kind: str, ci: str) -> None:
    """Write a project into the folder NAME: a policy with tests and a runbook, a golden set, a toy
    system in the place of yours, and CI that lints, tests, runs and gates it.

    The policy is called as the folder is: `support-bot`, or `.` for the folder where you are. Nothing
    is written over. Exit status: 0 written, 2 wrong usage, or files are there, 4 could not write.
    """
    from demur.scaffold import Occupied, write_project

    name = _name(folder)
    try:
        written = write_project(folder, name, kind, ci)
    except Occupied as occupied:
        there = ", ".join(f"`{path}`" for path in occupied.paths)
        raise click.UsageError(
            f"In {folder.as_posix()} there is {there} already, and nothing is written over. "
            "Give another name, or move what is there."
        ) from None
    for path in written:
        output.tell((folder / path).as_posix())
    where = "" if folder.resolve() == Path.cwd() else f"cd {folder.as_posix()} && "
    output.tell(f"Next: {where}demur run policy.yaml")
    ctx.exit(PASS)


def _name(folder: Path) -> str:
    """The policy's name, which is the folder's. Raises `click.BadParameter`."""
    from demur.language.document_forms import POLICY_FORM

    name = folder.resolve().name
    if not re.match(POLICY_FORM, name):
        raise click.BadParameter(
            f"`{name}` is no name of a policy: small letters, digits and single hyphens, as support-bot.",
            param_hint="NAME",
        )
    return name
