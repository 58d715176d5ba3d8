"""Reads a YAML file into a tree that knows where each character came from.

The YAML is a strict part of YAML 1.2: one document, string keys, each key once, no tags, no merge
keys, and bounds on size, depth and aliases. Whatever is wrong with a file becomes a diagnostic;
nothing here raises on content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from os import sep
from pathlib import Path

from demur.diagnostics import Diagnostic, Position, Span, in_file_order
from demur.files import Outside, open_file, repository
from demur.language.composition import Composition, compose
from demur.language.nodes import (
    Comment,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    locate,
    locate_key,
    plain,
)
from demur.language.offsets import Lines
from demur.language.source_codes import SOURCE_CODES, finding

__all__ = [
    "MAX_FILE_SIZE",
    "SOURCE_CODES",
    "Comment",
    "Entry",
    "MappingNode",
    "Node",
    "ReadSource",
    "ScalarNode",
    "SequenceNode",
    "Source",
    "locate",
    "locate_key",
    "parse_source",
    "plain",
    "read_source",
]

MAX_FILE_SIZE = 4 * 1024 * 1024
"""The largest file that is read, in bytes."""
_MAX_REPAIRS = 20
"""How often a text is read again after a finding, to find what is wrong further on."""
_MAX_READING = 2 * 1024 * 1024
"""How many characters are read for that, all readings together; long files are read less often."""
_MAX_CHARACTERS = 20
"""How many bad characters are reported; a file with more of them is no text."""

_BAD_CHARACTER = re.compile(
    r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_NAMES = {"\r": "carriage return", "\x00": "null", "\x0b": "vertical tab", "\x0c": "form feed"}


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read.

    `text` is the content without a byte order mark. `root` is None if the file is empty or if its
    text could not be read as YAML; `diagnostics` are all errors, in file order, and a tree beside
    errors leaves out the entries that are wrong. `comments` are all comments, in file order.
    """

    path: str
    text: str
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[Comment, ...]


ReadSource = Callable[[Path, str], Source]
"""Reads the file at a path; the text is what messages call it. Does not raise."""


def read_source(path: Path, shown: str | None = None) -> Source:
    """Reads the file at `path`; `shown` is what messages call it, by default the path itself."""
    name = (str(path) if shown is None else shown).replace(sep, "/")
    try:
        content = read_content(path)
    except Outside as outside:
        advice = "It is a link: name the file that it leads to, or write one in its place."
        return _unread(name, "unreadable-file", advice, reason=outside.strerror)
    except OSError as error:
        reason = (error.strerror or "unknown cause").lower()
        return _unread(
            name, "unreadable-file", "Check the path and its permissions.", reason=reason
        )
    except ValueError:
        reason = "the path holds a null character"
        return _unread(name, "unreadable-file", "Check the path.", reason=reason)
    return parse_source(content, name)


def read_content(path: Path) -> bytes:
    """The file's content, as far as a file is read. Raises OSError, ValueError.

    A file that stands in a repository is not read where links lead out of that.
    """
    with open_file(path, inside=repository(path.parent)) as file:
        return file.read(MAX_FILE_SIZE + 1)


def parse_source(text: str | bytes, path: str) -> Source:
    """Reads the text of a file; `path` is what messages call it."""
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(content) > MAX_FILE_SIZE:
        advice = "Move cases, records and long lists into data files."
        return _unread(path, "file-too-large", advice, limit=MAX_FILE_SIZE // 1024**2)
    from_bytes = isinstance(text, bytes)
    if isinstance(text, bytes):
        encoding = _foreign_encoding(text)
        if encoding is not None:
            return _unread(path, "utf-16", "Save the file as UTF-8.", encoding=encoding)
        text = text.decode("utf-8", "surrogateescape")
    text = text.removeprefix("\ufeff")
    lines = Lines(path, text)
    bad = _bad_characters(lines, from_bytes=from_bytes)
    if len(bad) > _MAX_CHARACTERS:
        return Source(path, text, None, in_file_order(bad[:_MAX_CHARACTERS]), ())
    readable = _BAD_CHARACTER.sub("\ufffd", text) if bad else text
    composition, stops = _compose_all(path, readable)
    root = None if bad or stops else composition.root
    diagnostics = in_file_order(bad + stops + composition.findings)
    return Source(path, text, root, diagnostics, composition.comments)


def _unread(path: str, name: str, help: str, /, **values: object) -> Source:
    """A file of which nothing was read; its problem stands at its beginning."""
    beginning = Position(1, 1)
    problem = finding(name, Span(path, beginning, beginning), help, **values)
    return Source(path, "", None, (problem,), ())


def _foreign_encoding(content: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return "UTF-16" if len(content) > 1 and 0 in content[:2] and any(content[:2]) else None


def _compose_all(path: str, text: str) -> tuple[Composition, list[Diagnostic]]:
    """Reads the text, and again without each part that stopped the reading, to find all errors."""
    stops: list[Diagnostic] = []
    masked_before: set[tuple[int, int]] = set()
    most = min(_MAX_REPAIRS, 1 + _MAX_READING // max(len(text), 1))
    while True:
        composition = compose(Lines(path, text))
        stopped = composition.stopped
        if stopped is None:
            return composition, stops
        stops.append(stopped.diagnostic)
        masked = stopped.masked
        if masked is None or masked in masked_before or len(stops) >= most:
            return composition, stops
        masked_before.add(masked)
        start, end = masked
        text = text[:start] + re.sub(r"\S|\t", stopped.filler, text[start:end]) + text[end:]


def _bad_characters(lines: Lines, *, from_bytes: bool) -> list[Diagnostic]:
    findings: list[Diagnostic] = []
    for match in _BAD_CHARACTER.finditer(lines.text):
        character = match[0]
        span = lines.span(*match.span())
        if from_bytes and "\udc80" <= character <= "\udcff":
            offset = len(lines.text[: match.start()].encode("utf-8", "surrogateescape"))
            byte = ord(character) - 0xDC00
            advice = "Save the file as UTF-8."
            findings.append(finding("not-utf8", span, advice, byte=byte, offset=offset))
        else:
            name = _NAMES.get(character) or unicodedata.name(character, "").lower()
            shown = f"U+{ord(character):04X}" + (f" ({name})" if name else "")
            advice = (
                "Save the file with line feeds at the ends of its lines."
                if character == "\r"
                else f'Remove it, or write "\\u{ord(character):04X}" in double quotes.'
            )
            findings.append(finding("control-character", span, advice, character=shown))
        if len(findings) > _MAX_CHARACTERS:
            break
    return findings
