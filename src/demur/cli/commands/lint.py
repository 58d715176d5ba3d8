"""`demur lint`: what is wrong with policies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from demur.cli import output, policies
from demur.cli.paths import Existing
from demur.cli.status import FAIL
from demur.diagnostics import Checked, Severity
from demur.interop.escaping import printable_lines
from demur.report import FORMATS, Codes, count, plural, write
from demur.suggestions import did_you_mean

_ROUNDS = 10
"""How often what is left after a fix is fixed again."""


@click.command(short_help="Check policies: structure, types, references, and habits.")
@click.argument("paths", nargs=-1, type=Existing(folders=True))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For people, programs, code scanning (sarif), pull requests (github) or CI (junit).",
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file.",
)
@click.option("--fix", is_flag=True, help="Mend what can be mended without changing a decision.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@click.option("--explain", metavar="CODE", help="Say what a code such as DM304 means.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    format_name: str,
    target: Path | None,
    fix: bool,
    diff: bool,
    strict: bool,
    explain: str | None,
) -> None:
    """Check policy files, and all policy files in folders.

    Reports what stops a policy from being compiled, and what a careful reviewer would ask about.
    Exit status: 0 nothing found, 1 errors (with --strict also warnings), 2 wrong usage.
    """
    from demur.lint import lint_paths

    if explain is not None:
        output.put(f"{_explanation(explain)}\n")
        return
    if fix and diff:
        raise click.UsageError("--fix changes files and --diff does not: give one of them.")
    found = policies.policy_files(paths)
    if not found:
        raise click.UsageError(f"Nothing to lint. {_nothing(paths)}")
    results = lint_paths(found)
    if diff:
        changes = "".join(map(_difference, results))
        output.put(printable_lines(changes) if sys.stdout.isatty() else changes)
        ctx.exit(FAIL if changes else 0)
    if fix:
        results = _fixed(found, results)
    report = write(format_name, results, _codes())
    if target is None:
        output.put(report, is_text=format_name == "text")
    else:
        output.write_text(target, click.unstyle(report))
    fails = count(results, Severity.ERROR) or (strict and count(results, Severity.WARNING))
    ctx.exit(FAIL if fails else 0)


def _nothing(paths: Sequence[Path]) -> str:
    """Why folders hold no policy, and what to do."""
    if not paths:
        return "Name a policy file or a folder."
    others = [
        one
        for folder in paths
        for one in sorted(folder.rglob("*"))
        if one.suffix in policies.ENDINGS
    ]
    if others:
        return (
            f"No file has the key `demur: 1`, as a policy has: not {others[0].as_posix()} either."
        )
    return "No policy, a .yaml file with `demur: 1`, is in there. `demur new NAME` makes one."


def _fixed(paths: Sequence[Path], results: Sequence[Checked]) -> tuple[Checked, ...]:
    """The findings that are left after the files are mended."""
    from demur.lint import fixed_text, lint_paths

    mended: dict[str, None] = {}
    for _ in range(_ROUNDS):
        texts = {checked.path: fixed_text(checked) for checked in results}
        changed = [one.path for one in results if texts[one.path] != one.text]
        if not changed:
            break
        for path in changed:
            with output.replacing(Path(path)) as stream:
                stream.write(texts[path].encode("utf-8", "surrogateescape"))
            mended[path] = None
        results = lint_paths(paths)
    if mended:
        output.tell(f"Mended {plural(len(mended), 'file')}.", err=True)
    return tuple(results)


def _difference(checked: Checked) -> str:
    from difflib import unified_diff

    from demur.lint import fixed_text

    old, new = (text.splitlines(keepends=True) for text in (checked.text, fixed_text(checked)))
    lines = unified_diff(old, new, checked.path, checked.path)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _explanation(code: str) -> str:
    codes = _codes()
    by_name = {about[0]: known for known, about in codes.items()}
    wanted = by_name.get(code, code.upper())
    if wanted not in codes:
        advice = did_you_mean(code, [*codes, *by_name]) or "Codes look like DM304."
        raise click.BadParameter(f"There is no code `{code}`. {advice}", param_hint="--explain")
    name, title, explanation = codes[wanted]
    heading = click.style(f"{wanted} {name}: {title}", bold=True)
    return f"{heading}\n\n{explanation.strip()}"


def _codes() -> Codes:
    """Every code of demur, whichever command or part of a service reports it."""
    from demur.export.codes import EXPORT_CODES
    from demur.interop.record_codes import RECORD_CODES
    from demur.interop.results.codes import RESULT_CODES
    from demur.lint import CODES
    from demur.measure.codes import GATE_CODES
    from demur.runs.codes import RUN_CODES
    from demur.runtime.bundle_codes import BUNDLE_CODES
    from demur.runtime.signature_codes import SIGNATURE_CODES
    from demur.service.guard_codes import GUARD_CODES
    from demur.service.journal.codes import JOURNAL_CODES
    from demur.service.reload_codes import RELOAD_CODES
    from demur.suites.codes import SUITE_CODES
    from demur.testing.codes import TEST_CODES

    of_files = {**BUNDLE_CODES, **SIGNATURE_CODES, **RECORD_CODES, **RESULT_CODES, **EXPORT_CODES}
    of_services = {**GUARD_CODES, **RELOAD_CODES, **JOURNAL_CODES}
    of_suites = {**TEST_CODES, **GATE_CODES, **SUITE_CODES, **RUN_CODES}
    return {**CODES, **of_files, **of_suites, **of_services}
