"""`demur decide`: records in, decisions out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import click

from demur.cli import output, policies
from demur.cli import parameters as parameters_given
from demur.cli.paths import Existing
from demur.cli.progress import Progress
from demur.cli.stages import known_stage
from demur.cli.status import COULD_NOT_RUN, FAIL, PASS, CouldNotRun
from demur.diagnostics import Diagnostic, describe
from demur.functions.values import EvaluationError
from demur.interop.escaping import calm
from demur.interop.json import escaped
from demur.interop.record import Record, UnreadableRecords
from demur.interop.record_codes import problem
from demur.interop.records import read_records
from demur.policy import ACTIONS, RECORD_KEYS
from demur.report import plural, printable
from demur.runtime.decision import Decision
from demur.runtime.evaluator import Evaluator
from demur.service.journal.withheld import without_withheld
from demur.suggestions import listed, meant_or_listed

_STDIN = Path("-")
_IDENTITIES = ("id", "trace_id")
"""What a record may call itself; its decision repeats it."""
_MOST_KEYS = 100
"""Keys of records that are remembered for a message."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
Drawing = Callable[[Record, Decision], str]


@click.command(short_help="Decide records: JSONL, CSV or Parquet in, decisions as JSONL out.")
@click.argument("policy", type=Existing())
@click.argument("file", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--stage", help="Decide as at this stage; the last by default.")
@click.option("--explain", is_flag=True, help="Show each rule's value and the signals behind it.")
@click.option("--strict", is_flag=True, help="A record with unknown signals is an error.")
@parameters_given.option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["jsonl", "text"]),
    help="jsonl by default; text with --explain.",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the decisions to this file, which appears when all are made.",
)
@click.option(
    "--fail-on", metavar="ACTION,…", help="Exit with 1 if a decision is one of these actions."
)
@click.option(
    "--replay",
    "journal",
    type=Existing(folders=True),
    metavar="FOLDER",
    help="Decide a journal again, and show what comes out otherwise.",
)
@click.option("--any-digest", is_flag=True, help="With --replay: lines of other policies too.")
@click.pass_context
def command(
    ctx: click.Context,
    policy: Path,
    file: Path,
    stage: str | None,
    explain: bool,
    strict: bool,
    parameters: tuple[str, ...],
    format_name: str | None,
    target: Path | None,
    fail_on: str | None,
    journal: Path | None,
    any_digest: bool,
) -> None:
    """Decide the records of FILE by POLICY, a policy file or a bundle.

    FILE is JSONL, or by its ending CSV, TSV or Parquet, packed as .gz or not; without it records are
    read from standard input. Each record gives one line, in order, with its id and trace_id. What
    cannot be read is reported with its place, and the rest is decided all the same.

    With --replay each decision of a journal is made again. Those of another digest are only counted,
    and so are those that turn on personal signals, which a journal does not hold.

    Exit status: 0 all decided, or the same again; 1 an action of --fail-on, or a decision that is not
    the same; 2 wrong usage or invalid policy; 3 nothing that could be compared with --replay; 4 records
    that could not be read, or none at all for --fail-on.
    """
    if any_digest and journal is None:
        raise click.UsageError("--any-digest goes with --replay.")
    if journal is not None:
        if file != _STDIN or stage or explain or strict or fail_on:
            raise click.UsageError(
                "--replay takes records and stages from the journal: leave out FILE, --stage, "
                "--explain, --strict and --fail-on."
            )
        ctx.exit(_replay(policy, journal, parameters, format_name, target, any_digest=any_digest))
    if explain and format_name == "jsonl":
        raise click.UsageError("--explain is text: leave out --format.")
    failing = _actions(fail_on)
    evaluator = parameters_given.put_in(policies.load(policy), parameters)
    known_stage(evaluator, stage)
    if not evaluator.rules_at(stage):
        output.tell("No rule runs here, so every record is answered.", err=True)
    on_terminal = target is None and sys.stdout.isatty()
    coloured = on_terminal and output.colour() is not False
    draw = _line
    if explain or format_name == "text":
        draw = _text(evaluator, stage, explain=explain, coloured=coloured)
    progress = Progress("decided", shown=not on_terminal)
    read = unread = fails = 0
    strange: dict[str, None] | None = {}
    with _opened(target) as stream:
        for one in _decided(evaluator, _records(file, evaluator), stage, strict=strict, file=file):
            read += 1
            progress.advance(read)
            if isinstance(one, Diagnostic):
                unread += 1
                output.tell(describe(one), err=True)
                continue
            record, decision = one
            strange = _without_stage(strange, record.value, evaluator)
            fails += decision.action in failing
            stream.write(draw(record, decision).encode("utf-8", "backslashreplace"))
            if file == _STDIN:
                stream.flush()
    progress.close()
    if not read:
        output.tell("There were no records.", err=True)
        ctx.exit(COULD_NOT_RUN if failing else PASS)
    if strange:
        names = listed(list(map(printable, strange)), "keys of the records")
        output.tell(
            f"No record has a stage of the policy, so all signals are unknown. {names} "
            f"{listed(evaluator.stages, 'stages')}",
            err=True,
        )
    if unread:
        done = "decided" if strict else "read"
        output.tell(f"{unread:,} of {plural(read, 'line')} could not be {done}.", err=True)
        ctx.exit(COULD_NOT_RUN)
    ctx.exit(FAIL if fails else PASS)


def _without_stage(
    strange: dict[str, None] | None, record: Mapping[str, Any], evaluator: Evaluator
) -> dict[str, None] | None:
    """The keys so far that are no stage of the policy; None once a record has one that is."""
    if strange is None or any(one in record for one in (*evaluator.stages, "outcome")):
        return None
    if len(strange) >= _MOST_KEYS:
        return strange
    return {**strange, **dict.fromkeys(one for one in record if one not in RECORD_KEYS)}


def _replay(
    policy: Path,
    journal: Path,
    parameters: tuple[str, ...],
    format_name: str | None,
    target: Path | None,
    *,
    any_digest: bool,
) -> int:
    from demur.cli.replaying import replay

    evaluator = parameters_given.put_in(policies.load(policy), parameters)
    shows_progress = target is not None or not sys.stdout.isatty()
    with _opened(target) as stream:
        return replay(
            evaluator,
            journal,
            stream,
            any_digest=any_digest,
            as_json=format_name == "jsonl",
            shows_progress=shows_progress,
        )


def _actions(text: str | None) -> frozenset[str]:
    given = [name.strip() for name in text.split(",")] if text is not None else []
    for name in given:
        if name not in ACTIONS:
            advice = meant_or_listed(name, ACTIONS, "actions")
            message = f"There is no action `{name}`. {advice}"
            raise click.BadParameter(message, param_hint="--fail-on")
    return frozenset(given)


def _records(file: Path, evaluator: Evaluator) -> Iterator[Record | Diagnostic]:
    source = sys.stdin.buffer if file == _STDIN else file
    try:
        for one in read_records(source, shapes=evaluator.policy.stages, pipes=True):
            if isinstance(one, Record):
                # A journal's line holds hashes and the ends of texts, which are no values.
                yield replace(one, value=without_withheld(one.value))
            else:
                yield one
    except UnreadableRecords as failure:
        raise CouldNotRun(f"{failure.message} {failure.help}") from None
    except OSError as failure:
        raise CouldNotRun(f"{file.as_posix()}: {failure.strerror or failure}") from None


def _decided(
    evaluator: Evaluator,
    records: Iterable[Record | Diagnostic],
    stage: str | None,
    *,
    strict: bool,
    file: Path,
) -> Iterator[tuple[Record, Decision] | Diagnostic]:
    for one in records:
        if isinstance(one, Diagnostic):
            yield one
            continue
        try:
            yield one, evaluator.decide(one.value, stage, strict)
        except EvaluationError as unknown:
            name = "<stdin>" if file == _STDIN else file.as_posix()
            yield problem("DM727", f"Not decided: {unknown}.", name, one.line)


def _text(evaluator: Evaluator, asked: str | None, *, explain: bool, coloured: bool) -> Drawing:
    """How a decision is written for people."""
    from demur.report import explanation

    def draw(record: Record, decision: Decision) -> str:
        drawn = explanation.headline(decision)
        if explain:
            drawn = explanation.explain(evaluator, decision, record.value, asked)
        text = calm(f"{record.line}{_named(record.value)}: {drawn}\n")
        return text if coloured else click.unstyle(text)

    return draw


def _line(record: Record, decision: Decision) -> str:
    written = {**_identity(record.value), **decision.to_dict()}
    return f"{escaped(_ENCODER.encode(written))}\n"


def _identity(record: Mapping[str, Any]) -> dict[str, str | int]:
    return {
        name: record[name]
        for name in _IDENTITIES
        if isinstance(record.get(name), str | int) and not isinstance(record[name], bool)
    }


def _named(record: Mapping[str, Any]) -> str:
    names = ", ".join(
        f"{name} {printable(str(value))}" for name, value in _identity(record).items()
    )
    return f" ({names})" if names else ""


@contextmanager
def _opened(target: Path | None) -> Generator[BinaryIO]:
    """Where decisions go: the file, or standard output."""
    if target is not None:
        with output.replacing(target) as stream:
            yield stream
        return
    stream = sys.stdout.buffer
    yield stream
    stream.flush()
