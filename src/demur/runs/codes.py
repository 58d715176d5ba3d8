"""The codes of what is wrong with kept runs, and with baselines that are taken from them."""

from __future__ import annotations

RUN_CODES: dict[str, tuple[str, str, str]] = {
    "DM840": (
        "no-such-run",
        "The baseline names a run that there is not",
        "`--baseline`, or `baseline` in the gate, takes a file, the id of a kept run or its "
        "beginning, `last-pass`, or `branch:NAME`. The message says which runs there are. A gate "
        "without the baseline that it asks for passes nothing; the first time, give a file.",
    ),
    "DM841": (
        "run-without-records",
        "The run that the baseline names has no records to compare with",
        "Records are kept of the newest runs, up to a size, and only where they are files. Give the "
        "results of that run as a file, or name a newer run.",
    ),
    "DM842": (
        "baseline-lacks-personal-values",
        "The kept records lack a personal value that a rule or metric reads",
        "Personal signals (`pii: true`) are left out of what is kept, so such records cannot be "
        "decided again. Derive a signal from the personal one and read that: it is kept. Or give the "
        "baseline as a file.",
    ),
    "DM843": (
        "broken-run",
        "A file of the store is no kept run",
        "It is damaged, or another version of demur wrote it. It is passed over, and named each time: "
        "delete it, or restore it.",
    ),
    "DM844": (
        "run-not-kept",
        "The run could not be kept",
        "The verdict stands, but no later run can be compared with this one. `--runs DIR` names "
        "another folder; `--no-keep` keeps nothing.",
    ),
}
"""Name, title, and an explanation for the reference."""
