"""`demur import`: what other tools measured, as records of a policy."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from demur.cli import output, policies
from demur.cli.paths import Existing
from demur.cli.progress import Progress
from demur.cli.status import COULD_NOT_RUN, FAIL, INVALID, PASS
from demur.interop.json import escaped
from demur.report import plural, printable
from demur.suggestions import did_you_mean

if TYPE_CHECKING:
    from demur.interop.results import Imported, ResultsError
    from demur.interop.results.importing import Unmapped

_STATUS = {"DM734": FAIL, "DM735": INVALID, "DM736": INVALID}
"""What a refusal says of the command; any other is of data that could not be read."""
_SHOWN, _CHARACTERS = 12, 60


def _mapping(
    ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> Mapping[str, str]:
    del ctx, parameter
    found: dict[str, str] = {}
    for one in value:
        signal, equals, field = (part.strip() for part in one.partition("="))
        if not equals or not signal or not field:
            raise click.BadParameter(f"Write SIGNAL=FIELD, not `{one}`.")
        if signal in found:
            raise click.BadParameter(f"`{signal}` is mapped twice: keep one.")
        found[signal] = field
    return found


def _format(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    from demur.interop.results import importers

    del ctx, parameter
    if value not in importers():
        known = f"The formats: {', '.join(importers())}."
        advice = did_you_mean(value, importers()) or known
        raise click.BadParameter(f"There is no format `{value}`. {advice}")
    return value


@click.command("import", short_help="What other tools measured, as records of a policy.")
@click.argument("format_name", metavar="FORMAT", callback=_format)
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option(
    "--policy",
    required=True,
    type=Existing(),
    help="The policy whose signals are fed.",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the records go, as JSONL; by default standard output.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=_mapping,
    metavar="SIGNAL=FIELD",
    help="Feed this signal (or `id`) from this field of the results. May be repeated.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="FIELD",
    help="A field for no signal, or several: 'gen_ai.*'. May be repeated.",
)
@click.option("--strict", is_flag=True, help="Fail where a field of the results was not mapped.")
@click.pass_context
def command(
    ctx: click.Context,
    format_name: str,
    files: tuple[str, ...],
    policy: Path,
    target: Path | None,
    mapping: Mapping[str, str],
    ignore: tuple[str, ...],
    strict: bool,
) -> None:
    """Turn the results in FILE… into records that `demur gate` takes.

    FORMAT is promptfoo, deepeval, ragas, otel or openinference. A field of the results finds its signal by
    --map, by the signal's `otel` attribute, or by its name where that is clear; what feeds no signal is
    reported. A judge that crashed gives an unknown signal, and a case that ended in an error a record whose
    signals are unknown: none is left out.

    Exit status: 0 imported; 1 a field was not mapped, with --strict; 2 wrong usage, an invalid policy, or
    a mapping that names nothing; 4 results that could not be read.
    """
    evaluator = policies.load(policy)
    from demur.interop.record import UnreadableRecords
    from demur.interop.results import ResultsError, read
    from demur.interop.sources import files as files_of

    try:
        imported = read(format_name, files_of(files), evaluator, mapping, ignore)
        for line in _report(imported):
            output.tell(line, err=target is None)
        if strict and imported.unmapped:
            raise _unmapped_refused(imported)
        _write(imported, target)
    except ResultsError as failure:
        _refuse(failure)
        ctx.exit(_STATUS.get(failure.code, COULD_NOT_RUN))
    except UnreadableRecords as failure:
        output.tell(f"{failure.message} {failure.help}", err=True)
        ctx.exit(COULD_NOT_RUN)
    ctx.exit(PASS)


def _write(imported: Imported, target: Path | None) -> None:
    progress = Progress("imported", shown=target is not None)
    stream: BinaryIO
    with output.replacing(target) if target else nullcontext(sys.stdout.buffer) as stream:
        for number, record in enumerate(imported.records(), 1):
            stream.write(_line(record))
            progress.advance(number)
        stream.flush()
    progress.close()


def _line(record: Mapping[str, Any]) -> bytes:
    """The record as a line that reads back. Raises `ResultsError` for one that would not."""
    from demur.interop import jsonl
    from demur.interop.record import Record
    from demur.interop.results import ResultsError

    try:
        line = escaped(json.dumps(record, ensure_ascii=False, default=str)).encode()
    except UnicodeEncodeError:
        line = json.dumps(record, default=str).encode()
    except (RecursionError, TypeError, ValueError) as failure:
        raise ResultsError("DM738", f"The case {record['id']}: {failure}.", _LEAVE) from None
    line += b"\n"
    found = next(jsonl.read(BytesIO(line), "record"), None)
    if not isinstance(found, Record):
        what = "is empty" if found is None else found.message
        raise ResultsError("DM738", f"The case {record['id']}: {what}", _LEAVE)
    return line


_LEAVE = "Leave the field that is so out: `--ignore FIELD`."


def _refuse(failure: ResultsError) -> None:
    from demur.interop.results.codes import RESULT_CODES

    name = RESULT_CODES[failure.code][0]
    output.tell(f"error[{failure.code}] {name}: {failure.message}", err=True)
    if failure.help:
        output.tell(f"  help: {failure.help}", err=True)


def _unmapped_refused(imported: Imported) -> ResultsError:
    from demur.interop.results import ResultsError

    count = len(imported.unmapped)
    what = "1 field was not mapped" if count == 1 else f"{count} fields were not mapped"
    help = "Map each with `--map SIGNAL=FIELD`, or leave it out with `--ignore FIELD`."
    return ResultsError("DM734", f"{what}, so nothing was written.", help)


def _report(imported: Imported) -> Iterator[str]:
    """What was mapped and what was not, in lines."""
    failed = f", {imported.errors:,} of them ended in an error" if imported.errors else ""
    yield f"{imported.importer.title}: {plural(imported.cases, 'case')}{failed}."
    yield from _bound(imported)
    yield from _unmapped(imported)
    yield from _doubts(imported)
    if imported.unfed:
        yield f"Nothing feeds {_listed(imported.unfed)}: unknown in every record, unless optional."
    if imported.conflicts:
        told = (f"{name} ({times:,})" for name, times in imported.conflicts.items())
        yield f"Spans of one trace disagree, so it is unknown: {_listed(tuple(told))}."
    if imported.duplicates:
        told = (f"{id} ({times:,} times)" for id, times in imported.duplicates.items())
        yield f"Several cases have one id, which a gate refuses: {_listed(tuple(told))}."
        yield "  Name them by a field of their own: --map id=FIELD"
    if imported.unread:
        told = (f"{name} ({times:,})" for name, times in imported.unread.items())
        yield f"Keys that this version of demur does not know: {_listed(tuple(told))}."
    if imported.foreign:
        bad = imported.failed_foreign
        failed = f", {bad:,} of which ended in an error" if bad else ""
        yield f"Left out: {plural(imported.foreign, 'trace')} without a call of a model{failed}."


def _doubts(imported: Imported) -> Iterator[str]:
    if imported.doubts:
        yield "Held in the files and not taken, so unknown:"
    for doubt, found in imported.doubts.items():
        more = ", …" if found.cases > len(found.ids) else ""
        ids = ", ".join(printable(id) for id in found.ids)
        yield f"  in {plural(found.cases, 'case')}: {doubt} ({ids}{more})"
    if imported.stray:
        yield f"Evaluations that join no case, left out: {_listed(imported.stray)}."


def _bound(imported: Imported) -> Iterator[str]:
    width = max((len(one.signal) for one in imported.binding.bound), default=0)
    for one in imported.binding.bound:
        lost = imported.lost.get(one.signal, 0)
        unknown = f"; unknown in {lost:,}, where it could not be had" if lost else ""
        yield f"  {one.signal:<{width}}  from {printable(one.field)} (by {one.how}){unknown}"


def _unmapped(imported: Imported) -> Iterator[str]:
    if imported.unmapped:
        yield "Fields that feed no signal:"
    width = max((len(one.field) for one in imported.unmapped), default=0)
    for one in imported.unmapped:
        yield f"  {printable(one.field):<{width}}  {_about(one)}"
    if imported.unmapped:
        yield f"  To use one: --map SIGNAL={printable(imported.unmapped[0].field)}"


def _about(one: Unmapped) -> str:
    reason = f"; {one.reason}" if one.reason else ""
    if one.example is None:
        return f"in {plural(one.items, 'case')}, known in none{reason}"
    shown = json.dumps(one.example, ensure_ascii=True, default=str)
    shown = shown if len(shown) <= _CHARACTERS else f"{shown[:_CHARACTERS]}…"
    return f"in {plural(one.items, 'case')}, such as {shown}{reason}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
