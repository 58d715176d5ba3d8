"""The codes of what a gate finds, and of what keeps it from judging."""

from __future__ import annotations

GATE_CODES: dict[str, tuple[str, str, str]] = {
    "DM801": (
        "requirement-missed",
        "A requirement of the gate is missed",
        "The value lies on the wrong side of the limit; where the requirement has a `confidence`, by "
        "more than chance explains. The report names the slices and cases that speak against it, the "
        "worst first, and the runbook says what to do.",
    ),
    "DM802": (
        "requirement-inconclusive",
        "The records cannot settle a requirement",
        "There are fewer records than `min_samples`, or the interval reaches over the limit. What is "
        "not shown to hold is not taken to hold, so the gate does not pass. The report says how many "
        "further cases would settle it.",
    ),
    "DM810": (
        "no-record-counts",
        "No record counts for a requirement",
        "A metric over no records has no value, and a requirement without one is never met. Look at "
        "the metric's `where`, and at what the results hold.",
    ),
    "DM811": (
        "duplicate-case",
        "A case has two results",
        "With two results of one case it is open which of them counts, and pairs with the baseline "
        "would count it twice. Cases that are run several times are not more cases: they are alike, so "
        "an interval over all of them would be too narrow. Give one result of each case, or judge each "
        "run by itself, with `--results` of its file alone.",
    ),
    "DM812": (
        "lost-case",
        "A case that the baseline had has no result",
        "A system can look better by losing its hard cases. Run them again; where a case was taken "
        "out of the suite for good, take it out of the baseline too.",
    ),
    "DM813": (
        "missing-case",
        "A case of the suite has no result",
        "What was not run is not known to be good. A case that failed to run belongs into the "
        "results too, without the signals that it did not give.",
    ),
    "DM814": (
        "no-baseline",
        "A requirement compares with a baseline, and there is none",
        "Give the results of the run that is compared with: `--baseline FILE`.",
    ),
    "DM815": (
        "missing-slice",
        "A slice that the baseline had is gone",
        "The baseline has records of this slice that count for the metric, and this run has none.",
    ),
    "DM816": (
        "unbounded-unknown",
        "Nothing bounds what is unknown",
        "An unknown record counts as the worst for the comparison. For a mean or a sum that is the "
        "signal's `min` or `max`; without one the worst is infinite. Declare it, or measure only "
        "what is there and require how much that must be: `mean(x, has(x))`, `rate(has(x)) >= 0.99`.",
    ),
    "DM817": (
        "metric-without-value",
        "A metric or limit is no number",
        "It divides by zero, or is infinite, over these records.",
    ),
    "DM818": (
        "unnamed-case",
        "A result has no id",
        "Pairs with a baseline, and the cases of a suite, are found by `id` (or `trace_id`).",
    ),
    "DM819": (
        "baseline-without-value",
        "The baseline's value is not known",
        "The metric has no value over the baseline's records, or unknown records leave it unbounded.",
    ),
    "DM820": (
        "no-results",
        "There are no results",
        "A gate over no records passes nothing.",
    ),
    "DM821": (
        "cases-not-found",
        "A suite's file of cases is not there",
        "The file says which cases must have a result; without it a run that lost its hard cases looks "
        "better than one that did not. Paths are from the policy's folder. A bundle has no files beside "
        "it, and its gates say that the cases were not checked.",
    ),
}
"""Name, title, and an explanation for the reference."""
