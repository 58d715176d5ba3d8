"""`demur gate`: go or no-go, by a gate of a policy over results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demur.cli import formats, kept_runs, output, policies
from demur.cli import parameters as parameters_given
from demur.cli.paths import Existing
from demur.cli.progress import Steps
from demur.cli.status import COULD_NOT_RUN, FAIL, INCONCLUSIVE, PASS, CouldNotRun
from demur.runtime.evaluator import Evaluator
from demur.suggestions import meant_or_listed

if TYPE_CHECKING:
    from demur.measure.results import GateResult
    from demur.measure.thresholds import Gate

_FORMATS = ("text", "json", "junit", "sarif", "github", "markdown", "html")
_SHOWN_RECORDS, _SHOWN_CHARACTERS = 2, 200
_STATUS = {"pass": PASS, "fail": FAIL, "inconclusive": INCONCLUSIVE, "error": COULD_NOT_RUN}


_DECLARE = "Declare one: gates: {ship: {suites: [golden], require: ['answer_rate >= 0.9']}}."


@click.command(
    short_help="Go or no-go: a gate's thresholds over results, slice by slice.",
    context_settings={"allow_extra_args": True},
)
@click.argument("policy", type=Existing())
@click.option("--gate", "gate_name", help="Which gate; may be left out where there is one.")
@click.option(
    "--results",
    multiple=True,
    metavar="FILE…",
    help="Records: a file, folder or glob, or a table of the engine. May be repeated.",
)
@click.option(
    "--baseline",
    multiple=True,
    metavar="FILE…|RUN",
    help="The run to compare with: its records, or as kept: an id, last-pass, branch:NAME.",
)
@click.option(
    "--baseline-policy",
    type=Existing(),
    help="The policy that decided the baseline; by default POLICY.",
)
@click.option(
    "--engine", metavar="URL", help="duckdb (default), spark, or any connection URL of Ibis."
)
@formats.option(_FORMATS)
@kept_runs.option
@parameters_given.option
@click.option("--no-keep", is_flag=True, help="Do not keep this run.")
@click.option("--explain", is_flag=True, help="Say what the engine could not express, and why.")
@click.option(
    "--self-test", is_flag=True, help="Feed the gate the worst records: can each requirement fail?"
)
@click.pass_context
def command(
    ctx: click.Context,
    policy: Path,
    gate_name: str | None,
    results: tuple[str, ...],
    baseline: tuple[str, ...],
    baseline_policy: Path | None,
    engine: str | None,
    asked: tuple[str, ...],
    folder: Path | None,
    parameters: tuple[str, ...],
    no_keep: bool,
    explain: bool,
    self_test: bool,
) -> None:
    """Judge the results of a gate's suites by POLICY, a policy file or a bundle.

    Results are records as `demur decide` reads them: JSONL, CSV or Parquet, in files, folders or
    globs, or tables of the engine. Each is decided by the policy, the gate's metrics are taken over
    all of them and over each slice, and each requirement is judged: pass, fail, inconclusive or
    error; the worst of them is the gate's. The run is kept, so that later ones can be compared with it.

    Exit status: 0 pass, 1 fail, 2 wrong usage or invalid policy, 3 inconclusive, 4 could not run or
    could not be judged.
    """
    if ctx.args:
        given = " ".join(f"--results {one}" for one in ctx.args)
        raise click.UsageError(f"Records are given by --results: {given}.")
    targets = formats.targets(asked, _FORMATS)
    evaluator = parameters_given.put_in(policies.load(policy), parameters)
    from demur.cli import keeping
    from demur.measure.records.relation import UnreadableTable

    try:
        gate = _gate(evaluator, gate_name)
        if self_test:
            ctx.exit(_proved(evaluator, gate, engine))
        if not results:
            raise click.UsageError("Give the records: --results FILE.")
        store = kept_runs.folder_for(policy, folder)
        against = keeping.baseline(evaluator, gate, policy, baseline, store, engine)
        result = _result(evaluator, gate, policy, results, against.sources, baseline_policy, engine)
    except UnreadableTable as failure:
        raise CouldNotRun(str(failure)) from None
    facts = keeping.facts_now(evaluator, gate, policy, result, against)
    result = keeping.compared(result, facts, against)
    said = ""
    if store is not None and not no_keep:
        said = keeping.kept(store, evaluator, replace(facts, verdict=result.verdict), result)
    _write(result, targets)
    if explain:
        _explain(result)
    if said:
        output.tell(said, err=True)
    ctx.exit(_STATUS[result.verdict])


def _gate(evaluator: Evaluator, name: str | None) -> Gate:
    from demur.measure.thresholds import gates

    found = gates(evaluator)
    if not found:
        raise click.UsageError(f"The policy has no gates. {_DECLARE}")
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is None:
        raise click.UsageError(f"Name one of the gates: --gate {' | '.join(found)}.")
    if name not in found:
        advice = meant_or_listed(name, found, "gates")
        raise click.BadParameter(f"There is no gate `{name}`. {advice}", param_hint="--gate")
    return found[name]


def _result(
    evaluator: Evaluator,
    gate: Gate,
    policy: Path,
    results: tuple[str, ...],
    baseline: tuple[str, ...],
    baseline_policy: Path | None,
    engine: str | None,
) -> GateResult:
    from demur.gate.run import Sources, run_gate
    from demur.measure.records.connecting import connect

    other = None if baseline_policy is None else policies.load(baseline_policy)
    connection = connect(engine)
    with Steps() as steps:
        return run_gate(
            evaluator,
            gate,
            Sources(results, baseline),
            connection,
            file=_policy_file(policy),
            baseline_evaluator=other,
            progress=steps.show,
        )


def _policy_file(path: Path) -> Any:
    """The file's text and where its thresholds stand; None for a bundle."""
    from demur.gate.run import PolicyFile
    from demur.runtime.bundle import is_bundle

    if is_bundle(path.read_bytes()):
        return None
    from demur.language.compile import check_file

    source, checked, _ = check_file(path, path.as_posix())
    thresholds = () if checked is None else checked.thresholds
    places = {one.path: one.expression.span for one in thresholds}
    return PolicyFile(path.as_posix(), source.text, path.parent, places)


def _write(result: GateResult, targets: list[formats.Target]) -> None:
    from demur.report import gates

    formats.write(targets, lambda name: gates.write(name, result))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and any(name == "github" for name, _ in targets):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(gates.write("markdown", result))


def _explain(result: GateResult) -> None:
    if not result.fallbacks:
        output.tell(f"{result.engine} computed everything itself.", err=True)
        return
    output.tell(f"What {result.engine} could not express, Python evaluated:", err=True)
    width = max(len(name) for name, _ in result.fallbacks)
    for name, reason in result.fallbacks:
        output.tell(f"  {name:<{width}}  {reason}", err=True)


def _proved(evaluator: Evaluator, gate: Gate, engine: str | None) -> int:
    """Prints for each requirement whether it can fail; the exit status."""
    from demur.gate.self_test import self_test
    from demur.measure.records.connecting import connect

    with Steps() as steps:
        proofs = self_test(evaluator, gate, connect(engine), steps.show)
    for one in proofs:
        mark = "can fail" if one.can_fail else f"CANNOT FAIL ({one.verdict})"
        output.tell(f"{mark}  {one.requirement}")
        for record in one.records[:_SHOWN_RECORDS]:
            output.tell(f"          {_shortened(record)}")
        if len(one.records) > _SHOWN_RECORDS:
            output.tell(f"          and {len(one.records) - _SHOWN_RECORDS:,} other records")
    stuck = sum(not one.can_fail for one in proofs)
    if stuck:
        verb = "passes" if stuck == 1 else "pass"
        count = f"{stuck} of {len(proofs)} requirements {verb}"
        output.tell(
            f"{count} even the worst records that were found. Mend the bound or the metric."
        )
        return FAIL
    count = "The one requirement" if len(proofs) == 1 else f"All {len(proofs)} requirements"
    output.tell(f"{count} of {gate.name} can fail.")
    return PASS


def _shortened(record: Mapping[str, Any]) -> str:
    import json

    text = json.dumps(record, ensure_ascii=True)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} …"
