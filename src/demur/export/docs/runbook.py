"""The page's last section: the policy's runbook, as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from demur.export.docs.foreign import harmless
from demur.export.docs.markdown import code
from demur.export.docs.subject import Subject
from demur.interop.runbooks import section

_ANCHORS_ALONE = re.compile(r"""^\s*(<a\s[^<>]*>\s*</a>\s*)+$""", re.MULTILINE)


def runbook(subject: Subject) -> Iterator[str]:
    """The runbook's text with its headings one level down; nothing where there is no text to show."""
    link = subject.document.runbook
    text = section(subject.folder, link and link.partition("#")[0])
    if not text.strip():
        return
    yield "## Runbook"
    yield f"From {code(link or '')}."
    yield harmless(lowered(_ANCHORS_ALONE.sub("", text))).strip()


def lowered(text: str, by: int = 2) -> str:
    """The Markdown with its headings so many levels deeper."""
    lines = text.splitlines()
    tokens = MarkdownIt("commonmark").parse(text)
    for at, token in reversed(list(enumerate(tokens))):
        if token.type == "heading_open" and token.map is not None and token.level == 0:
            start, end = token.map
            level = min(int(token.tag[1:]) + by, 6)
            lines[start:end] = [f"{'#' * level} {' '.join(tokens[at + 1].content.split())}"]
    return "\n".join(lines)
