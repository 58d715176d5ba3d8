"""JSON as text that can be written anywhere, and shown."""

from __future__ import annotations

import json
import re
from typing import Any

_UNSEEN = re.compile("[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls and marks of direction, which act instead of showing, and what UTF-8 cannot hold."""


def json_text(document: Any) -> str:
    """The document, indented; characters that act are escaped. Raises ValueError for a NaN."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n"
