"""The values of literals (cel-spec, "Values" and "String and bytes values")."""

from __future__ import annotations

from demur.functions.values import INT_MAX, UINT_MAX


class BadLiteral(Exception):
    """A literal without a value: what is wrong with it, and what to write instead."""

    def __init__(self, message: str, help: str | None = None) -> None:
        self.message = message
        self.help = help
        super().__init__(message)


_ARTICLES = {"int": "an int", "uint": "a uint"}


def parse_number(kind: str, text: str) -> int | float:
    """The value of an `int`, `uint` or `double` literal.

    An int may be one beyond the largest, for the minus before it. Raises `BadLiteral`.
    """
    if kind == "double":
        return float(text)
    digits = text.rstrip("uU") if kind == "uint" else text
    if len(digits) > 80:
        raise BadLiteral(f"The number is too large for {_ARTICLES[kind]}.")
    value = int(digits, 16) if digits[:2].lower() == "0x" else int(digits)
    if value > (UINT_MAX if kind == "uint" else INT_MAX + 1):
        raise BadLiteral(f"{value} is too large for {_ARTICLES[kind]}.")
    return value


def parse_text(kind: str, text: str) -> str | bytes:
    """The value of a `string` or `bytes` literal, prefixes and quotes included. Raises `BadLiteral`."""
    quote_at = next(position for position, character in enumerate(text) if character in "\"'")
    prefix = text[:quote_at].lower()
    body = text[quote_at:]
    width = 3 if body[:3] in ('"""', "'''") else 1
    content = body[width:-width].replace("\r\n", "\n").replace("\r", "\n")
    raw = "r" in prefix
    if kind == "string":
        return content if raw else "".join(_characters(content))
    if raw:
        return content.encode()
    return b"".join(
        piece.encode("utf-8", "strict") if isinstance(piece, str) else bytes((piece,))
        for piece in _pieces(content, octets=True)
    )


_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}
_CODES = {"x": 2, "X": 2, "u": 4, "U": 8}


def _characters(content: str) -> list[str]:
    return [str(piece) for piece in _pieces(content, octets=False)]


def _pieces(content: str, *, octets: bool) -> list[str | int]:
    """The content with its escapes read; in bytes, `\\x` and octal escapes are octets."""
    pieces: list[str | int] = []
    position = 0
    while position < len(content):
        escape_at = content.find("\\", position)
        if escape_at < 0:
            pieces.append(content[position:])
            break
        if escape_at > position:
            pieces.append(content[position:escape_at])
        piece, position = _escape(content, escape_at, octets=octets)
        pieces.append(piece)
    return pieces


def _escape(content: str, start: int, *, octets: bool) -> tuple[str | int, int]:
    letter = content[start + 1 : start + 2]
    if letter in _SIMPLE:
        return _SIMPLE[letter], start + 2
    if letter in _CODES:
        end = start + 2 + _CODES[letter]
        digits = content[start + 2 : end]
        if len(digits) < _CODES[letter] or not _all_in(digits, "0123456789abcdefABCDEF"):
            raise BadLiteral(f"`\\{letter}` takes {_CODES[letter]} hexadecimal digits.")
        if octets and letter in "uU":
            raise BadLiteral(f"`\\{letter}` cannot stand in bytes.", "Write its octets with `\\x`.")
        return _character(int(digits, 16), octets=octets), end
    if letter in "0123" and letter:
        digits = content[start + 1 : start + 4]
        if len(digits) < 3 or not _all_in(digits, "01234567"):
            raise BadLiteral("An octal escape takes three digits from 000 to 377.")
        return _character(int(digits, 8), octets=octets), start + 4
    raise BadLiteral(
        f"`\\{letter}` is not an escape of CEL.", "Write `\\\\` for a backslash, or r'…' for none."
    )


def _character(code: int, *, octets: bool) -> str | int:
    if octets:
        return code
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadLiteral(f"U+{code:04X} is not a character.")
    return chr(code)


def _all_in(text: str, alphabet: str) -> bool:
    return all(character in alphabet for character in text)
