"""`demur inspect`: what is in a policy or bundle."""

from __future__ import annotations

from pathlib import Path

import click

from demur.cli import output, policies
from demur.cli.paths import Existing
from demur.cli.stages import known_stage
from demur.interop.escaping import printable_lines
from demur.interop.json import json_text


@click.command(short_help="Show what a bundle or policy holds, and what will run.")
@click.argument("policy", type=Existing())
@click.option("--stage", help="Only the rules that run at this stage.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
@click.option("--source", is_flag=True, help="The generated Python instead, both its forms.")
def command(policy: Path, stage: str | None, format_name: str, source: bool) -> None:
    """Explain POLICY, a bundle or a policy file: its identity, signals, definitions and rules.

    Conditions are shown as compiled: constants computed, a scope entry negated, so that every rule
    fires where its condition is true.
    """
    from demur.report import inspection

    evaluator = policies.load(policy)
    known_stage(evaluator, stage)
    if source:
        output.put(printable_lines(inspection.source(evaluator, stage)))
        return
    facts = inspection.inspect(evaluator, stage)
    if format_name == "json":
        output.put(json_text(facts), is_text=False)
    else:
        output.put(inspection.draw(facts))
