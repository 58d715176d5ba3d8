"""The option `--stage` of the commands that have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from demur.suggestions import did_you_mean

if TYPE_CHECKING:
    from demur.runtime.evaluator import Evaluator


def known_stage(evaluator: Evaluator, stage: str | None) -> None:
    """Raises BadParameter for a stage that the policy has not."""
    if stage is None or stage in evaluator.stages:
        return
    names = ", ".join(evaluator.stages) or "none"
    advice = did_you_mean(stage, evaluator.stages) or f"Its stages: {names}."
    raise click.BadParameter(f"The policy has no stage `{stage}`. {advice}", param_hint="--stage")
