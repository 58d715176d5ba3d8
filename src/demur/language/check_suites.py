"""Checks of `suites`: cases to run, and signals that a run can measure."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.nodes import MappingNode, ScalarNode, SequenceNode
from demur.language.surroundings import Surroundings
from demur.suggestions import meant_or_declared

MEASURED_UNITS = (None, "ms", "s")
"""The units that a measured latency can have; without one it is in milliseconds."""


def check_suites(
    root: MappingNode, surroundings: Surroundings, diagnostics: list[Diagnostic]
) -> None:
    """A suite has cases, and what it measures are numbers that its target gives."""
    suites = root.get("suites")
    for entry in suites.entries if isinstance(suites, MappingNode) else ():
        if not isinstance(entry.value, MappingNode):
            continue
        diagnostics.extend(_without_cases(entry.key, entry.value))
        measure = entry.value.get("measure")
        if isinstance(measure, MappingNode):
            diagnostics.extend(_unmeasurable(measure, surroundings))


def _without_cases(name: ScalarNode, suite: MappingNode) -> Iterator[Diagnostic]:
    """A suite has cases, or is of what a service recorded, which there is no list of."""
    cases, journal = suite.get("cases"), suite.get("journal")
    if cases is not None and journal is not None:
        message = (
            f"The suite `{name.text}` has cases, and `journal` says that there are none to name."
        )
        yield finding("DM409", message, journal.span, "Leave out `cases` or `journal`.")
    elif cases is None and journal is None:
        message = f"The suite `{name.text}` has no cases."
        advice = "Add `cases: golden.jsonl`, or `journal: true` for what a service recorded."
        yield finding("DM409", message, name.span, advice)
    elif isinstance(cases, SequenceNode) and not cases.items:
        message = f"The suite `{name.text}` has no cases."
        yield finding("DM409", message, cases.span, "Name its files.")


def _unmeasurable(measure: MappingNode, surroundings: Surroundings) -> Iterator[Diagnostic]:
    first = next(iter(surroundings.stages), None)
    signals = {
        f"{stage}.{name}": (stage, shape)
        for stage, shapes in surroundings.stages.items()
        for name, shape in shapes.items()
    }
    for entry in measure.entries:
        path, span = entry.key.text, entry.key.span
        if path in surroundings.wrong:
            continue
        if path not in signals:
            help = meant_or_declared(path, signals, "stages")
            yield finding("DM401", f"There is no signal `{path}`.", span, help)
            continue
        stage, shape = signals[path]
        if stage == first:
            message = f"`{path}` is known before the system is asked, so it cannot be measured."
            yield finding("DM425", message, span, "Measure a signal of a later stage.")
        elif shape.type not in ("int", "double"):
            message = f"`{path}` is {shape.type}, and a measured latency is a number."
            yield finding("DM425", message, span, "Declare it as a double, with `unit: ms`.")
        elif shape.unit not in MEASURED_UNITS:
            message = f"`{path}` is in {shape.unit}, and a latency is measured in ms or s."
            yield finding("DM425", message, span, "Give it the `unit` ms or s.")
