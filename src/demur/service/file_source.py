"""A policy in a file, looked at again and again: a bundle, or a policy file with its fragments."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from demur.diagnostics import InvalidSource
from demur.files import open_file
from demur.runtime.bundle import LARGEST, decode, is_bundle
from demur.runtime.evaluator import Evaluator
from demur.service.refusal import ReloadError

if TYPE_CHECKING:
    from demur.language.source import Source

_TRIES = 5
_TRUSTED_AFTER = 3.0
"""Seconds for which a file's dates must stand still before its content is believed to as well: two
writes within one tick of the file system's clock leave the same dates."""
_MISSING_FILE = "DM211"
"""The code of an `include` that is not there: the compiler tells us of no file to look at."""

_State = dict[Path, str]
"""Each file's content by hash, or why it could not be read."""


class FileSource:
    """The policy at a path.

    With `keys` (as `demur.load` takes them) only a bundle that one of them signed. A change is taken
    up when two looks in a row see the same, and no file changed while they were read: so a file that
    is being written, and fragments that do not belong together, are left alone.
    """

    def __init__(self, path: Path, keys: Mapping[str, Any] | None = None) -> None:
        self.place = path.as_posix()
        self._path = path
        self._keys = keys
        self._beside = path.with_name(f"{path.name}.sig")
        self._paths: tuple[Path, ...] = (path,)
        self._known: dict[Path, tuple[tuple[int, ...], float, str]] = {}
        self._seen: _State | None = None
        self._offered: _State | None = None

    def poll(self, at_once: bool = False) -> Evaluator | None:
        """The policy, if it has changed and is settled; None where it has not or is not.

        With `at_once`, as it is now, changed or not. Raises `BundleError`, `InvalidSource`, OSError or
        `ReloadError` for what is no good policy, once for each state of the files.
        """
        if at_once:
            return self._load()
        state = {path: self._look(path) for path in self._paths}
        if state == self._offered:
            return None
        if state != self._seen:
            self._seen = state
            return None
        try:
            return self._load(tries=1)
        except _Unsettled:
            self._seen = None
            return None

    def _load(self, tries: int = _TRIES) -> Evaluator | None:
        for _ in range(tries):
            taken: dict[Path, bytes | OSError] = {}
            failure: Exception | None = None
            evaluator: Evaluator | None = None
            try:
                evaluator = self._compiled(taken)
            except Exception as error:
                failure = error
            state = {path: _hash(content) for path, content in taken.items()}
            if any(_hash(_read(path)) != found for path, found in state.items()):
                continue
            self._paths = tuple(taken)
            self._offered = None if _misses_a_file(failure) else state
            if failure is not None:
                raise failure
            return evaluator
        raise _Unsettled

    def _compiled(self, taken: dict[Path, bytes | OSError]) -> Evaluator:
        """The policy from contents that are put into `taken`; each file is read once."""
        data = _take(self._path, taken)
        if isinstance(data, OSError):
            raise data
        if self._keys is not None:
            from demur.runtime.signatures import decode_signed

            detached = _take(self._beside, taken)
            if isinstance(detached, OSError) and not isinstance(detached, FileNotFoundError):
                raise detached
            signatures = detached if isinstance(detached, bytes) else b""
            return Evaluator(*decode_signed(data, self._keys, signatures)[:2])
        if is_bundle(data):
            return Evaluator(*decode(data))
        from demur.language.compile import compile_file
        from demur.language.source import parse_source, read_source

        def read(path: Path, shown: str) -> Source:
            content = _take(path, taken)
            if isinstance(content, OSError):
                return read_source(path, shown)
            return parse_source(content, shown)

        return Evaluator(*compile_file(self._path, read))

    def _look(self, path: Path) -> str:
        """The file's content by hash; a file whose dates have long stood still is not read again."""
        try:
            found = path.stat()
        except OSError as error:
            self._known.pop(path, None)
            return _hash(error)
        dates = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        now = monotonic()
        known, since, content = self._known.get(path, ((), now, ""))
        if known != dates:
            since = now
        elif now - since > _TRUSTED_AFTER:
            return content
        content = _hash(_read(path))
        self._known[path] = (dates, since, content)
        return content


class _Unsettled(ReloadError):
    """The files changed each time they were read."""

    def __init__(self) -> None:
        super().__init__(
            "DM931",
            "The policy's files changed while they were read.",
            "Write them elsewhere and rename them, or serve a bundle.",
        )


def _take(path: Path, taken: dict[Path, bytes | OSError]) -> bytes | OSError:
    if path not in taken:
        taken[path] = _read(path)
    return taken[path]


def _read(path: Path) -> bytes | OSError:
    """The file's content, or why there is none. Anything but a file could block for ever."""
    try:
        with open_file(path) as file:
            return file.read(LARGEST)
    except IsADirectoryError:
        return OSError(None, "not a file")
    except OSError as error:
        return error


def _hash(content: bytes | OSError) -> str:
    return f"error {content}" if isinstance(content, OSError) else sha256(content).hexdigest()


def _misses_a_file(failure: Exception | None) -> bool:
    return isinstance(failure, InvalidSource) and any(
        one.code == _MISSING_FILE for one in failure.diagnostics
    )
