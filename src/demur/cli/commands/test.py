"""`demur test`: whether policies decide what their tests expect."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demur.cli import output
from demur.cli.paths import Existing
from demur.cli.status import COULD_NOT_RUN, FAIL, INVALID, PASS
from demur.diagnostics import Checked
from demur.interop.json import escaped
from demur.suggestions import did_you_mean

if TYPE_CHECKING:
    from demur.testing import TestReport

_FORMATS = ("text", "json", "junit", "github")
_STATUS = {"pass": PASS, "fail": FAIL, "invalid": INVALID, "error": COULD_NOT_RUN}


class _Percent(click.FloatRange):
    """A number from 0 to 100; a NaN, which lies in every range, is none."""

    name = "percent"

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


_PERCENT = _Percent()


@click.command(short_help="Test policies: records given, decisions expected; what that covers.")
@click.argument("paths", nargs=-1, required=True, type=Existing(folders=True))
@click.option("-v", "--verbose", is_flag=True, help="List every test.")
@click.option("--coverage", is_flag=True, help="Show which outcomes of conditions came about.")
@click.option(
    "--min-coverage", type=_PERCENT, metavar="PERCENT", help="Fail if fewer outcomes came about."
)
@click.option("--mutate", is_flag=True, help="Also change the policy: do the tests notice?")
@click.option(
    "--min-mutation",
    type=_PERCENT,
    metavar="PERCENT",
    help="Fail if the tests notice fewer changes.",
)
@click.option(
    "--mutants",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="How many changes to try at most.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Draws them where there are more."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="For people, programs, CI (junit) or pull requests (github).",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file.",
)
@click.option(
    "--record", "test", metavar="NAME", help="Print the record of this test as JSON, run nothing."
)
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    verbose: bool,
    coverage: bool,
    min_coverage: float | None,
    mutate: bool,
    min_mutation: float | None,
    mutants: int,
    seed: int,
    format_name: str,
    target: Path | None,
    test: str | None,
) -> None:
    """Run the policy tests of PATHS: test files, policies, or folders of them.

    The tests of NAME.yaml stand beside it in NAME.test.yaml. Exit status: 0 all pass, 1 a test
    fails, there are none, or a minimum is not reached, 2 an invalid policy or test file, 4 could
    not run.
    """
    from demur import testing
    from demur.testing import formats

    if test is not None:
        output.put(_record(paths, test), is_text=False)
        return
    report = testing.run(
        paths,
        with_mutation=mutate,
        minimum_coverage=min_coverage,
        minimum_mutation=min_mutation,
        mutants=mutants,
        seed=seed,
    )
    with_mutation = mutate or min_mutation is not None
    options = formats.Options(verbose, coverage, with_mutation)
    text = formats.write(format_name, report, options)
    if format_name == "text":
        text = _findings(report) + text
    if target is None:
        output.put(text, is_text=format_name == "text")
    else:
        output.write_text(target, click.unstyle(text))
    ctx.exit(_STATUS[report.outcome])


def _findings(report: TestReport) -> str:
    """What is wrong with the files themselves, each with its line; what two files share, once."""
    from demur.report.formats.text import findings

    drawn: dict[str, None] = {}
    for file in report.files:
        for one in file.diagnostics:
            path = file.path if one.span is None else one.span.path
            drawn[findings(Checked(path, file.texts.get(path, ""), (one,)))] = None
    return "".join(drawn)


def _record(paths: tuple[Path, ...], test: str) -> str:
    from demur.testing.files import records

    found = records(paths)
    if test not in found:
        advice = did_you_mean(test, found) or "`demur test --verbose` lists them."
        raise click.BadParameter(f"There is no test `{test}`. {advice}", param_hint="--record")
    return escaped(json.dumps(found[test], ensure_ascii=False)) + "\n"
