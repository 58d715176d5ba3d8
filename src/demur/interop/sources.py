"""What a command was given to read: files, folders and globs, as the files that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from demur.files import Outside, Unfit, check_file, check_inside
from demur.interop.record import UnreadableRecords
from demur.interop.records import READERS, ending
from demur.service.journal.folder import counted_once
from demur.suggestions import did_you_mean

_GLOB = frozenset("*?[")
_FETCH = "Records are read from files: fetch it first, or name a table of --engine."
_LOOKS = 20
"""How often a folder that keeps changing is looked at."""


def files(arguments: Sequence[str | Path]) -> list[Path]:
    """The files of the arguments, in their order, each once; within a folder or glob sorted.

    Of a folder these are all files beneath it that a reader knows by their ending, hidden ones left
    out. A journal's segment that is being packed counts in one of its forms. Raises
    `UnreadableRecords` for an argument that means no file.
    """
    found = _found(arguments)
    for _ in range(_LOOKS):
        # One look may miss a segment whose forms are exchanged meanwhile; two that agree do not.
        again = _found(arguments)
        if again == found:
            break
        found = again
    return counted_once(found)


def _found(arguments: Sequence[str | Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for argument in arguments:
        meant = list(_meant(Path(argument)))
        if not meant:
            if Path(argument).is_dir():
                raise UnreadableRecords(
                    f"{argument}: the folder has no records.",
                    f"Records are in files that end in {', '.join(sorted(READERS))}.",
                )
            advice = _advice(Path(argument)) if "://" not in str(argument) else _FETCH
            raise UnreadableRecords(f"{argument}: there is no such file.", advice)
        found.update(dict.fromkeys(meant))
    return list(found)


def _meant(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for one in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
            if not hidden and ending(one) in READERS and not one.is_dir():
                yield from _readable(one, path)
    elif path.exists():
        yield from _readable(path, None)
    elif _GLOB & set(str(path)):
        root = Path(path.anchor) if path.is_absolute() else Path()
        pattern = path.relative_to(root) if path.is_absolute() else path
        found = sorted(root.glob(pattern.as_posix()))
        for one in found:
            if not one.is_dir():
                yield from _readable(one, None)


def _readable(path: Path, inside: Path | None) -> Iterator[Path]:
    """The path, if it is of a file, in the folder where one was named. Raises `UnreadableRecords`.

    What cannot be read is not passed over: what it holds would be missing, and nobody would know.
    """
    try:
        if inside is not None and path.is_symlink():
            check_inside(path, inside, hidden=True)
        check_file(path)
    except OSError as failure:
        if isinstance(failure, FileNotFoundError) and not path.is_symlink():
            # It went since the folder was looked at, as a segment does that is packed.
            return
        advice = failure.advice if isinstance(failure, Unfit) else ""
        if isinstance(failure, Outside):
            advice = "It is a link: name the file that it leads to, or move that into the folder."
        raise UnreadableRecords(
            f"{path}: {failure.strerror or failure}.", advice or "Give a file that can be read."
        ) from None
    yield path


def _advice(path: Path) -> str:
    if _GLOB & set(str(path)):
        return "No file matches the pattern."
    beside = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
    return did_you_mean(path.name, beside) or "Give a file, a folder or a glob."
