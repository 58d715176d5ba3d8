"""A real Prometheus on loopback, for one test, with rules and one target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.conftest import skip_unless_ci
from tests.real_server import free_port, running
from tools.system_packages import SYSTEM_PACKAGES


@contextmanager
def prometheus(folder: Path, rules: Path, target: str) -> Iterator[str]:
    """Its URL, once it answers; it scrapes and evaluates each second, and is stopped at the end."""
    program = SYSTEM_PACKAGES["prometheus"].find()
    if program is None:
        skip_unless_ci("Prometheus is missing")
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "service", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(configuration), "utf-8")
    port = free_port()
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, folder, port) as url:
        yield url


def alerts_of(url: str) -> list[dict[str, Any]]:
    """Its pending and firing alerts."""
    with urlopen(f"{url}/api/v1/alerts", timeout=60) as answer:
        return json.load(answer)["data"]["alerts"]


def query(url: str, expression: str) -> list[dict[str, Any]]:
    """What an expression comes to now. Raises for one that is wrong."""
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': expression})}", timeout=60) as answer:
        return json.load(answer)["data"]["result"]
