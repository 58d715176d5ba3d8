"""A real Alertmanager on loopback, for one test."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.conftest import skip_unless_ci
from tools.system_packages import SYSTEM_PACKAGES

CONFIGURATION = """\
route: {receiver: nobody, group_wait: 0s}
receivers: [{name: nobody}]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def alertmanager(folder: Path, port: int) -> Iterator[str]:
    """Its URL, once it answers; it is stopped at the end."""
    program = SYSTEM_PACKAGES["prometheus-alertmanager"].find()
    if program is None:
        skip_unless_ci("Alertmanager is missing")
    (folder / "alertmanager.yml").write_text(CONFIGURATION, "utf-8")
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("Alertmanager ended; see alertmanager.log")
        try:
            with urlopen(f"{url}/-/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("Alertmanager does not answer")


def alerts_of(url: str) -> list[dict[str, Any]]:
    """The active alerts that it knows."""
    with urlopen(f"{url}/api/v2/alerts", timeout=5) as answer:
        return json.load(answer)
