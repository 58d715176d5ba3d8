"""`demur run`: the system under test over a suite's cases."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demur.cli import policies
from demur.cli.output import tell
from demur.cli.paths import Existing
from demur.cli.progress import Remaining
from demur.cli.status import COULD_NOT_RUN, INTERRUPTED, INVALID, PASS
from demur.report import printable
from demur.runtime.evaluator import Evaluator

if TYPE_CHECKING:
    from demur.suites.codes import SuiteError
    from demur.suites.run import Outcome
    from demur.suites.settings import Options


_DECLARE = "Declare one: suites: {golden: {cases: golden.jsonl, target: 'python:system:answer'}}."
_LONGEST = 300
"""Characters of an error that are shown."""


def _timeout(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    from demur.functions.timestamps import parse_duration
    from demur.functions.values import EvaluationError

    del ctx, parameter
    if value is None:
        return None
    try:
        seconds = parse_duration(value).nanoseconds / 1e9
    except EvaluationError:
        seconds = 0.0
    if seconds <= 0:
        raise click.BadParameter("Write a length of time: 30s, 500ms, 2m.")
    return seconds


def _headers(
    ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> Mapping[str, str]:
    del ctx, parameter
    found: dict[str, str] = {}
    for one in value:
        name, separator, content = one.partition(":")
        if not separator or not name.strip() or not one.isprintable():
            raise click.BadParameter("Write `NAME: VALUE`.")
        found[name.strip()] = content.strip()
    return found


@click.command(short_help="The system under test over a suite's cases, resumable.")
@click.argument("policy", type=Existing())
@click.option(
    "--suite",
    "names",
    multiple=True,
    metavar="NAME",
    help="Which suite; by default every one that has a target. May be repeated.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the results go; by default .demur/results/SUITE.jsonl beside the policy.",
)
@click.option(
    "--target",
    metavar="TARGET",
    help="Run this instead: python:MODULE:FUNCTION, an http URL, or command:….",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    callback=_headers,
    metavar="'NAME: VALUE'",
    help="Sent with each case to an HTTP target. May be repeated.",
)
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Cases that run at a time.")
@click.option("--timeout", callback=_timeout, metavar="30s", help="How long an answer may take.")
@click.option("--retries", type=click.IntRange(0, 20), help="How often a case is tried again.")
@click.option("--limit", type=click.IntRange(1), help="The first so many cases, as a sample.")
@click.option("--only", multiple=True, metavar="ID", help="This case. May be repeated.")
@click.option("--fresh", is_flag=True, help="Run everything again, be it unchanged or half done.")
@click.option("--failed", is_flag=True, help="Run again the cases that ended in an error.")
@click.pass_context
def command(
    ctx: click.Context,
    policy: Path,
    names: tuple[str, ...],
    output: Path | None,
    target: str | None,
    headers: Mapping[str, str],
    concurrency: int | None,
    timeout: float | None,
    retries: int | None,
    limit: int | None,
    only: tuple[str, ...],
    fresh: bool,
    failed: bool,
) -> None:
    """Run the suites of POLICY, a policy file or a bundle, and write their results.

    Each case is put to the suite's target; what it answers becomes the case's record, and what it does
    not answer a record with an `error`, whose signals are unknown. A run that is interrupted goes on
    when the same command is given again. A suite that declares a `fingerprint` is not run again while
    that is the same.

    Exit status: 0 each case has a result, 2 wrong usage or invalid policy or cases, 4 the system could
    not be run, or every case failed.
    """
    if fresh and failed:
        raise click.UsageError("--fresh runs every case again, --failed some: give one of them.")
    evaluator = policies.load(policy)
    from demur.suites.codes import SuiteError, TargetError
    from demur.suites.settings import Options

    chosen = _chosen(evaluator, names, target)
    if output is not None and len(chosen) > 1:
        raise click.UsageError(f"-o is one file, and these are {len(chosen)} suites: name --suite.")
    options = Options(
        target, concurrency, timeout, retries, headers, limit, only, fresh=fresh, failed=failed
    )
    status = PASS
    for name in chosen:
        try:
            outcome = _run(evaluator, name, policy, output, options)
        except TargetError as failure:
            _refuse(policy, failure)
            ctx.exit(COULD_NOT_RUN)
        except SuiteError as failure:
            _refuse(policy, failure)
            ctx.exit(INVALID)
        except KeyboardInterrupt:
            tell("Interrupted. The same command goes on where it was.", err=True)
            ctx.exit(INTERRUPTED)
        for line in _summary(name, outcome, policy):
            tell(line)
        if outcome.manifest.errors == outcome.manifest.cases:
            _refuse(policy, _every_case_failed(name, outcome))
            status = COULD_NOT_RUN
    if status == PASS and options.selection is None:
        for line in _next(evaluator, chosen, policy, output):
            tell(line)
    ctx.exit(status)


def _chosen(evaluator: Evaluator, names: tuple[str, ...], target: str | None) -> list[str]:
    from demur.suggestions import meant_or_listed
    from demur.suites.settings import suites

    declared = suites(evaluator)
    if not declared:
        raise click.UsageError(f"The policy has no suites. {_DECLARE}")
    for name in names:
        if name not in declared:
            advice = meant_or_listed(name, declared, "suites")
            raise click.BadParameter(f"There is no suite `{name}`. {advice}", param_hint="--suite")
    if names:
        return list(dict.fromkeys(names))
    found = [name for name, said in declared.items() if target or said.get("target")]
    if not found:
        raise click.UsageError("No suite of the policy has a `target`: give one with --target.")
    return found


def _run(
    evaluator: Evaluator, name: str, policy: Path, output: Path | None, options: Options
) -> Outcome:
    from demur.suites.run import Progress, run_suite

    with Remaining(name) as remaining:

        def show(progress: Progress) -> None:
            remaining.show(progress.done, progress.cases, progress.errors, progress.ran)

        return run_suite(evaluator, name, policy.parent, output, options=options, progress=show)


def _refuse(policy: Path, failure: SuiteError) -> None:
    from demur.suites.codes import SUITE_CODES

    place = f"{policy.as_posix()}: error[{failure.code}] {SUITE_CODES[failure.code][0]}"
    tell(f"{place}: {failure.message}\n  help: {failure.help}", err=True)


def _every_case_failed(name: str, outcome: Outcome) -> SuiteError:
    from demur.suites.codes import SuiteError

    message = f"Every case of `{name}` ended in an error. {_commonest(outcome)}"
    return SuiteError("DM857", message, "Look at `error` in the results.")


def _commonest(outcome: Outcome) -> str:
    """What most of the errors say: `3 of 4 say: ValueError: no API key`."""
    from demur.suites.results import commonest_error

    found = commonest_error(outcome.results)
    if found is None:
        return ""
    text, number = found
    shown = printable(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    verb = "says" if number == 1 else "say"
    return f"{number:,} of {outcome.manifest.errors:,} {verb}: {shown}"


def _summary(name: str, outcome: Outcome, policy: Path) -> Iterator[str]:
    """What came of the run, in lines."""
    manifest = outcome.manifest
    if outcome.is_unchanged:
        yield f"{name}: unchanged since {manifest.finished}, so not run; --fresh runs it anyway."
        if manifest.errors:
            yield f"  {_count(manifest.errors, 'case')} ended in an error: --failed runs them again."
    else:
        if outcome.restarted:
            parts = ", ".join(outcome.restarted)
            yield f"{name}: changed since it was interrupted ({parts}), so it began anew."
        retries = outcome.attempts - outcome.ran
        facts = [_count(manifest.cases, "case"), _errors(outcome.errors)]
        facts += [f"{outcome.kept:,} from before"] if outcome.kept else []
        facts += [_count(retries, "retry", "retries")] if retries else []
        yield f"{name}: {', '.join(facts)}, in {outcome.seconds:.1f} s."
        if outcome.previous is not None and (outcome.changed or not outcome.kept):
            parts = ", ".join(outcome.changed) or "nothing that is in the fingerprint"
            yield f"  changed since the run of {outcome.previous.started}: {parts}"
    if 0 < manifest.errors < manifest.cases:
        yield f"  {_commonest(outcome)}"
    yield f"  {_shown(outcome.results)}"


def _errors(errors: Mapping[str, int]) -> str:
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(errors.items()))
    total = sum(errors.values())
    return f"{_count(total, 'error')} ({kinds})" if total else "no error"


def _count(number: int, what: str, several: str | None = None) -> str:
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def _shown(path: Path) -> str:
    """The path as short as it can be given to a command."""
    here = Path.cwd()
    found = path.resolve()
    return (found.relative_to(here) if found.is_relative_to(here) else path).as_posix()


def _next(
    evaluator: Evaluator, names: list[str], policy: Path, output: Path | None
) -> Iterator[str]:
    """The commands that judge what was run: gates of which every suite has results."""
    from demur.suites.run import default_results

    gates = evaluator.policy.evaluation.get("settings", {}).get("gates", {})
    for gate, said in gates.items():
        files = [
            output if output and suite in names else default_results(policy.parent, suite)
            for suite in said["suites"]
        ]
        if set(names) & set(said["suites"]) and all(one.is_file() for one in files):
            words = ["demur", "gate", policy.as_posix(), "--gate", gate]
            for file in files:
                words += ["--results", _shown(file)]
            yield f"Next: {shlex.join(words)}"
