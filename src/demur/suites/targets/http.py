"""A system behind HTTP: a case is posted as JSON, and the answer is a JSON object of its signals."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from demur.interop.jsonl import MAXIMUM_LINE
from demur.service.addresses import secrets_of, shown, without_secrets
from demur.suites.cases import Case
from demur.suites.codes import TargetError
from demur.suites.failure import CaseFailed
from demur.suites.records import line_of, parsed
from demur.suites.settings import Suite

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

_PASSING = frozenset((408, 425, 429))
"""The statuses below 500 that trying again may mend."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SHOWN = 500
"""Bytes of a refusal that are kept."""


@asynccontextmanager
async def open_target(
    suite: Suite, folder: Path, headers: Mapping[str, str]
) -> AsyncGenerator[Endpoint]:
    """The system at an http or https URL. Connections are kept open between cases."""
    del folder
    import httpx

    host = urlsplit(suite.target).hostname
    if not host:
        raise TargetError(
            "DM854", f"{shown(suite.target)!r} names no host.", "Write https://HOST/PATH."
        )
    sent = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "demur"}
    # How many connections there are is bounded by how many cases run; the time-out is each case's.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=suite.concurrency)
    async with httpx.AsyncClient(
        headers={**sent, **headers},
        limits=limits,
        timeout=None,
        trust_env=host not in _LOOPBACK,
    ) as client:
        yield Endpoint(client, suite.target, secrets_of(headers))


class Endpoint:
    """A URL that is asked."""

    def __init__(self, client: AsyncClient, url: str, secrets: Iterable[str] = ()) -> None:
        self._client = client
        self._url = url
        self._secrets = tuple(secrets)

    async def answer(self, case: Case) -> Any:
        """The object that the system answers with. Raises `CaseFailed`."""
        import httpx

        content = line_of({**case.fields, "id": case.id})
        try:
            async with self._client.stream("POST", self._url, content=content) as response:
                if not response.is_success:
                    raise await _refusal(response)
                body = await _body(response, MAXIMUM_LINE)
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            message = without_secrets(str(failure), self._url, also=self._secrets)
            said = f"{type(failure).__name__}: {message}".rstrip(": ")
            raise CaseFailed("connection", said, summary=type(failure).__name__) from None
        if len(body) > MAXIMUM_LINE:
            limit = MAXIMUM_LINE // 1024**2
            raise CaseFailed("invalid", f"The answer has more than {limit} MiB.")
        # Line ends of JSON stand between its tokens, and a record is one line.
        return parsed(body.replace(b"\r", b" ").replace(b"\n", b" "))


async def _body(response: Response, most: int) -> bytes:
    """The body, or a little more than `most` bytes of it."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > most:
            break
    return bytes(body)


async def _refusal(response: Response) -> CaseFailed:
    said = (await _body(response, _SHOWN))[:_SHOWN].decode("utf-8", "replace").strip()
    status = response.status_code
    message = f"It answered {status} {response.reason_phrase}".rstrip()
    return CaseFailed(
        "http",
        f"{message}: {said}" if said else f"{message}.",
        summary=f"It answered {status}",
        passing=status in _PASSING or status >= 500,
        retry_after=_retry_after(response.headers.get("Retry-After")),
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of them or a date."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
