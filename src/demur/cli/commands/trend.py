"""`demur trend`: a policy's metrics over its kept runs, with their changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demur.cli import formats, kept_runs, output, policies
from demur.cli.paths import Existing
from demur.cli.status import INCONCLUSIVE, PASS
from demur.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

_FORMATS = ("text", "json", "html")


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """How long ago, a day, or a time."""
    from demur.monitor.windows import seconds

    del ctx, parameter
    if value is None:
        return None
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds(value))
    except (OverflowError, ValueError):
        pass
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        message = "Write how long ago, as 12w or 90d, or a day, as 2026-11-26."
        raise click.BadParameter(message) from None


@click.command(short_help="Metrics over a policy's kept runs, with what changed and when.")
@click.argument("policy", type=Existing())
@click.option("--gate", help="The runs of this gate only.")
@click.option("--metric", "metrics", multiple=True, help="This metric only. May be repeated.")
@click.option(
    "--by",
    multiple=True,
    metavar="SLICE",
    help="Slices by this only: request.topic. May be repeated.",
)
@click.option("--branch", help="The runs of this branch only.")
@click.option("--since", callback=_moment, metavar="12w", help="Runs since then only.")
@click.option(
    "--every",
    type=click.Choice(["run", "week"]),
    help="What a point stands for; by default a week where there are very many runs.",
)
@kept_runs.option
@formats.option(_FORMATS)
@click.pass_context
def command(
    ctx: click.Context,
    policy: Path,
    gate: str | None,
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    branch: str | None,
    since: datetime | None,
    every: str | None,
    folder: Path | None,
    asked: tuple[str, ...],
) -> None:
    """Show how the metrics of POLICY's gates developed, over all records and over each slice.

    The runs are those that `demur gate` kept. A change is marked where a line has another level than
    before, by more than chance explains; in all lines together, a mark is false at most once in fifty
    trends of which none changed.

    Exit status: 0 shown, 2 wrong usage or invalid policy, 3 no run fits, 4 could not run.
    """
    wanted = formats.targets(asked, _FORMATS)
    evaluator = policies.load(policy)
    evaluation = evaluator.policy.evaluation
    _known(gate, evaluation.get("settings", {}).get("gates", {}), "gate")
    for one in metrics:
        _known(one, evaluation.get("metrics", {}), "metric")
    from demur.report import trends
    from demur.runs.trend import Chosen, load, trend

    found = kept_runs.folder_for(policy, folder)
    if found is None:
        raise click.UsageError(
            "DEMUR_RUNS is empty, so no runs are kept: name a folder, --runs DIR."
        )
    chosen = Chosen(evaluator.name, gate, metrics, by, branch, since)
    runs, broken = load(found, chosen)
    result = trend(runs, chosen, broken, every)
    if not result.series:
        output.tell(f"No kept run of {evaluator.name} fits, in {found.as_posix()}.", err=True)
    formats.write(wanted, lambda name: trends.write(name, result))
    for one in broken:
        if all(name != "text" or path is not None for name, path in wanted):
            output.tell(str(one), err=True)
    ctx.exit(PASS if result.series else INCONCLUSIVE)


def _known(name: str | None, names: Collection[str], noun: str) -> None:
    """Refuses a name that the policy has not."""
    if name is not None and name not in names:
        advice = did_you_mean(name, names) or f"There is {', '.join(names) or 'none'}."
        message = f"There is no {noun} `{name}`. {advice}"
        raise click.BadParameter(message, param_hint=f"--{noun}")
