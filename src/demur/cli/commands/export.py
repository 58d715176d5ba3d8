"""`demur export`: what other tools read of a policy."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demur.cli import output, policies
from demur.cli.lengths import interval
from demur.cli.paths import Existing
from demur.cli.stages import known_stage
from demur.cli.status import FAIL, InvalidPolicy
from demur.interop.escaping import printable
from demur.suggestions import meant_or_listed

if TYPE_CHECKING:
    from demur.export.docs.subject import Subject

_POLICY = click.argument("policy", type=Existing())
_OUTPUT = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; standard output unless given.",
)


def _exports(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument and the option that every target has."""
    return _POLICY(_OUTPUT(command))


class _Exports(click.Group):
    """The exports; one that there is not is named with those that there are."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            advice = meant_or_listed(args[0], sorted(self.commands), "exports")
            if Path(args[0]).exists():
                advice = f"Name one before the file. {advice}"
            raise click.UsageError(f"There is no export `{args[0]}`. {advice}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    "export",
    cls=_Exports,
    short_help="Write what other tools read: rules, dashboards, schemas, pages.",
)
def command() -> None:
    """Write what other tools read of a policy.

    Exit status: 0 written, 1 written in part, 2 invalid policy, 4 could not write.
    """


@command.command("prometheus", short_help="Recording and alerting rules.")
@_exports
@click.option(
    "--approximate",
    is_flag=True,
    help="Write alerts too that Prometheus can express only nearly; the file says in what.",
)
@click.option(
    "--scrape-interval",
    callback=interval,
    default="1m",
    show_default=True,
    metavar="1m",
    help="How often Prometheus scrapes the service; a window has room for four scrapes.",
)
def prometheus(
    policy: Path, target: Path | None, approximate: bool, scrape_interval: float
) -> None:
    """Write the alerts of POLICY as rules for Prometheus, over what a service's telemetry counts.

    The rules fire at the evaluation at which `demur monitor` does on the same traffic. An alert that
    Prometheus cannot express is left out and named; the exit status is then 1.
    """
    from demur.export.prometheus import rules, write

    evaluator = policies.load(policy)
    with _refusing(policy):
        found = rules(evaluator, approximate=approximate, scrape_interval=scrape_interval)
    _put(target, write(evaluator, found))
    for one in found.left_out:
        said = "written nearly" if one.is_written else "not written"
        output.tell(f"{one.code}: {one.alert}: {said}: {one.reason}.", err=True)
    missing = [one for one in found.left_out if not one.is_written]
    if any(one.code == "DM981" for one in missing):
        output.tell("--approximate writes what holds only nearly (DM981) too.", err=True)
    if missing:
        click.get_current_context().exit(FAIL)


@command.command("grafana", short_help="A dashboard.")
@_exports
def grafana(policy: Path, target: Path | None) -> None:
    """Write a dashboard for Grafana over what a service with POLICY counts, to be imported there.

    Decisions, failure modes, unknown signals, metrics with their limits, distributions, alerts and
    deploys; the data source and the slices are variables.
    """
    from demur.export.grafana import write

    evaluator = policies.load(policy)
    with _refusing(policy):
        text = write(evaluator)
    _put(target, text)


@command.command("jsonschema", short_help="A JSON Schema of the policy's records.")
@_exports
@click.option("--stage", help="Of a record at this stage: later signals need not be there yet.")
@click.option("--closed", is_flag=True, help="Refuse keys that the policy does not declare.")
def jsonschema(policy: Path, target: Path | None, stage: str | None, closed: bool) -> None:
    """Write a JSON Schema of POLICY's records, for who produces them.

    What the schema takes has every declared signal known. JSON Schema takes 1.0 for a whole number,
    and demur does not; in all else they agree.
    """
    from demur.export.jsonschema import write

    evaluator = policies.load(policy)
    known_stage(evaluator, stage)
    _put(target, write(evaluator.policy, evaluator.digest, stage, closed=closed))


@command.command("docs", short_help="The policy as a page for reviewers.")
@_exports
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["markdown", "html"]),
    default="markdown",
    show_default=True,
    help="Markdown, or an HTML page that needs nothing else.",
)
def docs(policy: Path, target: Path | None, format_name: str) -> None:
    """Write POLICY, a policy file, as one page that a reviewer can read.

    It says what the system may do, each rule in words, what users are told, what must hold before
    it ships, who is woken, which tests show each rule, and the runbook.
    """
    from demur.export.docs import write

    _put(target, write(_subject(policy), format_name))


def _subject(policy: Path) -> Subject:
    """The policy file with what its tests show. Raises `InvalidPolicy`."""
    from demur.diagnostics import InvalidSource, Severity
    from demur.export.docs.subject import subject
    from demur.language.compile import check_file
    from demur.runtime.bundle import is_bundle
    from demur.testing.exercised import exercised

    if is_bundle(policy.read_bytes()):
        advice = "Give the policy file: a bundle has neither its words nor its tests."
        raise click.UsageError(f"{policy.as_posix()} is a bundle. {advice}")
    _, checked, diagnostics = check_file(policy, policy.as_posix())
    errors = [one for one in diagnostics if one.severity is Severity.ERROR]
    if errors or checked is None:
        raise InvalidPolicy(policies.findings(policy, errors))
    try:
        return subject(checked, exercised([policy]))
    except InvalidSource as invalid:
        raise InvalidPolicy(policies.findings(policy, invalid.diagnostics)) from None


@contextmanager
def _refusing(policy: Path) -> Generator[None]:
    """Says which name of a bundle cannot be written into another language."""
    from demur.export.names import StrangeName

    try:
        yield
    except StrangeName as failure:
        raise InvalidPolicy(printable(f"{policy.as_posix()}: error[DM982]: {failure}.")) from None


def _put(target: Path | None, text: str) -> None:
    """The text into the file, or to standard output."""
    if target is None:
        output.put(text, is_text=False)
    else:
        output.write_text(target, text)
