"""A policy as one page for a reviewer who reads no code: Markdown, or HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from demur.export.docs.html import html
from demur.export.docs.sections import blocks
from demur.export.docs.subject import Subject

FORMATS: Sequence[str] = ("markdown", "html")


def write(subject: Subject, format: str) -> str:
    """The page as text in one of `FORMATS`. It has no date: the same policy gives the same page."""
    text = "\n\n".join(blocks(subject)) + "\n"
    return text if format == "markdown" else html(subject.title, text)
