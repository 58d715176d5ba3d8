"""Strings and bytes: the standard library's functions and the strings extension's."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error

_SPACE = (
    " \t\n\v\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's white space, which `trim` takes off."""

_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_TO_UPPER = {upper + 32: upper for upper in range(ord("A"), ord("Z") + 1)}
_ESCAPES = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        '"': '\\"',
    }
)


def _check_index(index: int, text: str) -> None:
    """Right after the last character is an index too."""
    if not 0 <= index <= len(text):
        raise error("an index is out of range")


def _char_at(text: str, index: int) -> str:
    _check_index(index, text)
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    _check_index(start, text)
    return text.find(part, start)


def _last_index_of(text: str, part: str) -> int:
    return text.rfind(part)


def _last_index_of_before(text: str, part: str, last: int) -> int:
    _check_index(last, text)
    return text.rfind(part, 0, last + len(part))


def _replace(text: str, old: str, new: str) -> str:
    return text.replace(old, new)


def _replace_some(text: str, old: str, new: str, limit: int) -> str:
    return text.replace(old, new, max(limit, -1))


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    if limit < 0 or limit > len(text):
        return list(text)
    return [*text[: limit - 1], text[limit - 1 :]]


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    _check_index(start, text)
    _check_index(end, text)
    if start > end:
        raise error("the end is before the start")
    return text[start:end]


def _quote(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


FUNCTIONS = (
    Function(
        "size",
        "How many code points a string has, or how many octets bytes have.",
        Overload("strings.size", "size(string) -> int", len, "len({0})"),
        Overload("strings.size_method", "string.size() -> int", len, "len({0})"),
        Overload("strings.size_of_bytes", "size(bytes) -> int", len, "len({0})"),
        Overload("strings.size_of_bytes_method", "bytes.size() -> int", len, "len({0})"),
        examples=(("size('été')", "3"), ("b'\\xff'.size()", "1")),
    ),
    Function(
        "_+_",
        "The first string or bytes, then the second.",
        Overload("strings.add", "_+_(string, string) -> string", lambda a, b: a + b, "({0} + {1})"),
        Overload(
            "strings.add_bytes", "_+_(bytes, bytes) -> bytes", lambda a, b: a + b, "({0} + {1})"
        ),
        examples=(("'de' + 'mur'", "'demur'"),),
    ),
    Function(
        "contains",
        "Whether the string holds the other.",
        Overload(
            "strings.contains",
            "string.contains(string) -> bool",
            lambda text, part: part in text,
            "({1} in {0})",
        ),
        examples=(("'demur'.contains('mu')", "true"), ("'demur'.contains('')", "true")),
    ),
    Function(
        "startsWith",
        "Whether the string begins with the other.",
        Overload(
            "strings.starts_with",
            "string.startsWith(string) -> bool",
            str.startswith,
            "{0}.startswith({1})",
        ),
        examples=(("'demur'.startsWith('de')", "true"),),
    ),
    Function(
        "endsWith",
        "Whether the string ends with the other.",
        Overload(
            "strings.ends_with",
            "string.endsWith(string) -> bool",
            str.endswith,
            "{0}.endswith({1})",
        ),
        examples=(("'demur'.endsWith('ur')", "true"),),
    ),
    Function(
        "charAt",
        "The character at an index from 0, empty right after the last.",
        Overload("strings.char_at", "string.charAt(int) -> string", _char_at),
        examples=(("'abc'.charAt(1)", "'b'"), ("'abc'.charAt(4)", ERROR)),
    ),
    Function(
        "indexOf",
        "Where the other string first stands, from an index on; -1 if nowhere.",
        Overload("strings.index_of", "string.indexOf(string) -> int", _index_of),
        Overload("strings.index_of_from", "string.indexOf(string, int) -> int", _index_of),
        examples=(("'banana'.indexOf('an', 2)", "3"), ("'a'.indexOf('b')", "-1")),
    ),
    Function(
        "lastIndexOf",
        "Where the other string last stands, at an index at most; -1 if nowhere.",
        Overload("strings.last_index_of", "string.lastIndexOf(string) -> int", _last_index_of),
        Overload(
            "strings.last_index_of_before",
            "string.lastIndexOf(string, int) -> int",
            _last_index_of_before,
        ),
        examples=(("'banana'.lastIndexOf('an')", "3"),),
    ),
    Function(
        "lowerAscii",
        "The string with its ASCII letters in lower case.",
        Overload(
            "strings.lower_ascii",
            "string.lowerAscii() -> string",
            lambda text: text.translate(_TO_LOWER),
        ),
        examples=(("'TacoÆ'.lowerAscii()", "'tacoÆ'"),),
    ),
    Function(
        "upperAscii",
        "The string with its ASCII letters in upper case.",
        Overload(
            "strings.upper_ascii",
            "string.upperAscii() -> string",
            lambda text: text.translate(_TO_UPPER),
        ),
        examples=(("'tacoæ'.upperAscii()", "'TACOæ'"),),
    ),
    Function(
        "replace",
        "The string with the second in place of the first, all or a number of times.",
        Overload("strings.replace", "string.replace(string, string) -> string", _replace),
        Overload(
            "strings.replace_some", "string.replace(string, string, int) -> string", _replace_some
        ),
        examples=(("'aaa'.replace('a', 'b', 2)", "'bba'"),),
    ),
    Function(
        "split",
        "The parts of the string between separators, at most a number of them.",
        Overload("strings.split", "string.split(string) -> list(string)", _split),
        Overload("strings.split_some", "string.split(string, int) -> list(string)", _split),
        examples=(("'a,b,c'.split(',', 2)", "['a', 'b,c']"), ("'ab'.split('')", "['a', 'b']")),
    ),
    Function(
        "join",
        "The strings of a list one after the other, with a separator between them.",
        Overload("strings.join", "list(string).join() -> string", "".join),
        Overload(
            "strings.join_with",
            "list(string).join(string) -> string",
            lambda parts, separator: separator.join(parts),
        ),
        examples=(("['a', 'b'].join('-')", "'a-b'"),),
    ),
    Function(
        "substring",
        "The part from an index on, or up to but not including another.",
        Overload("strings.substring", "string.substring(int) -> string", _substring),
        Overload("strings.substring_to", "string.substring(int, int) -> string", _substring),
        examples=(("'demur'.substring(2, 4)", "'mu'"), ("'a'.substring(2)", ERROR)),
    ),
    Function(
        "trim",
        "The string without white space at its ends.",
        Overload("strings.trim", "string.trim() -> string", lambda text: text.strip(_SPACE)),
        examples=(("' a '.trim()", "'a'"),),
    ),
    Function(
        "reverse",
        "The string's code points from last to first.",
        Overload("strings.reverse", "string.reverse() -> string", lambda text: text[::-1]),
        examples=(("'gums'.reverse()", "'smug'"),),
    ),
    Function(
        "strings.quote",
        "The string in quotes, with escapes for what cannot be printed.",
        Overload("strings.quote", "strings.quote(string) -> string", _quote),
        examples=(("strings.quote('a\"b')", '\'"a\\\\"b"\''),),
    ),
)
