"""RAGAS: the table of `evaluate(…).to_pandas()`, as CSV, JSONL, JSON records or Parquet.

As `src/ragas/dataset_schema.py` declares it since 0.2: `user_input`, `response`, `retrieved_contexts`,
`reference`, `reference_contexts`, and a column a metric; before that (0.1) `question`, `answer`,
`contexts` and `ground_truth`, or `ground_truths`. A metric whose judge failed is NaN: an empty cell in
CSV, null in JSON. RAGAS leaves such rows out of its averages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from demur.interop.results.codes import ResultsError
from demur.interop.results.documents import documents, flat, mapped
from demur.interop.results.identity import hashed
from demur.interop.results.importer import (
    ANSWER,
    DOCUMENTS,
    QUESTION,
    REFERENCE,
    Importer,
    Item,
    Natural,
)

_PREVIOUS = {
    "question": "user_input",
    "answer": "response",
    "contexts": "retrieved_contexts",
    "ground_truth": "reference",
    "ground_truths": "reference",
}
"""The columns of RAGAS 0.1, and what they are called since."""
_GIVEN = frozenset(("user_input", "reference", "reference_contexts", "rubric", "rubrics"))
_IDS = ("id", "sample_id", "case_id")


def _looks(row: Any) -> bool:
    names = {_PREVIOUS.get(name, name) for name in mapped(row)}
    return "user_input" in names and bool(names & {"response", "retrieved_contexts", "reference"})


def _items(paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        for place, document in documents(path):
            rows = document if isinstance(document, list) else [document]
            for number, row in enumerate(rows):
                where = f"{place}: [{number}]" if isinstance(document, list) else place
                if not _looks(row):
                    raise ResultsError("DM732", f"{where}: no row of RAGAS.", "")
                yield _item(where, row)


def _item(place: str, row: dict[str, Any]) -> Item:
    named = {_PREVIOUS.get(name, name): value for name, value in flat(row).items()}
    id = next((named[name] for name in _IDS if named.get(name) is not None), None)
    return Item(
        place,
        {name: value for name, value in named.items() if name in _GIVEN and value is not None},
        {name: value for name, value in named.items() if name not in _GIVEN and name not in _IDS},
        row,
        id=hashed(named.get("user_input")) if id is None else str(id),
    )


IMPORTER = Importer(
    name="ragas",
    title="RAGAS",
    expected="a table of RAGAS, with the columns `user_input` (or `question`) and `response` (`answer`)",
    items=_items,
    looks=_looks,
    naturals=(
        Natural("user_input", QUESTION, "the question; `question` before 0.2"),
        Natural("response", ANSWER, "the answer; `answer` before 0.2"),
        Natural("retrieved_contexts", DOCUMENTS, "what was retrieved; `contexts` before 0.2"),
        Natural("reference", REFERENCE, "the right answer; `ground_truth` before 0.2"),
    ),
)
