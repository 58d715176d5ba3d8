"""A system under test that is slow, hangs and fails: `python -m benchmarks.slow_system`.

It answers cases posted to it as JSON. What becomes of a case hangs on its number alone, so that how long
all of them take can be worked out. It writes its port on standard output and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter

FASTEST, SLOWEST = 0.1, 0.5
"""Seconds that an answer takes."""
HANGING, FAILING = 7, 13
"""Of twenty cases in a row, the one that is never answered, and the one that is refused."""

asked: Counter[str] = Counter()
took = {"planned": 0.0, "in fact": 0.0}
"""Seconds that answers and refusals were to take, and that they took on this machine."""


def seconds(number: int) -> float:
    """How long the case of this number takes, if it does not hang."""
    return FASTEST + (SLOWEST - FASTEST) * (number * 7919 % 1000) / 999


def kind(number: int) -> str:
    """What becomes of the case: `answer`, `timeout` or `http`."""
    return {HANGING: "timeout", FAILING: "http"}.get(number % 20, "answer")


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers what comes over one connection until it is closed."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = await reader.readexactly(length)
            status, content = await answered(head, body)
            answer = json.dumps(content).encode()
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(answer), answer)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def answered(head: bytes, body: bytes) -> tuple[bytes, object]:
    """The status and the content for a request."""
    if head.startswith(b"GET"):
        return b"200 OK", {"asked": asked, "slowdown": took["in fact"] / took["planned"]}
    case = json.loads(body)
    asked[case["id"]] += 1
    number = case["number"]
    if kind(number) == "timeout":
        await asyncio.sleep(3600)
    started = time.monotonic()
    await asyncio.sleep(seconds(number))
    took["planned"] += seconds(number)
    took["in fact"] += time.monotonic() - started
    if kind(number) == "http":
        return b"500 Internal Server Error", {"detail": "the index is away"}
    return b"200 OK", {"id": case["id"], "answer": {"score": 0.5 + number % 50 / 100}}


async def serve() -> None:
    """Serves until standard input ends, and then leaves those who wait."""
    server = await asyncio.start_server(respond, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(serve())
