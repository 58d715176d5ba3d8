"""Text as engines can hold it: Python's may have halves of surrogate pairs, and U+0000."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text with escapes, such as `\\ud83d`, for what not every engine can hold."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("\0", "\\0")
