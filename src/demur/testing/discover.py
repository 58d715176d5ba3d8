"""Paths to test files, and a test file to its policy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from demur.diagnostics import Diagnostic, Span
from demur.files import Outside, check_inside
from demur.testing.codes import problem

_ENDINGS = (".yaml", ".yml")
_TEST = ".test"


def find_test_files(paths: Sequence[Path]) -> tuple[list[Path], list[Diagnostic]]:
    """The test files that the paths mean, each once, and an error for each path that means none.

    A folder means all test files in it and beneath, hidden ones left out; a file that is no test
    file is taken for a policy and means the test file beside it.
    """
    found: dict[Path, Path] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        files = sorted(_in_folder(path)) if path.is_dir() else _of_file(path)
        for file in files:
            if path.is_dir() and _leads_out(file, path):
                problems.append(_link(file))
                continue
            found.setdefault(file.resolve(), file)
        if not files:
            problems.append(_nothing(path))
    return list(found.values()), problems


def _in_folder(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if _is_test(Path(name)) and not name.startswith("."):
                yield Path(parent, name)


def _of_file(path: Path) -> list[Path]:
    if _is_test(path):
        return [path]
    beside = [path.with_name(f"{path.stem}{_TEST}{ending}") for ending in _ENDINGS]
    return [one for one in beside if one.is_file()]


def _is_test(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.stem.endswith(_TEST)


def _leads_out(file: Path, folder: Path) -> bool:
    if not file.is_symlink():
        return False
    try:
        check_inside(file, folder, hidden=True)
    except Outside:
        return True
    except OSError:
        # Whoever reads it says what is wrong.
        pass
    return False


def _link(file: Path) -> Diagnostic:
    advice = "Name the file that it leads to, or write one in its place."
    return problem("DM601", f"`{file.as_posix()}` is a link out of the folder.", None, advice)


def _nothing(path: Path) -> Diagnostic:
    shown = path.as_posix()
    if path.is_dir():
        advice = "Write tests of `NAME.yaml` into `NAME.test.yaml` beside it."
        return problem("DM601", f"There are no test files in `{shown}`.", None, advice)
    advice = f"Write them into `{path.stem}{_TEST}.yaml` beside it."
    return problem("DM601", f"There are no tests of `{shown}`.", None, advice)


def policy_of(test_file: Path, named: str | None, span: Span | None) -> Path | Diagnostic:
    """The policy that a test file tests, or why there is none. `named` is its key `policy`."""
    folder = test_file.parent
    if named is None:
        stem = test_file.stem.removesuffix(_TEST)
        beside = [folder / f"{stem}{ending}" for ending in _ENDINGS]
        policy = next((path for path in beside if path.is_file()), None)
        if policy is None or stem == test_file.stem:
            advice = f"Name it: `policy: {stem}.yaml`, relative to the test file."
            message = f"There is no policy `{stem}.yaml` beside the test file."
            return problem("DM605", message, span, advice)
        return policy
    advice = "Write a path relative to the test file, in its folder or beneath."
    parts = PurePosixPath(named.replace("\\", "/"))
    is_absolute = parts.is_absolute() or bool(PureWindowsPath(named).drive)
    try:
        policy = folder / parts
        is_outside = is_absolute or not policy.resolve().is_relative_to(folder.resolve())
        if not is_outside and policy.is_file():
            return Path(policy)
    except (OSError, ValueError, RuntimeError):
        is_outside = False
    if is_outside:
        message = f"The policy `{named}` is outside of the test file's folder."
        return problem("DM605", message, span, advice)
    return problem("DM605", f"There is no file `{named}`.", span, advice)
