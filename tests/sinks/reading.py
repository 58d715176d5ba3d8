"""Readers of what was written, none of them demur's: they find whether anything in it acts."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from markdown_it import MarkdownIt

GITHUB = re.compile(r"\A\s*::[a-z-]+")
"""What the runner of GitHub Actions takes for a command: `TrimStart().StartsWith("::")`."""
ANYWHERE = re.compile(r"##([a-z]+)?\[", re.IGNORECASE)
"""What it took before, and what Azure Pipelines and TeamCity take, wherever it stands."""


def acts_in_a_log(text: str, *, commands: tuple[str, ...] = ()) -> list[str]:
    """What a terminal or a CI's log would obey; lines that begin with `commands` are meant."""
    found = [
        repr(line)
        for line in re.split("\r\n|\r|\n", text)
        if (GITHUB.match(line) and not line.startswith(commands)) or ANYWHERE.search(line)
    ]
    # Cc are controls, Cf marks of direction and what has no width, Cs halves of pairs.
    unseen = {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs")}
    return found + sorted(map(repr, unseen - {"\n", "\t", *_JOINERS}))


_JOINERS = "\u200b\u200c\u200d"
"""Markdown is kept apart by the first; scripts and emoji are written with the others."""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src") and not _is_link(value or "")):
                self.found.append(f"{tag} {name}={value}")
        if tag in ("script", "img", "iframe", "object", "form", "link", "base"):
            self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _is_safe(address: str) -> bool:
    return address.startswith(("#", "https://runbooks.example"))


def _is_link(address: str) -> bool:
    """Whether a reader must click on it to go there, and nothing runs."""
    return address.startswith(("#", "https://", "http://", "mailto:"))


def acts_in_html(page: str) -> list[str]:
    tags = _Tags()
    tags.feed(page)
    tags.close()
    return tags.found


def acts_in_markdown(text: str) -> list[str]:
    """What a code host's reader of Markdown would draw as more than text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    found: list[str] = []
    shown = ""
    within = 0
    for token in parser.parse(text):
        for one in [token, *(token.children or ())]:
            if one.type in ("html_block", "html_inline"):
                # Within code nobody is called and nothing is linked.
                within += one.content.count("<code>") - one.content.count("</code>")
                found += re.findall(r"<(?!/?(?:details|summary|code)>)[^>]*>", one.content)
            elif one.type == "image":
                found.append(f"image {one.attrs}")
            elif one.type == "link_open" and not _is_safe(str(one.attrs["href"])):
                found.append(f"link {one.attrs['href']}")
            elif one.type == "text" and not within:
                shown += one.content + " "
    return found + re.findall(
        r"(?<!\w)@\w+|(?<![\w&])#\d+|\bGH-\d+|https?://(?!runbooks)\S+|\bwww\.\w+", shown
    )


def acts_in_slack(text: str) -> list[str]:
    return re.findall(r"<[!@#]\w+|<\w+:[^>]*\|", text)


def texts_of_json(text: str) -> list[str]:
    """All texts of one document, or of one a line."""
    try:
        documents = [json.loads(text)]
    except json.JSONDecodeError:
        documents = [json.loads(line) for line in text.splitlines()]
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for key, part in value.items():
                found.append(key)
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(documents)
    return found


def texts_of_xml(text: str) -> str:
    root = ElementTree.fromstring(text.encode())
    parts: list[str] = []
    for one in root.iter():
        parts += [*one.attrib.values(), one.text or ""]
    return "\n".join(parts)
