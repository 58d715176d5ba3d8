"""One HTML page that needs nothing else: the verdict, why, and everything to look into it."""

from __future__ import annotations

from demur.measure.results import GateResult
from demur.report.html.cases import anchors, cases_section, flips_section
from demur.report.html.failures import failures_section
from demur.report.html.heat_map import heat_map_section
from demur.report.html.histograms import histograms_section
from demur.report.html.page import page
from demur.report.html.provenance import footer, unknown_section
from demur.report.html.requirements import requirements_section
from demur.report.html.runbook import runbook_section
from demur.report.html.verdict import verdict_header


def write(result: GateResult) -> str:
    """The page. Of very many slices and cases it shows the worst and says how many more there are."""
    return page(
        f"{result.verdict}: {result.gate} of {result.policy}",
        verdict_header(result),
        requirements_section(result, anchors(result)),
        runbook_section(result),
        heat_map_section(result),
        failures_section(result),
        histograms_section(result),
        flips_section(result),
        cases_section(result),
        unknown_section(result),
        footer(result),
    )
