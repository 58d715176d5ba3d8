"""Which requests are guarded: by every path that an application might see in them.

A server tells the path with or without the root path that it serves at; a router takes one of them, and
some decode again, fold case, or let a line end or a second slash pass. Whoever guessed one reading here
would let the others by. So a request is guarded if any reading of it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

Segments = tuple[str, ...]
_DECODINGS = 5
"""How often a path is decoded: `%252561` stands for `a` after three times."""
_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_NO_PATH = re.compile(r"[{}*?#<>]|://")


class Paths:
    """The paths that are guarded, with all below each.

    Raises ValueError where there are none, and for what is no path, as a template or an address.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        given = [paths] if isinstance(paths, str) else list(paths)
        if not given:
            raise ValueError('DM962: there is no path to guard; `paths=["/"]` guards all')
        for path in given:
            if _NO_PATH.search(path):
                raise ValueError(
                    f"DM962: {path!r} is no path: name the part that all guarded requests begin with, "
                    'as `paths=["/ask"]`, which guards all below it too'
                )
        self._guarded = tuple(_segments(path) for path in given)

    def cover(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request is guarded, by its ASGI scope."""
        for reading in _readings(scope):
            for guarded in self._guarded:
                if reading[: len(guarded)] == guarded:
                    return True
        return False


def _readings(scope: Mapping[str, Any]) -> Iterator[Segments]:
    """Whatever an application may take the path for."""
    raw = scope.get("raw_path") or b""
    texts = dict.fromkeys((scope["path"], raw.decode("latin-1").partition("?")[0]))
    root = _segments(scope.get("root_path") or "")
    for text in texts:
        for decoded in _decodings(text):
            segments = _segments(decoded)
            for one in (segments, _resolved(segments)) if ".." in segments else (segments,):
                yield one
                # A mount below a root path that the server left out tells both of them.
                for rest in (root[at:] for at in range(len(root))):
                    if one[: len(rest)] == rest:
                        yield one[len(rest) :]


def _decodings(text: str) -> Iterator[str]:
    yield text
    for _ in range(_DECODINGS):
        if "%" not in text:
            return
        text = unquote(text)
        yield text


def _segments(path: str) -> Segments:
    """A path's parts, with nothing that some router passes over."""
    text = _INVISIBLE.sub("", path).casefold().replace("\\", "/")
    parts = [part.partition(";")[0] for part in text.split("/")]
    return tuple([part for part in parts if part not in ("", ".")])


def _resolved(segments: Segments) -> Segments:
    """The parts with each `..` gone up."""
    found: list[str] = []
    for one in segments:
        if one != "..":
            found.append(one)
        elif found:
            found.pop()
    return tuple(found)
