"""The codes of the journal, for the reference; errors and log messages begin with them."""

from __future__ import annotations

JOURNAL_CODES: dict[str, tuple[str, str, str]] = {
    "DM940": (
        "bad-journal-setting",
        "A setting of the journal cannot be",
        "The message says which, and what it may be. Masking by hash needs a key of at least 16 bytes, "
        "kept as a secret: whoever has it can try out values.",
    ),
    "DM941": (
        "journal-not-written",
        "The journal cannot be written",
        "The disk is full, the folder cannot be written to, or the collector is away. The service goes "
        "on. Lines wait in the queue and are tried again; what does not fit is counted, and a line in "
        "the journal says how many are lost. In durable mode nothing waits, and `write` raises.",
    ),
    "DM942": (
        "journal-overflow",
        "The journal's queue is full, and lines are lost",
        "More is decided than can be written. Logged once a burst; `journal.status().lost` counts, and "
        "so does a line in the journal. Write to a faster disk, or raise `maximum_lines`.",
    ),
    "DM943": (
        "line-cut",
        "A segment ended within a line",
        "A process was killed while it wrote. The cut line was never acknowledged; it is taken off "
        "when a journal is next opened, and counted in `journal.status().healed`.",
    ),
    "DM944": (
        "journal-closed",
        "The journal is closed",
        "A check came after `close`. It is counted as lost.",
    ),
    "DM945": (
        "no-policy-for-outcome",
        "No policy is known by which the outcome could be masked",
        "What of an outcome is personal says the policy. Give it: `journal.outcome(…, "
        "evaluator=policy)`; a guard does.",
    ),
    "DM946": (
        "journal-extra-missing",
        "What the journal's format needs is not installed",
        "Parquet needs `demur[parquet]`, and OpenTelemetry logs need `demur[otlp]`.",
    ),
    "DM947": (
        "line-not-made",
        "A check could not be written as a line",
        "It is counted as lost. This is a fault in demur: please report it.",
    ),
    "DM948": (
        "segment-not-finished",
        "A closed segment could not be packed or converted",
        "It stays as JSONL, which every reader takes, and is tried again when the next one closes.",
    ),
    "DM950": (
        "unreadable-line",
        "A line of the journal cannot be read",
        "It is no JSON object, or no line of a journal. It is passed over and counted: a line that is "
        "not known is never taken for good.",
    ),
    "DM957": (
        "line-passed-over",
        "`demur monitor` passed over lines that it cannot read",
        "The rest is evaluated all the same. What an unreadable line hides is not known, so an alert that "
        "would be quiet or without data has no answer (`error`) as long as such a line may be of its "
        "windows: until they begin after the last change of the line's file. Alerts that hold fire as ever. "
        "The receivers are told: Alertmanager by an alert `demur-journal-unreadable`, a webhook by an "
        "evaluation with `unreadable`. Mend the line, or take the file away.",
    ),
    "DM951": (
        "unreadable-journal",
        "There is no journal to read",
        "The folder is not there, cannot be read, or has no segments.",
    ),
}
"""Name, title, and an explanation for the reference."""
