"""A journal's folder: the segments in it, which of them are being written, and what a kill left."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from demur.files import change_file, create_file

try:
    import fcntl as _fcntl
except ImportError:  # Windows has none: there segments are neither locked nor healed.
    _fcntl = None

UNFINISHED = ".jsonl"
ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
"""What segments end in: JSONL as it is written, packed, and by columns."""
REST = ".rest.jsonl"
"""What the lines of a Parquet segment end in that columns cannot hold."""
PART = ".part"
"""What a file ends in while it is made; readers pass it over."""
_SEGMENT = re.compile(r".+-\d{8}T\d{6}Z-\d+-\d{6,}")
_BLOCK = 65536


def stem(path: Path) -> str:
    """A segment's name without its ending."""
    name = path.name.removesuffix(".gz")
    for ending in (REST, UNFINISHED, ".parquet"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def segments(folder: Path, name: str | None = None) -> list[Path]:
    """The folder's segments in the order of their names, those of one journal or of all.

    Of a segment that is there in two forms, as after a kill while one was made of the other, only the
    finished form counts. Raises OSError.
    """
    found = sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(ENDINGS)
        and not path.name.startswith(".")
        and (name is None or path.name.startswith(f"{name}-"))
    )
    return counted_once(found)


def counted_once(paths: Iterable[Path]) -> list[Path]:
    """The files without those of segments that are there in a finished form as well.

    What is not named as a segment stays.
    """
    found = list(paths)
    finished = {path.parent / stem(path) for path in found if _is_packed(path)}
    return [
        path
        for path in found
        if _is_packed(path)
        or not is_segment(path)
        or is_rest(path) == (path.parent / stem(path) in finished)
    ]


def is_segment(path: Path) -> bool:
    """Whether the file is named as a journal names its segments."""
    return _SEGMENT.fullmatch(stem(path)) is not None


def is_rest(path: Path) -> bool:
    """Whether the file has what a Parquet segment could not hold."""
    return path.name.endswith(REST)


def _is_packed(path: Path) -> bool:
    return not path.name.endswith(UNFINISHED)


def lock(descriptor: int) -> bool:
    """Takes the file for this process; False where another has it. Let go when it is closed."""
    if _fcntl is None:
        return True
    try:
        _fcntl.flock(descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def taken(path: Path) -> Generator[int | None]:
    """The file open and locked; None where it is gone, or being written by another."""
    if _fcntl is None:
        yield None
        return
    try:
        descriptor = change_file(path)
    except OSError:
        yield None
        return
    try:
        yield descriptor if lock(descriptor) else None
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes the folder's entries durable, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def heal(folder: Path, name: str) -> int:
    """Takes cut last lines off the segments that nobody writes; how many. Raises OSError.

    What is cut was never acknowledged. A segment with nothing else is removed, and so are the
    leftovers of a kill while a closed segment was packed.
    """
    healed = 0
    for path in sorted(folder.glob(f"{name}-*{UNFINISHED}")):
        with taken(path) as descriptor:
            if descriptor is None:
                continue
            size = os.fstat(descriptor).st_size
            whole = whole_lines(descriptor, size)
            healed += whole < size
            for part in folder.glob(f"{stem(path)}.*{PART}"):
                part.unlink(missing_ok=True)
            finished = (folder / f"{stem(path)}{ending}" for ending in (".jsonl.gz", ".parquet"))
            is_finished = any(one.exists() for one in finished)
            if whole == 0 or is_rest(path) != is_finished:
                path.unlink(missing_ok=True)
            elif whole < size:
                os.ftruncate(descriptor, whole)
                os.fsync(descriptor)
    return healed


def whole_lines(descriptor: int, size: int) -> int:
    """The bytes up to and with the last end of a line."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        block = os.read(descriptor, end - start)
        found = block.rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """A file that appears under its name when it is whole and durable. Raises OSError."""
    part = path.with_name(path.name + PART)
    try:
        part.unlink(missing_ok=True)
        with create_file(part) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
