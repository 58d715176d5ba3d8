"""One record of a data file, and the failure of a file that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demur.policy import Shape

Shapes = Mapping[str, Mapping[str, Shape]]
"""What a policy declares its signals to be, by stage and name, for formats that have no types."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record and where it stands: its line, or its number from 1 in a file without lines."""

    line: int
    value: dict[str, Any]


class UnreadableRecords(Exception):
    """A file without records, or one whose reader is not installed; `help` says what to do."""

    def __init__(self, message: str, help: str) -> None:
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}")
