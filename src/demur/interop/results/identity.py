"""Ids for cases that their tool gives none that stays the same from run to run."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

_SIZE = 16


def hashed(value: Any) -> str:
    """A name for what was put in: equal for equal JSON data, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=repr)
    return sha256(text.encode()).hexdigest()[:_SIZE]
