"""Everything the reader can say about a file: the DM1xx codes, as data.

The documentation is rendered from `SOURCE_CODES`; `MESSAGES` holds the sentence of each.
"""

from __future__ import annotations

from typing import NamedTuple

from demur.diagnostics import Diagnostic, Edit, Severity, Span


class SourceCode(NamedTuple):
    """A code's readable name, its title, and why it is an error, with wrong and right."""

    name: str
    title: str
    explanation: str


def _code(name: str, title: str, why: str, wrong: str = "", right: str = "") -> SourceCode:
    example = f"\n\nWrong:\n\n```yaml\n{wrong}\n```" if wrong else ""
    example += f"\n\nRight:\n\n```yaml\n{right}\n```" if right else ""
    return SourceCode(name, title, why + example)


SOURCE_CODES: dict[str, SourceCode] = {
    "DM101": _code(
        "unreadable-file",
        "The file cannot be read",
        "The path does not exist, is a folder, or may not be read by this user.",
    ),
    "DM102": _code(
        "file-too-large",
        "The file is too large",
        "A policy file is at most 4 MiB. Cases, records and long lists belong into data files.",
    ),
    "DM103": _code(
        "not-utf8",
        "The file is not UTF-8",
        "Policy files are UTF-8, so that every tool reads the same text. Usually such a file was "
        "saved as Latin-1 or Windows-1252; save it again as UTF-8.",
    ),
    "DM104": _code(
        "utf-16",
        "The file is UTF-16 or UTF-32",
        "Some editors for Windows save text as UTF-16. Save the file as UTF-8.",
    ),
    "DM105": _code(
        "control-character",
        "The file holds an invisible control character",
        "Control characters, line separators other than the line feed, and characters that turn "
        "the direction of text hide what a policy says. In a double-quoted text, write an escape.",
        wrong="say: Wait<U+0007>",
        right='say: "Wait\\a"',
    ),
    "DM106": _code(
        "tab",
        "A tab stands where YAML wants spaces",
        "YAML is indented with spaces; a tab has no agreed width.",
        wrong="rules:\n<tab>no-evidence:",
        right="rules:\n  no-evidence:",
    ),
    "DM107": _code(
        "yaml-syntax",
        "The file is not valid YAML",
        "The text does not follow YAML's grammar here: most often the indentation is off by a "
        "space, or a colon is missing after a key.",
        wrong="rules:\n  late:\n    when: true\n   then: refuse",
        right="rules:\n  late:\n    when: true\n    then: refuse",
    ),
    "DM108": _code(
        "unclosed",
        "A quote or bracket is never closed",
        "A quoted text, a list in `[ ]` or a mapping in `{ }` has a beginning and no end.",
        wrong="by: [request.intent, request.tenant",
        right="by: [request.intent, request.tenant]",
    ),
    "DM109": _code(
        "bad-escape",
        "A double-quoted text has an escape that YAML does not know",
        "Between double quotes a backslash begins an escape. Single quotes take it as it stands, "
        "which is what regular expressions want.",
        wrong="when: \"request.text.matches('\\d+')\"",
        right="when: request.text.matches(r'\\d+')",
    ),
    "DM110": _code(
        "several-documents",
        "The file holds more than one YAML document",
        "One file is one policy. A line of `---` begins a second document.",
        wrong="policy: one\n---\npolicy: two",
        right="policy: one",
    ),
    "DM111": _code(
        "directive",
        "The file holds a YAML directive",
        "A line that begins with `%` changes how YAML is read. Policy files are always YAML 1.2.",
        wrong="%YAML 1.1\n---\npolicy: one",
        right="policy: one",
    ),
    "DM112": _code(
        "tag",
        "The file holds a YAML tag",
        "Tags make a reader build other things than data, so policy files have none.",
        wrong="min: !!float 1",
        right="min: 1.0",
    ),
    "DM113": _code(
        "merge-key",
        "The file holds a merge key",
        "YAML 1.2 has no merge keys, and what they do depends on the reader. Share parts of a "
        "policy with `include`.",
        wrong="strict:\n  <<: *defaults\n  then: refuse",
        right="include: [shared/defaults.yaml]",
    ),
    "DM114": _code(
        "key-not-string",
        "A key is not a string",
        "Every key is a name. A number, `true`, `null` or a list as a key is nearly always a slip.",
        wrong="true: refuse",
        right='"true": refuse',
    ),
    "DM115": _code(
        "duplicate-key",
        "A key is used twice in one mapping",
        "Many readers keep the last of two equal keys and drop the first in silence. A rule that "
        "is dropped in silence is a rule that does not hold.",
        wrong="rules:\n  late: {when: a, then: flag}\n  late: {when: b, then: refuse}",
        right="rules:\n  late: {when: a, then: flag}\n  very-late: {when: b, then: refuse}",
    ),
    "DM116": _code(
        "undefined-alias",
        "An alias has no anchor",
        "An unquoted `*name` repeats the value that `&name` marked further up. To begin an "
        "expression or a text with `*`, quote it.",
        wrong="say: *important notice",
        right='say: "*important notice"',
    ),
    "DM117": _code(
        "recursive-alias",
        "An alias contains itself",
        "A value that contains itself has no end.",
        wrong="items: &items [1, *items]",
        right="items: [1]",
    ),
    "DM118": _code(
        "too-many-values",
        "The file holds too many values",
        "A policy file holds at most 50,000 keys and values, aliases counted as often as they are "
        "used. Long lists belong into data files.",
    ),
    "DM119": _code(
        "too-deep",
        "The file is nested too deeply",
        "Lists and mappings nest at most 64 deep.",
    ),
    "DM120": _code(
        "text-too-long",
        "A single text is too long",
        "One scalar holds at most 262,144 characters.",
    ),
    "DM121": _code(
        "number-out-of-range",
        "A number is out of range",
        "A number beyond a double's range would be read as infinity, and a bound of infinity "
        "holds always or never.",
        wrong="max: 1e999",
        right="max: 1e300",
    ),
    "DM122": _code(
        "duplicate-anchor",
        "An anchor is defined twice",
        "An alias would repeat whichever of the two stands nearer above it, so moving a part of "
        "the file would change what it says.",
        wrong="a: &limits [1, 2]\nb: &limits [3, 4]",
        right="a: &low [1, 2]\nb: &high [3, 4]",
    ),
    "DM123": _code(
        "leading-zero",
        "A whole number begins with a zero",
        "YAML 1.1 reads it as octal and YAML 1.2 as decimal, so that an editor or another tool may see "
        "another number. Numbers that are names, such as postal codes, are quoted.",
        wrong="max: 010",
        right="max: 10",
    ),
    "DM124": _code(
        "unused-anchor",
        "A value begins with an anchor that nothing repeats",
        "YAML takes an unquoted `&word` at the beginning of a value away, to mark it for `*word`.",
        wrong="say: &more about refunds",
        right='say: "&more about refunds"',
    ),
    "DM131": _code(
        "unquoted-exclamation",
        "An unquoted value begins with `!`",
        "YAML reads `!name` as a tag. An expression that begins with a negation is quoted.",
        wrong="when: !in_bounds",
        right='when: "!in_bounds"',
    ),
    "DM132": _code(
        "unquoted-indicator",
        "An unquoted value begins with a character that YAML reserves",
        "`%`, `@`, `` ` ``, `*`, `&`, `|`, `>`, `?`, `,`, `]` and `}` mean something to YAML at "
        "the beginning of a value.",
        wrong="say: @support will reply",
        right='say: "@support will reply"',
    ),
    "DM133": _code(
        "text-after-bracket",
        "An unquoted value begins with a bracket and goes on after it",
        "YAML reads a value that begins with `[` or `{` as a list or a mapping, and nothing may "
        "follow it. An expression that begins with a list, or a template, is quoted.",
        wrong="when: [1, 2].exists(x, x > 1)",
        right='when: "[1, 2].exists(x, x > 1)"',
    ),
    "DM134": _code(
        "text-after-quote",
        "A value begins with a quoted text and goes on after it",
        "YAML reads a value that begins with a quote as one quoted text, and nothing may follow "
        "it. Quote the whole value with the other quotes.",
        wrong='when: "billing" == request.intent',
        right="when: '\"billing\" == request.intent'",
    ),
    "DM135": _code(
        "unquoted-colon",
        "An unquoted value holds a colon followed by a space",
        "YAML reads `: ` as the end of a key, also in the middle of a line.",
        wrong="when: late ? true : false",
        right='when: "late ? true : false"',
    ),
    "DM136": _code(
        "comment-cuts-value",
        "A comment cuts an unquoted value in two",
        "YAML reads ` #` as the beginning of a comment, also within the quotes or brackets of an "
        "expression.",
        wrong="when: request.text.contains('issue #')",
        right="when: \"request.text.contains('issue #')\"",
    ),
}

MESSAGES: dict[str, str] = {
    "unreadable-file": "The file cannot be read: {reason}.",
    "file-too-large": "The file is larger than {limit} MiB.",
    "not-utf8": "The file is not UTF-8: byte 0x{byte:02X} at offset {offset} begins no character.",
    "utf-16": "The file is {encoding}, not UTF-8.",
    "control-character": "The file holds the invisible character {character}.",
    "tab": "A tab stands where YAML wants spaces.",
    "yaml-syntax": "{what}",
    "unclosed": "{what} is never closed.",
    "bad-escape": "`{escape}` is not an escape that YAML knows.",
    "several-documents": "The file holds more than one YAML document.",
    "directive": "`{directive}` is a YAML directive, and policy files have none.",
    "tag": "`{tag}` is a YAML tag, and policy files have none.",
    "merge-key": "`<<` merges mappings, and policy files have no merge keys.",
    "key-not-string": "A key must be a string, and this one is {kind}.",
    "duplicate-key": "The key `{key}` is already used on line {line}.",
    "undefined-alias": "`*{name}` repeats a value that no `&{name}` above it marks.",
    "recursive-alias": "`*{name}` repeats the value that contains it.",
    "too-many-values": "The file holds more than {limit:,} keys and values.",
    "too-deep": "Lists and mappings are nested more than {limit} deep.",
    "text-too-long": "This text has {size:,} characters; at most {limit:,} are allowed.",
    "number-out-of-range": "The number `{number}` is out of range.",
    "duplicate-anchor": "The anchor `&{name}` is already defined on line {line}.",
    "leading-zero": "`{number}` is {octal} to YAML 1.1 and {decimal} to YAML 1.2.",
    "unused-anchor": "`&{name}` is read as an anchor, and no alias repeats it.",
    "unquoted-exclamation": "An unquoted value that begins with `!` is read as a YAML tag.",
    "unquoted-indicator": "An unquoted value cannot begin with {character}, which YAML reserves.",
    "text-after-bracket": (
        "A value that begins with `{character}` is read as a {kind}, and nothing may follow it."
    ),
    "text-after-quote": "This value begins with a quoted text and goes on after it.",
    "unquoted-colon": "An unquoted value cannot hold a colon followed by a space.",
    "comment-cuts-value": "` #` begins a comment here, which cuts the value in two.",
}

_LONGEST_QUOTED = 120
_CODES = {record.name: code for code, record in SOURCE_CODES.items()}


def finding(
    name: str,
    span: Span | None,
    help: str | None,
    edits: tuple[Edit, ...] = (),
    /,
    **values: object,
) -> Diagnostic:
    """The error called `name`, its message filled with `values`; long texts are cut short."""
    shown = {key: _shortened(value) for key, value in values.items()}
    message = MESSAGES[name].format(**shown)
    return Diagnostic(_CODES[name], name, Severity.ERROR, message, span, help, edits)


def _shortened(value: object) -> object:
    if not isinstance(value, str) or len(value) <= _LONGEST_QUOTED:
        return value
    return value[: _LONGEST_QUOTED - 3] + "..."
