"""The help centre: Markdown documents with front matter, read from `documents/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DOCUMENTS = Path(__file__).parent / "documents"
EXPORTED = date(2026, 9, 30)  # the ages of documents are counted to the day of the export
FRONT_MATTER = re.compile(r"\A---\n(?P<fields>.*?)\n---\n+(?P<body>.*)\Z", re.DOTALL)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Document:
    """One page of the help centre."""

    id: str
    title: str
    source: str
    updated: date
    body: str

    @property
    def age_days(self) -> int:
        """Days from the last update to the export."""
        return (EXPORTED - self.updated).days

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the body, in their order."""
        return tuple(SENTENCE_END.split(" ".join(self.body.split())))


def load_documents(folder: Path = DOCUMENTS) -> tuple[Document, ...]:
    """Read every document of a folder, by file name; ValueError names a file that is not one."""
    return tuple(read_document(path) for path in sorted(folder.glob("*.md")))


def read_document(path: Path) -> Document:
    """Read one document; its front matter gives id, title, source and the date of update."""
    matched = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    if matched is None:
        raise ValueError(f"{path.name} has no front matter between two lines of `---`.")
    fields = dict(line.split(": ", 1) for line in matched["fields"].splitlines())
    missing = {"id", "title", "source", "updated"} - fields.keys()
    if missing:
        raise ValueError(f"{path.name} lacks {', '.join(sorted(missing))} in its front matter.")
    return Document(
        id=fields["id"],
        title=fields["title"].strip('"'),
        source=fields["source"],
        updated=date.fromisoformat(fields["updated"]),
        body=matched["body"].strip(),
    )
