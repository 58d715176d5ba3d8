"""The codes of what keeps others' results from being imported."""

from __future__ import annotations

RESULT_CODES: dict[str, tuple[str, str, str]] = {
    "DM731": (
        "results-unreadable",
        "The results cannot be read",
        "The file is damaged, or is no JSON, JSONL, CSV or Parquet. A single line that is wrong stops the "
        "import: its case would be lost, and a gate over the rest would not know.",
    ),
    "DM732": (
        "results-of-another-format",
        "The file is not of the format that was named",
        "`demur import FORMAT` takes files of that one format. Where the file looks like another one, the "
        "message says which.",
    ),
    "DM733": (
        "results-without-cases",
        "The file has no case",
        "Nothing that was measured is never a pass, so a file without a single case is refused.",
    ),
    "DM734": (
        "results-unmapped",
        "A field was not mapped, and was to be",
        "With `--strict` every field of the results goes to a signal (`--map SIGNAL=FIELD`) or is left out "
        "expressly (`--ignore FIELD`). Nothing is written otherwise.",
    ),
    "DM735": (
        "mapping-of-unknown-signal",
        "The mapping names no signal of the policy",
        "`--map SIGNAL=FIELD` names a signal as `stage.name` (or `outcome.name`, or `id`). A derived "
        "signal is computed, so nothing can be mapped to it.",
    ),
    "DM736": (
        "mapping-of-unknown-field",
        "The mapping names a field that no case has",
        "A mapping that finds nothing would leave its signal unknown in every record. A field is written "
        "as it is reported, or as a path in the tool's own item: `response.metadata.route`.",
    ),
    "DM737": (
        "results-too-large",
        "The results are too large to be read at once",
        "A JSON document is read as a whole, up to 512 MiB, and spans up to a million. Give the results as "
        "JSONL, or in several files.",
    ),
    "DM738": (
        "result-not-a-record",
        "A case cannot be written as a record",
        "A record is a line of JSON of at most 16 MiB, nested at most 64 deep.",
    ),
}
"""Name, title, and an explanation for the reference."""


class ResultsError(Exception):
    """Results that cannot be imported: a code, what is wrong and where, and what to do."""

    def __init__(self, code: str, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}")
