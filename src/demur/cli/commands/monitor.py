"""`demur monitor`: a policy's alerts over its journal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demur.cli import output, policies
from demur.cli.lengths import interval, length
from demur.cli.paths import Existing
from demur.cli.status import COULD_NOT_RUN, FAIL, INCONCLUSIVE, PASS, CouldNotRun
from demur.suggestions import did_you_mean

if TYPE_CHECKING:
    from demur.measure.records.unreadable import Unreadable
    from demur.monitor.alerts import Alert
    from demur.monitor.deliver import Receiver
    from demur.monitor.memory import Memory

_STATUS = {"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE, "error": COULD_NOT_RUN}
_FORMATS = ("text", "json")


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    del ctx, parameter
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("Write a time as 2026-11-26T18:00:00Z.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _receivers(
    ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[Receiver, ...]:
    from demur.monitor.deliver import Receiver
    from demur.monitor.receivers import RECEIVERS

    del ctx, parameter
    found: list[Receiver] = []
    for one in value:
        kind, separator, target = one.partition("=")
        if kind not in RECEIVERS:
            advice = did_you_mean(kind, RECEIVERS) or f"There are {', '.join(RECEIVERS)}."
            raise click.BadParameter(f"There is no receiver `{kind}`. {advice}")
        if not separator or not target.startswith(("http://", "https://")):
            raise click.BadParameter(f"Name its URL: {kind}=http://….")
        found.append(Receiver(kind, target))
    return tuple(found)


@click.command(short_help="A policy's alerts over its journal, once or on a schedule.")
@click.argument("policy", type=Existing())
@click.option(
    "--journal",
    "sources",
    multiple=True,
    required=True,
    metavar="FOLDER…",
    help="Recorded decisions: a folder, file or glob, or a table of the engine. May be repeated.",
)
@click.option(
    "--engine", metavar="URL", help="duckdb (default), spark, or any connection URL of Ibis."
)
@click.option("--at", callback=_moment, metavar="TIME", help="Evaluate as at this time, not now.")
@click.option(
    "--every", callback=interval, metavar="1m", help="Go on, with an evaluation each such time."
)
@click.option(
    "--delay",
    callback=length,
    metavar="30s",
    default="0ms",
    show_default=True,
    help="Evaluate as at so long ago, so that late records are there.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where states are kept between evaluations; without it each begins anew.",
)
@click.option(
    "--notify",
    "receivers",
    multiple=True,
    callback=_receivers,
    metavar="KIND=URL",
    help="alertmanager=URL or webhook=URL. May be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
@click.pass_context
def command(
    ctx: click.Context,
    policy: Path,
    sources: tuple[str, ...],
    engine: str | None,
    at: float | None,
    every: float | None,
    delay: float,
    state: Path | None,
    receivers: tuple[Receiver, ...],
    form: str,
) -> None:
    """Evaluate the alerts of POLICY, a policy file or a bundle, over recorded decisions.

    Each window reaches back from the time of the evaluation, by the records' own times. What fires
    goes on standard output and to the receivers; one that is away is told later.

    Exit status, of a single evaluation: 0 all quiet, 1 an alert fires, 2 wrong usage or invalid policy,
    3 pending or without data, 4 could not run, or an alert that could not be evaluated.
    """
    if at is not None and every is not None:
        raise click.UsageError("--at is one time and --every many: give one of them.")
    evaluator = policies.load(policy)
    from demur.measure.records.relation import UnreadableTable
    from demur.monitor.alerts import alerts
    from demur.monitor.deliver import deliver
    from demur.monitor.following import source_of
    from demur.monitor.formats import write
    from demur.monitor.memory import Memory
    from demur.monitor.run import evaluate_once, longest, reading_for, verdict

    found = alerts(evaluator)
    if not found:
        raise click.UsageError("The policy has no alerts.")
    _see_all(found, every)
    memory = _remembered(state)
    histories = source_of(sources, reading_for(evaluator, found), engine, goes_on=every is not None)
    found_verdict = "pass"
    passed_over = frozenset[str]()
    for moment in _moments(at, every, delay):
        if memory.at is not None and moment <= memory.at:
            message = "The clock shows no later time than at the last evaluation"
            if every is None:
                raise click.UsageError(f"{message}; --state names another file for other times.")
            output.tell(f"{message}: it is waited for.", err=True)
            continue
        try:
            since = min(moment, memory.at or moment) - longest(found)
            history = histories.history(since)
            evaluation = evaluate_once(found, history, moment, memory)
        except UnreadableTable as failure:
            if every is None:
                raise CouldNotRun(str(failure)) from None
            output.tell(f"Not evaluated: {failure}", err=True)
            continue
        passed_over = _tell_of(history.unreadable, passed_over)
        told = deliver(evaluation, evaluator, receivers, memory.unsent, every or 300.0)
        memory = Memory(
            moment,
            evaluation.records,
            evaluation.states,
            told.unsent,
            memory.dropped + told.dropped,
            evaluation.unreadable,
        )
        _remember(state, memory, once=every is None)
        output.put(write(form, evaluation, evaluator), is_text=form == "text")
        for problem in told.problems:
            output.tell(problem, err=True)
        found_verdict = "error" if told.problems else verdict(evaluation)
    ctx.exit(_STATUS[found_verdict])


def _tell_of(unreadable: Iterable[Unreadable], told: frozenset[str]) -> frozenset[str]:
    """Says what cannot be read and was not said before; all that is known of."""
    now = [text for one in unreadable for text in one.shown]
    for text in now:
        if text not in told:
            output.tell(f"DM957: passed over: {text}", err=True)
    return frozenset(now)


def _see_all(alerts: Iterable[Alert], every: float | None) -> None:
    """Raises where an alert's window is shorter than the time from one evaluation to the next."""
    from demur.monitor.windows import text

    for one in alerts:
        if every is not None and (needed := one.window_for(every)):
            raise click.UsageError(
                f"The alert `{one.key}` has a window of {text(one.shortest)}, so that with `--every "
                f"{text(every)}` some records would be in none. Give `--every {text(one.shortest)}`, or "
                f"write `window: {needed}`{' for the objective' if one.slo_window else ''}."
            )


def _moments(at: float | None, every: float | None, delay: float) -> Iterator[float]:
    """The times to evaluate at: one, or each multiple of `every` as it comes."""
    if every is None:
        yield (time.time() if at is None else at) - delay
        return
    while True:
        now = time.time()
        upcoming = (now // every + 1) * every
        time.sleep(upcoming - now)
        yield upcoming - delay


def _remembered(path: Path | None) -> Memory:
    """What the file holds; one that is broken is moved aside, and said."""
    from demur.monitor.memory import BrokenMemory, Memory, read_memory

    if path is None:
        return Memory()
    try:
        return read_memory(path)
    except BrokenMemory as failure:
        aside = path.with_name(f"{path.name}.broken")
        path.replace(aside)
        output.tell(
            f"{path.as_posix()} cannot be read ({failure}). It is now {aside.name}, and the states "
            "begin anew.",
            err=True,
        )
        return Memory()


def _remember(path: Path | None, memory: Memory, *, once: bool) -> None:
    from demur.monitor.memory import write_memory

    if path is None:
        return
    try:
        write_memory(path, memory)
    except OSError as failure:
        if once:
            raise
        output.tell(
            f"{path.as_posix()}: {failure.strerror or failure}. States go on in the memory.",
            err=True,
        )
