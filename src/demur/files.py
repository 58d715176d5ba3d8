"""Files opened, in one place: what is read is a file and ends, and what is new is not written elsewhere.

Policies, their folders and records come from strangers too. So a pipe is never waited for, a device never
read, and what the kernel tells of the process (`/proc`) is no file. What a policy names stands `inside` a
folder, wherever links lead. Whoever loads a policy loads this, so it needs next to nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from io import DEFAULT_BUFFER_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from typing import BinaryIO

_READING = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
_CHANGING = os.O_RDWR | _NO_LINK | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_STEPS_DOWN = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
_KERNEL = ("/proc", "/sys")
_OWN = ".demur"
"""What demur itself writes; of the names that begin with a dot the one that a policy may name."""


class Unfit(OSError):
    """A path that is not read; `strerror` says why, `advice` what to do."""

    def __init__(self, path: str | PathLike[str], why: str, advice: str = "") -> None:
        super().__init__(errno.EINVAL, why, os.fspath(path))
        self.advice = advice

    def __str__(self) -> str:
        return self.strerror or ""


class Outside(Unfit):
    """A path that leads out of the folder that it must stand in, or to what is hidden there."""


def open_file(
    path: str | PathLike[str],
    *,
    inside: str | PathLike[str] | None = None,
    hidden: bool = False,
    pipes: bool = False,
    buffering: int = DEFAULT_BUFFER_SIZE,
) -> BinaryIO:
    """The file, opened for reading bytes.

    With `inside` it stands in that folder or below, links followed, and not in what is hidden there, as
    `.git` is, unless `hidden`. With `pipes` a pipe is read as well, as a shell makes of `<(…)`. Raises
    `Unfit` for anything else that is there, OSError where nothing is, ValueError for what is no path.
    """
    if inside is None:
        descriptor = _opened(os.fspath(path), pipes=pipes)
    else:
        descriptor = _opened_inside(os.fspath(path), os.fspath(inside), hidden=hidden)
    return open(descriptor, "rb", buffering)


def read_file(
    path: str | PathLike[str],
    most: int,
    *,
    inside: str | PathLike[str] | None = None,
    pipes: bool = False,
) -> bytes:
    """The file's content. Raises as `open_file` does, and `Unfit` for more than `most` bytes."""
    with open_file(path, inside=inside, pipes=pipes, buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        parts: list[bytes] = []
        left = most + 1 if size <= most else 0
        while left > 0 and (part := file.read(min(left, max(size + 1, DEFAULT_BUFFER_SIZE)))):
            parts.append(part)
            left -= len(part)
    if left <= 0:
        limit = f"{most // 1024**2} MiB" if most >= 1024**2 else f"{most // 1024} KiB"
        raise Unfit(path, f"it has more than {limit}")
    return b"".join(parts)


def create_file(path: str | PathLike[str], permissions: int = 0o666) -> BinaryIO:
    """A new file, opened for writing and reading. Raises FileExistsError where anything is, be it a link."""
    return open(os.open(path, _CHANGING | os.O_CREAT | os.O_EXCL, permissions), "w+b")


def continue_file(path: str | PathLike[str], permissions: int = 0o666) -> BinaryIO:
    """The file as it is, or a new one, opened for writing and reading. Raises `Unfit`, be it for a link."""
    return open(change_file(path, os.O_CREAT, permissions), "r+b")


def change_file(path: str | PathLike[str], others: int = 0, permissions: int = 0o666) -> int:
    """The file's descriptor, for writing and reading, with these flags too. Raises as `continue_file`."""
    try:
        found = os.open(path, _CHANGING | _WITHOUT_WAITING | others, permissions)
    except OSError as failure:
        if failure.errno != errno.ELOOP:
            raise
        advice = "Remove it: what it leads to would be written over."
        raise Unfit(path, "it is a link, not a file", advice) from None
    return _checked(found, os.fspath(path), pipes=False)


def check_inside(
    path: str | PathLike[str], inside: str | PathLike[str], *, hidden: bool = False
) -> None:
    """Raises as `open_file` does for a path that it would not open `inside`, but for its kind."""
    _steps(os.fspath(path), os.fspath(inside), hidden=hidden)


def check_place(path: str | PathLike[str], inside: str | PathLike[str]) -> None:
    """Raises `Outside` where what is written to the path would be written out of the folder, by links."""
    if not _is_within(os.path.realpath(path), os.path.realpath(inside)):
        advice = "It is a link: remove it, or name the place that it leads to."
        raise Outside(path, "it leads out of the folder that it stands in", advice)


def check_file(path: str | PathLike[str]) -> None:
    """Raises as `open_file` does; for what others open by its name."""
    _check(os.stat(path), os.fspath(path), pipes=False)


def home_of(folder: str | PathLike[str]) -> str:
    """Where what a policy in the folder names must stand: the repository around the folder, or else it."""
    return repository(folder) or os.path.realpath(folder)


def repository(folder: str | PathLike[str]) -> str | None:
    """The work tree that the folder is in, of git, by the nearest `.git`; None where it is in none.

    Nobody can commit a path that is called `.git`.
    """
    found = os.path.realpath(folder)
    while True:
        if os.path.lexists(os.path.join(found, ".git")):
            return found
        above = os.path.dirname(found)
        if above == found:
            return None
        found = above


def _opened(path: str, *, pipes: bool) -> int:
    # Looked at first, since to open some devices is to act.
    found = os.stat(path)
    _check(found, path, pipes=pipes)
    # A pipe is waited for: an end before anyone has written would be taken for all there is.
    waits = pipes and stat.S_ISFIFO(found.st_mode)
    return _checked(os.open(path, _READING | (0 if waits else _WITHOUT_WAITING)), path, pipes=pipes)


def _opened_inside(path: str, inside: str, *, hidden: bool) -> int:
    """The file opened a folder at a time, from one that is followed by no link: so none can be exchanged."""
    root, steps = _steps(path, inside, hidden=hidden)
    if not _STEPS_DOWN:
        return _opened(os.path.join(root, *steps), pipes=False)
    folder = os.open(root, _FOLDER & ~_NO_LINK)
    try:
        for step in steps[:-1]:
            below = os.open(step, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        _check(os.stat(steps[-1], dir_fd=folder, follow_symlinks=False), path, pipes=False)
        found = os.open(steps[-1], _READING | _WITHOUT_WAITING | _NO_LINK, dir_fd=folder)
    finally:
        os.close(folder)
    return _checked(found, path, pipes=False)


def _steps(path: str, inside: str, *, hidden: bool) -> tuple[str, list[str]]:
    """The folder, and the names from it to where the path leads."""
    root = os.path.realpath(inside, strict=True)
    found = os.path.realpath(path, strict=True)
    if found == root:
        raise Unfit(path, "it is a folder, not a file")
    if not _is_within(found, root):
        advice = "Name a file in the policy's folder or below, or elsewhere in its repository."
        raise Outside(path, "it leads out of the folder that it must stand in", advice)
    steps = found[len(root) :].strip(os.sep).split(os.sep)
    secret = hidden_part(steps)
    if secret is not None and not hidden:
        raise Outside(path, f"`{secret}` is hidden", "Name no file that begins with a dot.")
    return root, steps


def hidden_part(names: Iterable[str]) -> str | None:
    """The first name of a path that is hidden, as `.git` is; None where none is."""
    for one in names:
        # A name that begins with two dots is a version's, where Kubernetes mounts files.
        if one[:1] == "." and one[:2] != ".." and one != _OWN:
            return one
    return None


def _is_within(path: str, folder: str) -> bool:
    """Whether a resolved path is below a resolved folder."""
    start = folder if folder.endswith(os.sep) else folder + os.sep
    return os.path.normcase(path).startswith(os.path.normcase(start))


def _checked(descriptor: int, path: str, *, pipes: bool) -> int:
    try:
        _check(os.fstat(descriptor), path, pipes=pipes)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(found: os.stat_result, path: str, *, pipes: bool) -> None:
    kind = found.st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if stat.S_ISFIFO(kind):
        if not pipes:
            raise Unfit(path, "it is a pipe, not a file", "Write what it gives into a file first.")
    elif not stat.S_ISREG(kind):
        raise Unfit(path, "it is a device or socket, not a file")
    elif found.st_dev in _kernel():
        raise Unfit(path, "it is the system's, not a file")


def _kernel() -> list[int]:
    """The devices of what looks like files and is the kernel's word, such as a process's environment."""
    return [os.stat(place).st_dev for place in _KERNEL if os.path.ismount(place)]
