"""What a suite's results depend on, as a fingerprint that changes when it does.

Its parts are `data` (the cases, and files read beside them), `prompt`, `retrieval` and `model` as the
suite declares them, `code` (the file of a `python:` target) and `settings`: the signals that the policy
declares, which answers are held to, and what the suite measures. What rules and metrics say of the
signals is no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from demur.files import Unfit, home_of, open_file
from demur.interop.patterns import matched
from demur.policy import Shape
from demur.runtime.evaluator import Evaluator
from demur.suites.codes import SuiteError
from demur.suites.settings import Suite

DECLARED = ("prompt", "retrieval", "model")
"""The parts of which a suite must declare one for its results to be taken as unchanged."""
_INSIDE = "Name files of the policy's folder, or of the repository around it."
_FILES = ("prompt", "retrieval", "data")


def fingerprint(suite: Suite, folder: Path, evaluator: Evaluator) -> dict[str, str]:
    """The parts by name: `sha256:…`, the model as it is written. Raises `SuiteError`, OSError."""
    said = suite.fingerprint
    files = {part: _matched(part, said[part], folder) for part in _FILES if part in said}
    files["data"] = [*(folder / one for one in suite.cases), *files.get("data", ())]
    code = _code(suite.target, folder)
    if code is not None:
        files["code"] = [code]
    parts = {part: _of_files(paths, folder) for part, paths in files.items()}
    if "model" in said:
        parts["model"] = said["model"]
    parts["settings"] = _of_settings(suite, evaluator)
    return dict(sorted(parts.items()))


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that differ, in the order of their names."""
    return tuple(part for part in sorted({*before, *now}) if before.get(part) != now.get(part))


def _matched(part: str, patterns: Iterable[str], folder: Path) -> list[Path]:
    found: dict[Path, None] = {}
    for pattern in patterns:
        try:
            paths = matched(folder, pattern)
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "strerror", None) or failure
            message = f"`{pattern}`, of the fingerprint's `{part}`, cannot be looked for: {reason}."
            raise SuiteError("DM855", message, _INSIDE) from None
        if not paths:
            message = f"`{pattern}`, of the fingerprint's `{part}`, matches no file."
            raise SuiteError("DM855", message, "Write a glob from the policy's folder.")
        found.update(dict.fromkeys(paths))
    return list(found)


def _code(target: str, folder: Path) -> Path | None:
    """The file of a Python target, where it stands in the policy's folder."""
    kind, _, rest = target.partition(":")
    if kind != "python":
        return None
    parts = rest.partition(":")[0].split(".")
    module = folder.joinpath(*parts)
    for path in (module.with_name(f"{module.name}.py"), module / "__init__.py"):
        if path.is_file():
            return path
    return None


def _of_files(paths: Iterable[Path], folder: Path) -> str:
    total = sha256()
    for path in dict.fromkeys(paths):
        content = sha256()
        with _opened(path, folder) as file:
            while piece := file.read(1024 * 1024):
                content.update(piece)
        name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
        total.update(f"{content.hexdigest()} {name}\n".encode("utf-8", "surrogateescape"))
    return f"sha256:{total.hexdigest()}"


def _opened(path: Path, folder: Path) -> BinaryIO:
    """The file, opened. Raises `SuiteError` for one that is not to be read, OSError."""
    try:
        return open_file(path, inside=home_of(folder), hidden=True)
    except Unfit as unfit:
        message = f"{path.as_posix()}, on which results depend, is not read: {unfit.strerror}."
        raise SuiteError("DM855", message, unfit.advice or _INSIDE) from None


def _of_settings(suite: Suite, evaluator: Evaluator) -> str:
    policy = evaluator.policy
    settings = {
        "stages": {stage: _signals(shapes) for stage, shapes in policy.stages.items()},
        "outcome": _signals(policy.outcome),
        "measure": sorted(suite.measure),
    }
    text = json.dumps(settings, sort_keys=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _signals(shapes: Mapping[str, Shape]) -> dict[str, str]:
    return {name: f"{one.type} {one.optional} {one.unit}" for name, one in shapes.items()}
