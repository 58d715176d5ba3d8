"""A real Alertmanager on loopback, for one test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.conftest import skip_unless_ci
from tests.real_server import running
from tools.system_packages import SYSTEM_PACKAGES

CONFIGURATION = """\
route: {receiver: nobody, group_wait: 0s}
receivers: [{name: nobody}]
"""


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
    with running(command, folder, port) as url:
        yield url


def alerts_of(url: str) -> list[dict[str, Any]]:
    """The active alerts that it knows."""
    with urlopen(f"{url}/api/v2/alerts", timeout=60) as answer:
        return json.load(answer)
