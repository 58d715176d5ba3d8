"""Builds the tree of a YAML text from its events, within bounds, and finds what is refused."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import ruamel.yaml.events

from demur.diagnostics import Diagnostic, Span
from demur.language.nodes import (
    Comment,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    ScalarValue,
    SequenceNode,
)
from demur.language.offsets import Lines, Offsets, Style
from demur.language.quoting import comment_cuts, edits, fix, quoted, value_at, value_with_comment
from demur.language.scalars import octal, resolve
from demur.language.source_codes import finding
from demur.language.syntax import MAX_DEPTH, Explanation, explain
from demur.language.tokens import TokenStream, Trouble
from demur.suggestions import did_you_mean

events: Any = ruamel.yaml.events
"""ruamel's classes of events, which have no types worth checking."""
MAX_VALUES = 50_000
MAX_SCALAR = 256 * 1024

_STYLES: dict[str | None, Style] = {
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}
_TEXTS = frozenset(("about", "message", "owner", "runbook", "say", "why"))
"""Keys whose values are words for people, in which `#5` is more likely a number than a comment."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "empty or null",
}


class Composition(NamedTuple):
    """What one reading of a text gave; `stopped` says why it did not reach the end."""

    root: Node | None
    findings: list[Diagnostic]
    comments: tuple[Comment, ...]
    stopped: Explanation | None


class _Stop(Exception):
    """Reading cannot go on past this finding."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__()
        self.explanation = explanation


def compose(lines: Lines) -> Composition:
    """Reads the text once, from its beginning to its end or to where it cannot be read."""
    composer = _Composer(lines)
    root: Node | None = None
    stopped: Explanation | None = None
    try:
        root = composer.document()
    except _Stop as stop:
        stopped = stop.explanation
    except Trouble as trouble:
        stopped = explain(trouble, lines)
    cut = [comment_cuts(lines, *bounds) for bounds in composer.stream.cut_scalars]
    findings = composer.findings + [item for item in cut if item is not None]
    comments = tuple(
        Comment(lines.span(start, start + len(text)), text)
        for start, end in composer.stream.comments
        if (text := lines.text[start:end].rstrip())
    )
    return Composition(root, findings, comments, stopped)


class _Composer:
    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.stream = TokenStream(lines.text, MAX_DEPTH)
        self.findings: list[Diagnostic] = []
        self.values = 0
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        """By name: the node and how many values it holds, or None while it is being read."""
        self.anchor_lines: dict[str, int] = {}
        self.words: dict[str, ScalarNode] = {}
        """By anchor: the unquoted texts that no alias has repeated so far."""
        self.texts: set[Span] = set()
        """Where the words for people stand."""
        self.end = 0
        """Where the node that was read last ends in the text."""

    def document(self) -> Node | None:
        root: Node | None = None
        seen = False
        while True:
            event = self.stream.next_event()
            match event:
                case events.StreamStartEvent() | events.DocumentEndEvent():
                    pass
                case events.DocumentStartEvent():
                    if seen:
                        raise self._several_documents(event.start_mark.index)
                    seen = True
                case events.StreamEndEvent():
                    self._check_anchors()
                    return root
                case _:
                    root = self.node(event, 1)

    def node(self, event: Any, depth: int) -> Node:
        self.values += 1
        start: int = event.start_mark.index
        if self.values > MAX_VALUES:
            raise self._refusal("too-many-values", start, limit=MAX_VALUES)
        if depth > MAX_DEPTH + 1:
            raise self._refusal("too-deep", start, limit=MAX_DEPTH)
        if isinstance(event, events.AliasEvent):
            return self._alias(event, depth)
        before = self.values
        anchor = self._new_anchor(event)
        match event:
            case events.MappingStartEvent():
                node = self._mapping(event, depth)
            case events.SequenceStartEvent():
                node = self._sequence(event, depth)
            case _:
                node = self._scalar(event)
        if anchor is not None:
            self.anchors[anchor] = (node, self.values - before + 1)
            if isinstance(node, ScalarNode) and node.style == "plain":
                self.words[anchor] = node
        return node

    def _new_anchor(self, event: Any) -> str | None:
        name: str | None = event.anchor
        if name is None:
            return None
        start: int = event.start_mark.index
        span = self.lines.span(start, start + 1 + len(name))
        if name in self.anchors:
            line = self.anchor_lines[name]
            advice = "Give one of the two another name."
            self.findings.append(finding("duplicate-anchor", span, advice, name=name, line=line))
            return None
        self.anchors[name] = None
        self.anchor_lines[name] = span.start.line
        return name

    def _check_anchors(self) -> None:
        """An anchor that no alias repeats, before words for people: it may be one of them."""
        for name, node in self.words.items():
            if node.span in self.texts:
                start = self.lines.text.rindex(f"&{name}", 0, node.offsets.start)
                span = self.lines.span(start, start + 1 + len(name))
                advice = "Put the value in quotes if the word belongs to it, else take it out."
                self.findings.append(finding("unused-anchor", span, advice, name=name))

    def _alias(self, event: Any, depth: int) -> Node:
        name: str = event.anchor
        start: int = event.start_mark.index
        end: int = event.end_mark.index
        if name not in self.anchors:
            value = value_at(self.lines, start, self.stream.in_flow)
            content = self.lines.text[value.start : value.end] if value else f"*{name}"
            advice = fix(value.label if value else "", content)
            guess = did_you_mean(name, self.anchors)
            advice = f"{guess} Or, if it is text: {advice}" if guess else advice
            span = self.lines.span(start, end)
            diagnostic = finding("undefined-alias", span, advice, name=name)
            raise _Stop(Explanation(diagnostic, (start, end), "x"))
        target = self.anchors[name]
        if target is None:
            span = self.lines.span(start, end)
            diagnostic = finding("recursive-alias", span, "Remove the alias.", name=name)
            raise _Stop(Explanation(diagnostic, (start, end), "x"))
        self.end = end
        self.words.pop(name, None)
        node, size = target
        self.values += size - 1
        if self.values > MAX_VALUES:
            raise self._refusal("too-many-values", start, limit=MAX_VALUES)
        if depth + _height(node) > MAX_DEPTH + 1:
            raise self._refusal("too-deep", start, limit=MAX_DEPTH)
        return node

    def _mapping(self, event: Any, depth: int) -> MappingNode:
        entries: list[Entry] = []
        first_lines: dict[str, int] = {}
        self.end = event.end_mark.index
        while not isinstance(inner := self.stream.next_event(), events.MappingEndEvent):
            key = self.node(inner, depth + 1)
            value = self.node(self.stream.next_event(), depth + 1)
            if not isinstance(key, ScalarNode) or not isinstance(key.value, str):
                self._key_not_string(key, event.start_mark.index)
            elif key.text == "<<" and key.style == "plain":
                advice = "Write the shared keys out, or share a file with `include`."
                self.findings.append(finding("merge-key", key.span, advice))
            elif key.text in first_lines:
                advice = "Rename or remove one of the two."
                line = first_lines[key.text]
                self.findings.append(
                    finding("duplicate-key", key.span, advice, key=key.text, line=line)
                )
            else:
                first_lines[key.text] = key.span.start.line
                entries.append(Entry(key, value))
                if key.text in _TEXTS and isinstance(value, ScalarNode):
                    self._check_text(key, value)
                    self.texts.add(value.span)
        return MappingNode(self._collection_span(event, inner), tuple(entries))

    def _check_text(self, key: ScalarNode, node: ScalarNode) -> None:
        """A text of which ` #` cuts off what is no comment by its look: `Room #5`."""
        value = value_with_comment(self.lines, node, key.text)
        if value is not None:
            content = self.lines.text[value.start : value.end]
            hash_sign = value.start + content.index("#", len(node.text))
            self.findings.append(
                finding(
                    "comment-cuts-value",
                    self.lines.span(hash_sign, hash_sign + 1),
                    fix(value.label, content),
                    edits(self.lines, value),
                )
            )

    def _sequence(self, event: Any, depth: int) -> SequenceNode:
        items: list[Node] = []
        self.end = event.end_mark.index
        while not isinstance(inner := self.stream.next_event(), events.SequenceEndEvent):
            items.append(self.node(inner, depth + 1))
        return SequenceNode(self._collection_span(event, inner), tuple(items))

    def _collection_span(self, start: Any, end: Any) -> Span:
        """A flow collection ends with its bracket, a block collection where its last value does."""
        if start.flow_style and end.end_mark.index > self.end:
            self.end = end.end_mark.index
        return self.lines.span(start.start_mark.index, max(start.start_mark.index, self.end))

    def _scalar(self, event: Any) -> ScalarNode:
        text: str = event.value
        start = self.stream.scalar_start(event)
        if start is None:
            start = self.end = self.stream.taken.end_mark.index
            style: Style = "plain"
        else:
            style = _STYLES.get(event.style, "plain")
            self.end = event.end_mark.index
        indent = -1
        if style in ("literal", "folded"):
            indent = self.stream.parent_indents[start]
            self.end = start + len(self.lines.text[start : self.end].rstrip(" \r\n"))
            end = event.end_mark.index
        else:
            end = self.end
        span = self.lines.span(start, self.end)
        if len(text) > MAX_SCALAR:
            advice = "Move it into a file of its own."
            self.findings.append(
                finding("text-too-long", span, advice, size=len(text), limit=MAX_SCALAR)
            )
            text = ""
        offsets = Offsets(self.lines, start, end, style, len(text), indent)
        value: ScalarValue = text
        if style == "plain":
            try:
                value = resolve(text)
            except OverflowError:
                advice = "Write a number that a double can hold, or quote it if it is text."
                self.findings.append(finding("number-out-of-range", span, advice, number=text))
            self._check_zero(text, value, span)
        node = ScalarNode(span, value, text, style, offsets)
        if style == "double" and not text.isascii():
            self._check_surrogates(node)
        return node

    def _check_zero(self, text: str, value: ScalarValue, span: Span) -> None:
        otherwise = octal(text)
        if otherwise is not None and otherwise != value:
            advice = f"Write {value}, or quote it if it is text."
            self.findings.append(
                finding("leading-zero", span, advice, number=text, octal=otherwise, decimal=value)
            )

    def _check_surrogates(self, node: ScalarNode) -> None:
        for match in _SURROGATE.finditer(node.text):
            span = node.span_of(match.start(), match.end())
            escape = f"\\u{ord(match[0]):04X}"
            advice = "Write the character itself, or one escape for it: `\\U` and eight digits."
            self.findings.append(finding("bad-escape", span, advice, escape=escape))

    def _key_not_string(self, key: Node, start: int) -> None:
        if isinstance(key, ScalarNode):
            kind = _KINDS[type(key.value)]
            advice = f"Put the key in quotes: {quoted(key.text)}:" if key.text else "Write a key."
        else:
            kind = "a mapping" if isinstance(key, MappingNode) else "a list"
            advice = "Write a name as the key."
            value = value_at(self.lines, start, in_flow=False)
            if value is not None and value.start == start:
                advice = fix(value.label, self.lines.text[value.start : value.end])
        self.findings.append(finding("key-not-string", key.span, advice, kind=kind))

    def _several_documents(self, start: int) -> _Stop:
        span = self.lines.span(start, min(start + 3, len(self.lines.text)))
        advice = "Keep one document, and put the others into files of their own."
        return _Stop(Explanation(finding("several-documents", span, advice)))

    def _refusal(self, name: str, start: int, **values: object) -> _Stop:
        advice = {
            "too-many-values": "Move long lists into data files, and use aliases sparingly.",
            "too-deep": "Give inner parts a name of their own.",
        }
        span = self.lines.span(start, start)
        return _Stop(Explanation(finding(name, span, advice[name], **values)))


def _height(node: Node) -> int:
    """How many levels of collections a node has."""
    match node:
        case MappingNode(entries=entries):
            return 1 + max((_height(entry.value) for entry in entries), default=0)
        case SequenceNode(items=items):
            return 1 + max((_height(item) for item in items), default=0)
        case ScalarNode():
            return 0
