"""A bundle at an HTTP address, asked for again and again by its ETag."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from demur.runtime.bundle import MAXIMUM_SIZE, decode, is_bundle
from demur.runtime.evaluator import Evaluator
from demur.service.addresses import secrets_of, shown, without_secrets
from demur.service.deadline import Deadline, DeadlineHttp, DeadlineHttps
from demur.service.refusal import ReloadError, one_line

_PIECE = 64 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = MAXIMUM_SIZE + 2 * _PIECE
"""Bytes that are read at most: a bundle with its signatures."""


class HttpSource:
    """The bundle at `url`.

    Without `keys` only https is trusted, save on this machine itself: whoever stands between could
    exchange the policy. A redirect must be as good: never from https to less, and without `keys` to
    no other host. `headers` go to this address alone and not to where it redirects. All of it, names,
    connections and redirects included, must be over within `timeout` seconds. Raises ValueError for an
    address of another kind.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{shown(url)!r} is no http or https address")
        if keys is None and not _is_safe(parts):
            raise ValueError(f"{shown(url)!r} is not encrypted; give keys, or an https address")
        # Passwords and tokens in an address do not belong into a log.
        self.place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._url = url
        self._keys = keys
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._etag: str | None = None
        self._offered: str | None = None

    def poll(self, at_once: bool = False) -> Evaluator | None:
        """The policy, if the server has another one than before; with `at_once`, changed or not.

        Raises `BundleError` for a bad bundle, once, and `ReloadError` for a server that gives none.
        """
        request = Request(self._url, headers={"Accept-Encoding": "identity"})
        known, offered = (None, None) if at_once else (self._etag, self._offered)
        if known is not None:
            request.add_unredirected_header("If-None-Match", known)
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)
        # After a failure the policy is fetched and offered anew, so that all is well again is seen.
        self._etag = self._offered = None
        fetched = self._fetch(request)
        if fetched is None:
            self._etag, self._offered = known, offered
            return None
        data, self._etag = fetched
        self._offered = sha256(data).hexdigest()
        if self._offered == offered:
            return None
        if not is_bundle(data):
            raise ReloadError(
                "DM934",
                "What the server sent is no bundle.",
                "Over HTTP only bundles are taken up: compile the policy with `demur compile`.",
            )
        if self._keys is None:
            return Evaluator(*decode(data))
        from demur.runtime.signatures import decode_signed

        return Evaluator(*decode_signed(data, self._keys)[:2])

    def _fetch(self, request: Request) -> tuple[bytes, str | None] | None:
        """The whole answer and its ETag; None where the server says that nothing changed."""
        deadline = Deadline(self._timeout)
        try:
            with self._opener(deadline).open(request, timeout=self._timeout) as answer:
                if answer.status != 200:
                    raise _failed(f"it answered with status {answer.status}")
                return _whole(answer, deadline), answer.headers.get("ETag")
        except HTTPError as error:
            error.close()
            if error.code == 304 and request.has_header("If-none-match"):
                return None
            raise _failed(f"it answered with status {error.code}") from None
        except (OSError, HTTPException, ValueError) as error:
            # urllib wraps what goes wrong before the answer.
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise _failed(f"it took longer than {self._timeout:g} s") from None
            also = secrets_of(self._headers)
            why = without_secrets(str(reason) or type(error).__name__, self._url, also=also)
            raise _failed(why) from None
        finally:
            deadline.close()

    def _opener(self, deadline: Deadline) -> OpenerDirector:
        """Opens http and https and nothing else, and no proxy is asked for what is on this machine."""
        opener = OpenerDirector()
        handlers: list[BaseHandler] = [
            DeadlineHttp(deadline),
            DeadlineHttps(deadline),
            SafeRedirects(self._url, self._keys is not None),
            HTTPDefaultErrorHandler(),
            HTTPErrorProcessor(),
            UnknownHandler(),
        ]
        if urlsplit(self._url).hostname not in _LOOPBACK:
            handlers.append(ProxyHandler())
        for handler in handlers:
            opener.add_handler(handler)
        return opener


def _whole(answer: Any, deadline: Deadline) -> bytes:
    """The answer's body, as long as it says that it is."""
    announced = answer.headers.get("Content-Length")
    body = bytearray()
    while piece := answer.read1(_PIECE):
        body += piece
        if len(body) > _LONGEST:
            raise _cut("The server's answer is larger than any bundle.")
        deadline.left()
    if announced is not None and announced.isdigit() and len(body) != int(announced):
        raise _cut(f"The server's answer has {len(body)} bytes of {announced}.")
    return bytes(body)


def _failed(reason: str) -> ReloadError:
    return ReloadError(
        "DM932",
        f"The server gave no policy: {one_line(reason).strip()}.",
        "Look at the address and the server.",
    )


def _cut(message: str) -> ReloadError:
    return ReloadError("DM933", message, "It is fetched again.")


def _is_safe(parts: SplitResult) -> bool:
    """Whether nobody between could exchange what is there."""
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


class SafeRedirects(HTTPRedirectHandler):
    """Follows redirects from `url` to addresses that are as good as the one that sends there."""

    def __init__(self, url: str, has_keys: bool) -> None:
        self._host = urlsplit(url).hostname
        self._has_keys = has_keys

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request that is sent instead. Raises `ReloadError` for an address that is not as good."""
        parts = urlsplit(newurl)
        problem = ""
        if parts.scheme not in ("http", "https"):
            problem = "an address that is neither http nor https"
        elif req.type == "https" and parts.scheme != "https":
            problem = "an address that is not encrypted"
        elif not self._has_keys and not (_is_safe(parts) and parts.hostname == self._host):
            problem = "another host, and there are no keys to know the policy by"
        if problem:
            fp.close()
            raise ReloadError(
                "DM935",
                f"The server redirects to {problem}.",
                "Give the address that the policy is at, or keys.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
