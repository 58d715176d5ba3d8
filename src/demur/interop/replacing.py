"""Files that are written complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from demur.files import check_file, check_place

PRIVATE = 0o600
"""The permissions of a file that nobody else may read."""


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Generator[BinaryIO]:
    """A stream whose content takes the place of `path` when all is written, and only then.

    Until then nobody else can read it. A link is followed within its folder, and a file that was there
    keeps its permissions; with `private` nobody else can read it afterwards either. Raises OSError,
    `Unfit` for what is no file and for a link to elsewhere: a stranger may have made it.
    """
    target = path.resolve()
    if path.is_symlink():
        check_place(path, path.parent)
    if target.exists():
        check_file(target)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as failure:
        failure.filename = path.as_posix()
        raise
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123
            yield stream
        Path(name).chmod(PRIVATE if private else _permissions(target))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _permissions(path: Path) -> int:
    """Those of the file at `path`, or of a new one."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
