"""A real server's process on loopback, for one test."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: Sequence[str], folder: Path, port: int) -> Iterator[str]:
    """Its URL, once `/-/ready` answers; it runs in the folder, logs there, and is stopped at the end."""
    name = Path(command[0]).name
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, name)
        yield url
    finally:
        process.terminate()
        process.wait(120)


def _wait_for(url: str, process: subprocess.Popen[bytes], name: str) -> None:
    for _ in range(1_800):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended; see {name}.log")
        try:
            with urlopen(f"{url}/-/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{name} does not answer")
