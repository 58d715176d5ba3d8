"""The tree of a YAML text: mappings, sequences and scalars, each with the span it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field

from demur.diagnostics import Position, Span
from demur.language.offsets import Offsets, Style

ScalarValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar: its `value` by YAML 1.2's core schema, and its content `text` before that.

    `span` covers the scalar as written, with its quotes or block header.
    """

    span: Span
    value: ScalarValue
    text: str
    style: Style
    offsets: Offsets = field(repr=False, compare=False)

    def position(self, offset: int) -> Position:
        """Where in the file the character `offset` of `text` stands.

        `len(text)` gives the position right after the last character. A character that is not
        written as itself stands where its escape or line break starts. Raises ValueError if
        `offset` is outside of the text.
        """
        return self.offsets.lines.position(self.offsets.index(offset))

    def span_of(self, start: int, end: int) -> Span:
        """The stretch of the file that wrote `text[start:end]`; empty at `start` if that is empty.

        Raises ValueError if the stretch is outside of the text.
        """
        first = self.position(start)
        if end <= start:
            return Span(self.span.path, first, first)
        return Span(
            self.span.path, first, self.offsets.lines.position(self.offsets.range(end - 1)[1])
        )


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list, in block or flow style."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping; the key's value is a string."""

    key: ScalarNode
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping in the file's order; no two entries have the same key."""

    span: Span
    entries: tuple[Entry, ...]
    _by_key: dict[str, Entry] = field(
        default_factory=dict["str", "Entry"], init=False, repr=False, compare=False
    )

    def get(self, key: str) -> Node | None:
        """The value under `key`, or None."""
        found = self._entry(key)
        return None if found is None else found.value

    def key(self, key: str) -> ScalarNode | None:
        """The key itself, for its position, or None."""
        found = self._entry(key)
        return None if found is None else found.key

    def _entry(self, key: str) -> Entry | None:
        if not self._by_key:
            self._by_key.update((entry.key.text, entry) for entry in reversed(self.entries))
        return self._by_key.get(key)


Node = MappingNode | SequenceNode | ScalarNode


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its `#` to the end of the line, trailing white space left out."""

    span: Span
    text: str


def locate(root: Node | None, path: tuple[str | int, ...]) -> Node | None:
    """The node at a path of keys and indices, or None if the tree has no such place."""
    node = root
    for step in path:
        match node, step:
            case MappingNode(), str():
                node = node.get(step)
            case SequenceNode(items=items), int() if 0 <= step < len(items):
                node = items[step]
            case _:
                return None
    return node


def locate_key(root: Node | None, path: tuple[str | int, ...]) -> ScalarNode | None:
    """The key that the last step of `path` names, or None if that step is no key of a mapping."""
    if not path or not isinstance(path[-1], str):
        return None
    parent = locate(root, path[:-1])
    return parent.key(path[-1]) if isinstance(parent, MappingNode) else None


def plain(node: Node | None) -> object:
    """The node as plain Python data: dictionaries, lists and scalars."""
    match node:
        case MappingNode(entries=entries):
            return {entry.key.text: plain(entry.value) for entry in entries}
        case SequenceNode(items=items):
            return [plain(item) for item in items]
        case ScalarNode(value=value):
            return value
        case None:
            return None
