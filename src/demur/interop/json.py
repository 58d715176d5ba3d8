"""JSON as text that can be written anywhere, and shown."""

from __future__ import annotations

import json
import re
from typing import Any

from demur.interop.escaping import calm_json

_UNSEEN = re.compile(
    "[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, marks of direction and what has no width, which act instead of showing, and what UTF-8 cannot
hold. The joiners stay: scripts and emoji are written with them."""


def json_text(document: Any) -> str:
    """The document, indented; characters that act are escaped. Raises ValueError for a NaN."""
    return escaped(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def json_line(document: Any) -> str:
    """The document as one line; characters that act are escaped. Raises ValueError for a NaN."""
    return escaped(json.dumps(document, ensure_ascii=False, allow_nan=False)) + "\n"


def escaped(text: str) -> str:
    """JSON with escapes for characters that act instead of showing, and for commands of a CI's log."""
    if not text.isascii():
        text = _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)
    return calm_json(text)
