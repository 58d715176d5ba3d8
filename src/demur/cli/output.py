"""What commands write: files complete or not at all, and colours where they are wanted."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from demur.interop.escaping import calm, printable_lines


def colour() -> bool | None:
    """What `click.echo` is to do: no colours if NO_COLOR is set, else as the stream can."""
    return False if os.environ.get("NO_COLOR") else None


def tell(text: str, *, err: bool = False) -> None:
    """Says something to people, in its own lines: on a terminal, or in the log of a CI job."""
    click.echo(printable_lines(text), err=err)


def put(text: str, *, is_text: bool = True) -> None:
    """Prints what a format wrote, which has escaped what is foreign in it; text has colours on a terminal.

    Of text that can still be taken for a command of a CI's log, nothing is left.
    """
    if is_text:
        click.echo(calm(text), nl=False, color=colour())
    else:
        click.echo(text, nl=False)


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """A stream whose content takes the place of `path` when all is written, and only then.

    Symbolic links are followed, and a file that was there keeps its permissions. Raises OSError.
    """
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as failure:
        failure.filename = path.as_posix()
        raise
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123
            yield stream
        Path(name).chmod(_permissions(target))
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


def write_text(path: Path, text: str) -> None:
    """The text as the file's whole content, in UTF-8, its line ends as they are."""
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
