"""The codes of what keeps a suite from being run, and of what keeps a case from having an answer."""

from __future__ import annotations

SUITE_CODES: dict[str, tuple[str, str, str]] = {
    "DM850": (
        "suite-without-target",
        "Nothing says what to run",
        "A suite's `target` is `python:MODULE:FUNCTION`, an http or https URL, or `command:…`; "
        "`demur run --target` names another one for a single run.",
    ),
    "DM851": (
        "unnamed-case-of-suite",
        "A case has no id",
        "Each case has an `id`, a text or a whole number: by it a run that was interrupted goes on, a "
        "gate finds what was lost, and runs are compared.",
    ),
    "DM852": (
        "duplicate-case-of-suite",
        "Two cases have the same id",
        "With two cases of one id it is open which of them a result belongs to. An id is unique over all "
        'files of a suite; 1 and "1" are the same id.',
    ),
    "DM853": (
        "unreadable-cases",
        "The cases cannot be read",
        "A suite's `cases` are files of records (JSONL, CSV or Parquet), from the policy's folder. A "
        "single line that is wrong stops the run before it begins: its case would be lost.",
    ),
    "DM854": (
        "target-not-loaded",
        "The system under test cannot be started",
        "The module of a `python:` target is looked for in the policy's folder first, then where Python "
        "finds modules. A `command:` is a program with its arguments, without a shell.",
    ),
    "DM855": (
        "fingerprint-without-files",
        "A pattern of the fingerprint matches no file",
        "What results depend on must be there, or a change of it would not be seen. Patterns are globs "
        "from the policy's folder: `prompts/*.md`, `index/**/*`.",
    ),
    "DM856": (
        "results-in-use",
        "Another run is writing these results",
        "Two runs cannot write the same file. Wait for the other, or write elsewhere with `-o`.",
    ),
    "DM857": (
        "every-case-failed",
        "Every case failed",
        "No case has an answer, so the system is down or wrongly set up; the results hold why. The "
        "next run begins anew.",
    ),
    "DM858": (
        "no-such-case",
        "The suite has no such case",
        "`--only` takes ids as they stand in the suite's cases.",
    ),
    "DM859": (
        "not-a-results-file",
        "A file stands where a run is kept, and is none",
        "While a suite runs, its results stand in `RESULTS.part`. What is there was not written by "
        "`demur run`, so it is not overwritten. Move it away, or write elsewhere with `-o`.",
    ),
}
"""Name, title, and an explanation for the reference."""


class SuiteError(Exception):
    """A suite that cannot be run: a code, what is wrong, and what to do."""

    def __init__(self, code: str, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}")


class TargetError(SuiteError):
    """A system under test that cannot be started."""
