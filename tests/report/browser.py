"""A headless Chromium, spoken to through a pipe in its own protocol: no driver, no port, no library.

The protocol's methods and events: https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""
_SWITCHES = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


class Browser:
    """A running browser with one page."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self._await(lambda one: one.get("id") == self._last, method)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, file: Path, width: int, height: int = 800) -> None:
        """Loads the file into a window of this size, as a phone where it is narrow."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        is_loaded = "Page.loadEventFired"
        if not self.seen(is_loaded):
            self._await(lambda one: one.get("method") == is_loaded, is_loaded)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def seen(self, *methods: str) -> list[dict[str, Any]]:
        """The events of these kinds since the page was opened."""
        return [one["params"] for one in self.events if one["method"] in methods]

    def _await(self, is_it: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\0" not in self._buffer:
                left = max(deadline - time.monotonic(), 0)
                ready, _, _ = select.select([self._read], [], [], left)
                received = os.read(self._read, 65_536) if ready else b""
                assert received, f"the browser does not answer {what}"
                self._buffer += received
            line, _, self._buffer = self._buffer.partition(b"\0")
            message = json.loads(line)
            if "method" in message:
                self.events.append(message)
            if is_it(message):
                return message


@contextmanager
def running(program: str, profile: Path) -> Generator[Browser]:
    """A browser until the end of the block; only where programs are started as POSIX does."""
    assert sys.platform != "win32"
    import fcntl

    def pipe() -> tuple[int, int]:
        """A pipe whose ends are far from 3 and 4, where the browser wants its own."""
        ends = os.pipe()
        moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
        for end in ends:
            os.close(end)
        return moved[0], moved[1]

    from_us, to_browser = pipe()
    from_browser, to_us = pipe()
    process = os.posix_spawn(
        program,
        [program, *_SWITCHES, f"--user-data-dir={profile}"],
        {**os.environ, "HOME": str(profile)},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, from_us, 3),
            (os.POSIX_SPAWN_DUP2, to_us, 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Browser(from_browser, to_browser)
    finally:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)
        os.close(to_browser)
        os.close(from_browser)
