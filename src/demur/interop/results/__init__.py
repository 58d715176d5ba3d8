"""Others' results as records of a policy: the importers, one a file in `formats`, and what they share.

A value finds its signal by a mapping, by the attribute of OpenTelemetry that the signal names, or by its
name, and never by a guess. What a tool could not measure is unknown in the record: a judge that crashed,
a NaN, a case that ended in an error. No case is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents
from demur.interop.results.formats import importers
from demur.interop.results.importing import Imported, survey
from demur.policy import Policy
from demur.runtime.evaluator import Evaluator
from demur.suggestions import did_you_mean

__all__ = ["Imported", "ResultsError", "importers", "read"]

_NO_MAPPING: Mapping[str, str] = {}


def read(
    format: str,
    paths: Sequence[Path],
    evaluator: Evaluator | Policy,
    mapping: Mapping[str, str] = _NO_MAPPING,
    ignored: Collection[str] = (),
) -> Imported:
    """The results in the files, as records of the policy, with what was and was not mapped.

    `mapping` gives a signal (`answer.score`, or `id`) its field in the results: as it is reported, or a
    path in the tool's own item. `ignored` are fields that are meant for no signal, `*` stands for any
    text in them. Raises `ResultsError` and OSError; ValueError for a format that there is not.
    """
    importer = importers().get(format)
    if importer is None:
        names = ", ".join(importers())
        raise ValueError(f"no format {format!r}: {did_you_mean(format, importers()) or names}")
    policy = evaluator if isinstance(evaluator, Policy) else evaluator.policy
    try:
        return survey(policy, importer, tuple(paths), mapping, ignored)
    except ResultsError as failure:
        if failure.code != "DM732":
            raise
        expected = f"Expected is {importer.expected}."
        raise ResultsError("DM732", failure.message, f"{expected}{_guess(format, paths)}") from None


def _guess(format: str, paths: Sequence[Path]) -> str:
    """Which other format the first file looks like, as a sentence."""
    for path in paths:
        try:
            first = next((document for _, document in documents(path)), None)
        except (OSError, ResultsError):
            continue
        sample = first[0] if isinstance(first, list) and first else first
        for name, other in importers().items():
            if name != format and (other.looks(first) or other.looks(sample)):
                return f" The file looks like {other.title}: `demur import {name} …`."
    return ""
