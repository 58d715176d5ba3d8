"""HTTP of which all must be over at one moment: names, connections, TLS, headers, chunks, redirects.

A time-out of a socket is of one read, and a server that sends a byte before each ends holds whoever reads
for as long as it likes. Here every read and every connection has only the time that is left.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from threading import Thread
from time import monotonic
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request


class Deadline:
    """A moment, `seconds` from now by the monotonic clock, and what is opened until then."""

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self._opened: list[Any] = []

    def opened(self, one: Any) -> None:
        """Takes note of a socket or reader that is to be closed."""
        self._opened.append(one)

    def close(self) -> None:
        """Closes all that was opened: an exception that ends a redirect closes nothing."""
        while self._opened:
            with suppress(OSError, ValueError):
                self._opened.pop().close()

    def left(self) -> float:
        """The seconds that are left. Raises TimeoutError where there are none."""
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class DeadlineHttp(HTTPHandler):
    """Opens http addresses for urllib, each with what is left of a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: Request) -> HTTPResponse:
        """Sends the request."""
        return self.do_open(_opener(HTTPConnection, self._deadline), req)


class DeadlineHttps(HTTPSHandler):
    """Opens https addresses for urllib, each with what is left of a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, req: Request) -> HTTPResponse:
        """Sends the request. The certificate is verified, as http.client does by default."""
        return self.do_open(_opener(HTTPSConnection, self._deadline), req)


def _opener(kind: Callable[..., Any], deadline: Deadline) -> Any:
    """Makes connections of a kind whose every step takes at most the time that is left."""

    def connected(address: tuple[str, int], *_: Any) -> socket.socket:
        return _connected(address, deadline)

    def answer(sock: Any, *arguments: Any, **named: Any) -> HTTPResponse:
        return HTTPResponse(_Reading(sock, deadline), *arguments, **named)  # pyright: ignore

    def make(host: str, **options: Any) -> Any:
        connection = kind(host, **{**options, "timeout": deadline.left()})
        connection._create_connection = connected
        connection.response_class = answer
        return connection

    return make


def _connected(address: tuple[str, int], deadline: Deadline) -> socket.socket:
    """A socket connected to the first of the host's addresses that answers."""
    failure: OSError = OSError(f"{address[0]} has no address")
    for family, kind, protocol, _, place in _addresses(address, deadline):
        sock = socket.socket(family, kind, protocol)
        deadline.opened(sock)
        try:
            sock.settimeout(deadline.left())
            sock.connect(place)
            # What the TLS handshake may take.
            sock.settimeout(deadline.left())
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _addresses(address: tuple[str, int], deadline: Deadline) -> list[Any]:
    """What the host's name stands for. Nothing can break off a look-up, so it is left to a thread."""
    found: list[Any] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(*address, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = Thread(target=look_up, name="demur-look-up", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if thread.is_alive():
        raise TimeoutError
    if failed:
        raise failed[0]
    return found


class _Reading:
    """A socket as `HTTPResponse` takes it, which only reads, and until the deadline."""

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str) -> BufferedReader:
        """What the server sends."""
        raw = self._sock.makefile(mode, buffering=0)
        self._deadline.opened(raw)
        return BufferedReader(_Raw(self._sock, raw, self._deadline))


class _Raw(RawIOBase):
    """Reads from a socket; each read has the time that is left."""

    def __init__(self, sock: Any, raw: Any, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        """Reads what is there next. Raises TimeoutError where the deadline is over."""
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Lets the socket go."""
        self._raw.close()
        super().close()
