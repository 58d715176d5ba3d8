"""What stands in the journal for a personal value: nothing, a hash, or its end.

What is personal is found by `demur.runtime.personal`, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from demur.runtime.decision import plain
from demur.runtime.personal import DROPPED

Mode = Literal["drop", "hash", "partial"]
MODES: tuple[Mode, ...] = ("drop", "hash", "partial")
MINIMUM_KEY = 16
"""Bytes that a key must have: with fewer, the hashes of short values can be guessed."""
SHORTEST = 4
"""A partial mask keeps at most a fourth of a text, so that most of it stays hidden."""


@dataclass(frozen=True, slots=True)
class Masking:
    """How personal values are masked.

    `drop` leaves them out. `hash` writes a keyed hash (HMAC-SHA-256, its first 128 bits), the same for
    the same value, so that records can be joined; it needs a `key` of at least 16 bytes. `partial`
    writes the last `keep` characters of a text that is at least four times as long, and nothing of
    anything else. Raises ValueError for a mode that there is not, or a key that is too short.
    """

    mode: Mode = "drop"
    key: bytes = field(default=b"", repr=False)
    keep: int = 2

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"DM940: no masking is called {self.mode!r}: it is {_CHOICES}")
        if self.mode == "hash" and len(self.key) < MINIMUM_KEY:
            raise ValueError(f"DM940: masking by hash needs a key of at least {MINIMUM_KEY} bytes")
        if self.keep < 1:
            raise ValueError("DM940: a partial mask keeps at least one character")

    def mask(self, value: Any) -> Any:
        """What is let out of a personal value: a text, or `DROPPED`."""
        return _MASKS[self.mode](self, value)


_CHOICES = ", ".join(repr(mode) for mode in MODES)


def _hashed(masking: Masking, value: Any) -> Any:
    from hmac import digest

    return f"hmac-sha256:{digest(masking.key, _canonical(value), 'sha256')[:16].hex()}"


def _canonical(value: Any) -> bytes:
    """The bytes that stand for a value: a text's own, and for all else its JSON, keys sorted."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    from json import dumps

    try:
        text = dumps(plain(value), sort_keys=True, separators=(",", ":"))
    except (RecursionError, ValueError):
        text = type(value).__name__
    return text.encode()


def _shortened(masking: Masking, value: Any) -> Any:
    if isinstance(value, str) and len(value) >= SHORTEST * masking.keep:
        return f"…{value[-masking.keep :]}"
    return DROPPED


_MASKS: dict[Mode, Callable[[Masking, Any], Any]] = {
    "drop": lambda masking, value: DROPPED,
    "hash": _hashed,
    "partial": _shortened,
}
