"""A Postgres of the tests' own: made, started on loopback, and stopped with the session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tools.system_packages import SYSTEM_PACKAGES

PASSWORD = "kept-secret"
"""What no message may show."""
_STARTED_WITHIN = 60.0
"""Seconds."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server whose text is ordered by a collation, as most databases order theirs."""
    initdb = SYSTEM_PACKAGES["initdb"].find()
    assert initdb is not None
    folder = Path(tempfile.mkdtemp(prefix="demur-postgres-"))
    try:
        account = _account(folder)
        secret = folder / "password"
        secret.write_text(PASSWORD, "utf-8")
        data = folder / "data"
        making = [
            initdb, "--pgdata", str(data), "--username", "tester", "--pwfile", str(secret),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--locale", "C",
            "--locale-provider", "icu", "--icu-locale", "en-US",
        ]  # fmt: skip
        subprocess.run(making, check=True, stdout=subprocess.DEVNULL, cwd=folder, **account)
        yield from _running(Path(initdb).with_name("postgres"), data, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account(folder: Path) -> dict[str, Any]:
    """Whose processes these are: Postgres refuses to run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, found.pw_uid, found.pw_gid)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise AssertionError("there is no account but root's")


def _running(program: Path, data: Path, account: dict[str, Any]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", data, *options], stdout=log, stderr=log, cwd=data.parent, **account
        )
    try:
        url = f"postgres://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        _wait(process, url, data.parent / "log")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _STARTED_WITHIN
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(log.read_text("utf-8", "replace")) from None
            time.sleep(0.05)
        else:
            return
