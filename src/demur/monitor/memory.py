"""What a monitor keeps between evaluations and across restarts, in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, NonNegativeInt, ValidationError
from pydantic import Field as Checked

from demur.files import read_file
from demur.interop.replacing import replacing
from demur.measure.naming import new_key
from demur.monitor.states import State, States

VERSION = 1
LARGEST = 256 * 1024 * 1024
"""Bytes of a file beyond which it is not read."""
MAXIMUM_UNSENT = 1_000
"""Messages kept for a receiver that is away; of more the oldest are dropped, and counted."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The states after the evaluation at `at`, and what receivers have not got yet.

    `records` are how many the last evaluation found in its windows, so that the next one can tell
    how many came late; `unreadable` how many lines of those windows it could not read. `unsent` are
    messages by receiver, oldest first; `dropped` how many were given up. With the `key` a slice by a
    personal value has the same name at each evaluation, and so has a receiver, whose address may be a
    secret.
    """

    at: float | None = None
    records: int = 0
    states: States = field(default_factory=dict[tuple[str, str], State])
    unsent: Mapping[str, tuple[Mapping[str, Any], ...]] = field(
        default_factory=dict[str, tuple[Mapping[str, Any], ...]]
    )
    dropped: int = 0
    unreadable: int = 0
    key: bytes = field(default_factory=new_key, repr=False, compare=False)


class BrokenMemory(Exception):
    """A file that cannot be read as a monitor's memory; says why."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _State(_Model):
    alert: str
    slice: str
    state: Literal["inactive", "pending", "firing"]
    since: FiniteFloat | None
    fired: FiniteFloat | None
    clear_since: FiniteFloat | None
    evaluated: FiniteFloat | None
    resolved: FiniteFloat | None


class _File(_Model):
    version: Literal[1]
    at: FiniteFloat | None
    records: NonNegativeInt
    states: list[_State]
    unsent: dict[str, Annotated[list[dict[str, Any]], Checked(max_length=MAXIMUM_UNSENT)]]
    dropped: NonNegativeInt
    unreadable: NonNegativeInt = 0
    key: str = Checked("", pattern="^([0-9a-f]{32})?$")


def read_memory(path: Path) -> Memory:
    """The memory in the file, an empty one where there is no file. Raises `BrokenMemory`, OSError."""
    try:
        content = _File.model_validate_json(read_file(path, LARGEST))
    except FileNotFoundError:
        return Memory()
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise BrokenMemory(f"{place}: {first['msg']}") from None
    states = {
        (one.alert, one.slice): State(**one.model_dump(exclude={"alert", "slice"}))
        for one in content.states
    }
    unsent = {name: tuple(messages) for name, messages in content.unsent.items()}
    key = bytes.fromhex(content.key) or new_key()
    return Memory(
        content.at, content.records, states, unsent, content.dropped, content.unreadable, key
    )


def write_memory(path: Path, memory: Memory) -> None:
    """Replaces the file at once, so that it is never half written. Raises OSError.

    Nobody else may read it: what receivers have not got yet is in it.
    """
    content = {
        "version": VERSION,
        "at": memory.at,
        "records": memory.records,
        "states": [
            {"alert": alert, "slice": slice, **asdict(state)}
            for (alert, slice), state in sorted(memory.states.items())
        ],
        "unsent": {name: list(messages) for name, messages in memory.unsent.items()},
        "dropped": memory.dropped,
        "unreadable": memory.unreadable,
        "key": memory.key.hex(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, allow_nan=False)
    with replacing(path, private=True) as file:
        file.write(f"{text}\n".encode())
        file.flush()
        os.fsync(file.fileno())
