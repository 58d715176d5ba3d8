"""What to write in a policy file in place of what other tools and languages write there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from demur.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, locate
from demur.language.quoting import quoted

LINES = {
    "demur": "demur: 1",
    "policy": "policy: refunds",
    "about": "about: Answers questions about refunds, or says why not.",
    "owner": "owner: support-ai@example.com",
    "type": "type: double",
    "default": "default: 0.7",
    "severity": "severity: warning",
    "when": "when: answer.confidence < 0.7",
    "then": "then: abstain",
    "value": "value: rate(decision.answered)",
    "cases": "cases: golden.jsonl",
    "suites": "suites: [{suite}]",
    "require": 'require: ["{metric} {bound}"]',
    "that": "that: {metric} {bound}",
    "metric": "metric: {metric}",
    "objective": "objective: 0.99",
    "window": "window: 30d",
    "name": "name: what it shows",
    "alert": "alert: {alert}",
    "expect": "expect: {{action: abstain}}",
    "at": "at: 1h",
    "state": "state: firing",
    "traffic": "traffic: [{{record: {{}}, series: 10x60}}]",
    "record": "record: {{answer: {{confidence: 0.9}}}}",
    "series": "series: 10x60",
}
"""A line with each key that must be there, its value an example."""

_ENTRIES = {
    "stages": "{answer: {confidence: double}}",
    "outcome": "bool",
    "params": "{type: double, default: 0.7}",
    "define": "answer.confidence < 0.7",
    "failures": "{severity: warning}",
    "scope": 'request.topic == "refunds"',
    "rules": "{when: answer.confidence < 0.7, then: abstain}",
    "metrics": "rate(decision.answered)",
    "suites": "{cases: golden.jsonl}",
    "gates": "{suites: [golden], require: [answer_rate >= 0.9]}",
    "alerts": "{when: miss_rate > 0.1, window: 1h}",
    "invariants": '{never: decision.action == "answer" && answer.confidence < 0.5}',
}
"""An entry of each section that maps names to entries."""
_EXPRESSIONS = frozenset(("define", "scope", "metrics"))
_HYPHENATED = frozenset(("failures", "scope", "rules", "suites", "gates", "alerts", "invariants"))
"""Sections whose names no expression reads, so that they may have hyphens."""
_CONDITIONS = frozenset(("define", "scope"))
"""Sections whose entries are expressions alone."""
_SIGNALS = "string"
_NAMES = ("name", "id", "title", "key", "rule", "metric", "gate", "suite", "alert", "stage")
"""The keys of an item that other tools give its name in."""
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_NUMBER = re.compile(r"([0-9]+(?:[,_][0-9]{3})*(?:\.[0-9]+)?)\s*(%?)")
_MOST_LINES = 6
_LONGEST = 100
"""Characters of a type's name, a number or a line that are looked at or shown."""

TYPES = {
    "double": "float number numeric decimal real float32 float64 percent percentage probability",
    "string": "str text char varchar uuid url uri email category categorical enum literal",
    "int": "integer long short int32 int64 byte",
    "uint": "unsigned uint32 uint64 natural",
    "bool": "boolean bit flag",
    "bytes": "binary blob bytea",
    "timestamp": "datetime date time date-time timestamptz instant",
    "duration": "timedelta interval",
    "dyn": "any unknown mixed variant json union",
    "{type: list, of: string}": "array sequence tuple set vector list",
    "{type: map, of: string}": "dict dictionary mapping hash hashmap map",
    "{type: object, fields: {id: string}}": "struct record model class object",
}
"""Our types, and the names that other languages have for each."""
_OURS = {name: ours for ours, names in TYPES.items() for name in names.split()}
_ALL = frozenset("string bool int uint double bytes timestamp duration dyn".split())
_LISTS = re.compile(r"(?:list|array|sequence|set|tuple)[\[<(](.+)[\])>]|(.+)\[\]")
_MAPS = re.compile(r"(?:dict|map|mapping|object)[\[<(].+,\s*(.+)[\])>]")
_OPTIONAL = re.compile(r"optional\[(.+)\]|(.+)\?|(.+?)\s*\|\s*(?:none|null)")
_CHOICE = re.compile(r"(?:literal|enum)[\[(](.+)[\])]")


def type_meant(name: str) -> str | None:
    """Our type for a type's name of another language, as it is written here; None for no such name."""
    text = name.strip().lower()
    if len(text) > _LONGEST:
        return None
    if text in _ALL:
        return text
    if text in _OURS:
        return _OURS[text]
    if choice := _CHOICE.fullmatch(text):
        return f"{{type: string, enum: [{choice[1]}]}}"
    for pattern, form in ((_LISTS, "of"), (_MAPS, "of"), (_OPTIONAL, "optional")):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        inner = type_meant(next(part for part in found.groups() if part))
        if inner is None:
            return None
        if form == "optional":
            return f"{{type: {inner}, optional: true}}" if inner in _ALL else None
        return f"{{type: {'list' if pattern is _LISTS else 'map'}, of: {inner}}}"
    return None


def as_number(text: str) -> str | None:
    """The number that a text was meant as: `1,000`, `95%`, or one in quotes; None for any other."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None or len(text) > _LONGEST:
        return None
    number = Decimal(re.sub("[,_]", "", found[1]))
    return f"{number / 100 if found[2] else number:f}"


def line(key: str, root: Node) -> str | None:
    """A line with a key that is missing, of the names that the file has."""
    form = LINES.get(key)
    if form is None:
        return None
    names = {
        "suite": _first(root, "suites") or "golden",
        "metric": _first(root, "metrics") or "answer_rate",
        "bound": "<= 0.1" if _is_better_lower(root) else ">= 0.9",
        "alert": _first(root, "alerts") or "miss-rate-jump",
    }
    return form.format(**names)


def _first(root: Node, section: str) -> str | None:
    node = root.get(section) if isinstance(root, MappingNode) else None
    return node.entries[0].key.text if isinstance(node, MappingNode) and node.entries else None


def _is_better_lower(root: Node) -> bool:
    """Whether less is better of the first metric."""
    name = _first(root, "metrics")
    better = None if name is None else locate(root, ("metrics", name, "better"))
    return isinstance(better, ScalarNode) and better.text == "lower"


def as_entries(place: tuple[str | int, ...], node: Node | None) -> str | None:
    """A section, and its first entry, as a mapping from names to entries; None for no such section."""
    match place:
        case (str(section),) if section in _ENTRIES:
            example = _ENTRIES[section]
        case ("stages", str(section)) | (_, _, str("fields" as section)):
            example = _SIGNALS
        case (str(section), str(name)) if section in _ENTRIES and section not in _CONDITIONS:
            return f"Write `{name}: {_of_text(section, node)}`."
        case _:
            return None
    lines = [f"{section}:", *(f"  {one}" for one in _entry(section, _item(node), example))]
    shown = [one if len(one) <= _LONGEST else f"{one[:_LONGEST]}…" for one in lines[:_MOST_LINES]]
    more = ["    …"] if len(lines) > len(shown) else []
    return "\n".join(["Write each entry under its name:", *shown, *more])


def _of_text(section: str, node: Node | None) -> str:
    """An entry of a section, with the condition that stands there in its place."""
    if section == "rules" and isinstance(node, ScalarNode):
        condition = quoted(node.text) if set(node.text) & set(":,{}[]#") else node.text
        return f"{{when: {condition}, then: abstain}}"
    return _ENTRIES[section]


def _item(node: Node | None) -> Node | None:
    """The first item of a list, or the value itself."""
    if isinstance(node, SequenceNode):
        return node.items[0] if node.items else None
    return node


def _entry(section: str, item: Node | None, example: str) -> Iterator[str]:
    """The lines of an item as an entry under its name."""
    if isinstance(item, ScalarNode) and _NAME.fullmatch(item.text):
        yield f"{_as_name(section, item.text)}: {example}"
    elif isinstance(item, ScalarNode) and section in _EXPRESSIONS:
        yield f"a_name: {_scalar(item)}"
    elif isinstance(item, MappingNode) and len(item.entries) == 1 and _is_named(item):
        yield from _block(item, "")
    elif isinstance(item, MappingNode):
        yield from _renamed(section, item)
    else:
        yield f"a_name: {example}"


def _renamed(section: str, item: MappingNode) -> Iterator[str]:
    """The lines of an item that gives its name in a key."""
    key = next((one for one in _NAMES if isinstance(item.get(one), ScalarNode)), None)
    given = item.get(key) if key else None
    name = _as_name(section, given.text if isinstance(given, ScalarNode) else "")
    rest = tuple(entry for entry in item.entries if entry.key.text != key)
    if section in _CONDITIONS and rest and isinstance(rest[0].value, ScalarNode):
        yield f"{name}: {_scalar(rest[0].value)}"
        return
    yield f"{name}:"
    yield from _block(MappingNode(item.span, rest), "  ")


def _is_named(item: MappingNode) -> bool:
    """Whether the one key of an item is a name, under which the entry stands."""
    return isinstance(item.entries[0].value, MappingNode)


def _as_name(section: str, text: str) -> str:
    """The text as a name of the section can be written."""
    if _NAME.fullmatch(text) and (section in _HYPHENATED or "-" not in text):
        return text
    between = "-" if section in _HYPHENATED else "_"
    name = re.sub(r"[^a-z0-9]+", between, text.strip().lower()).strip("-_")
    return name if _NAME.fullmatch(name) else "a_name"


def _block(node: MappingNode, indent: str) -> Iterator[str]:
    for entry in node.entries:
        if isinstance(entry.value, MappingNode):
            yield f"{indent}{entry.key.text}:"
            yield from _block(entry.value, f"{indent}  ")
        else:
            yield f"{indent}{entry.key.text}: {_flow(entry.value)}"


def _flow(node: Node) -> str:
    match node:
        case ScalarNode():
            return _scalar(node)
        case SequenceNode(items=items):
            return f"[{', '.join(map(_flow, items))}]"
        case MappingNode(entries=entries):
            return f"{{{', '.join(f'{one.key.text}: {_flow(one.value)}' for one in entries)}}}"


def _scalar(node: ScalarNode) -> str:
    return node.text if node.style == "plain" else quoted(node.text)
