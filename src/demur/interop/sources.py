"""What a command was given to read: files, folders and globs, as the files that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

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
    if path.is_file():
        yield path
    elif path.is_dir():
        for one in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
            if one.is_file() and not hidden and ending(one) in READERS:
                yield one
    elif _GLOB & set(str(path)):
        root = Path(path.anchor) if path.is_absolute() else Path()
        pattern = path.relative_to(root) if path.is_absolute() else path
        yield from sorted(one for one in root.glob(pattern.as_posix()) if one.is_file())


def _advice(path: Path) -> str:
    if _GLOB & set(str(path)):
        return "No file matches the pattern."
    beside = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
    return did_you_mean(path.name, beside) or "Give a file, a folder or a glob."
