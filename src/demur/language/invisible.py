"""Characters that nobody sees, and that make what looks equal differ."""

from __future__ import annotations

import re

INVISIBLE = re.compile(
    "[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u202f\u205f-\u2064]"
)
"""Spaces other than the keyboard's and characters without width; not joiners, which shape letters."""
