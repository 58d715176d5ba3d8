"""Globs that a policy names, which match files of its repository."""

from __future__ import annotations

from pathlib import Path, PurePath

from demur.files import Outside, check_place, home_of

_MARKS = frozenset("*?[")


def matched(folder: Path, pattern: str) -> list[Path]:
    """The files that the glob matches from the policy's folder, sorted; none for what is no glob.

    Raises `Outside` for one that leads out of the repository, where nothing is looked for; OSError.
    """
    parts = PurePath(pattern).parts
    fixed = next((at for at, one in enumerate(parts) if _MARKS & set(one)), len(parts))
    if ".." in parts[fixed:]:
        raise Outside(pattern, "`..` follows a mark", "Write `..` at the beginning of the glob.")
    home = home_of(folder)
    begins = folder.joinpath(*parts[:fixed])
    if begins.resolve() != Path(home):
        check_place(begins, home)
    try:
        return sorted(one for one in folder.glob(pattern) if one.is_file())
    except (NotImplementedError, ValueError):
        return []
