"""The engines of the forms, each started where it is installed and only when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demur.measure.records.connecting import connect
from tests.engines import postgres_server
from tools.system_packages import SYSTEM_PACKAGES

SPARK_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    # Compiling many small queries costs more than running them as they are.
    "spark.sql.codegen.wholeStage": "false",
}


@contextmanager
def _duckdb() -> Generator[Any]:
    yield connect(None)


@contextmanager
def _postgres() -> Generator[Any]:
    with postgres_server.server() as url:
        connection = connect(url)
        yield connection
        connection.disconnect()


@contextmanager
def _spark() -> Generator[Any]:
    with TemporaryDirectory() as folder:
        settings = {**SPARK_SETTINGS, "spark.sql.warehouse.dir": Path(folder).as_posix()}
        given = [part for name, one in settings.items() for part in ("--conf", f"{name}={one}")]
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join(["--master local[1]", *given, "pyspark-shell"])
        connection = connect("spark")
        connection._session.sparkContext.setLogLevel("ERROR")
        yield connection
        connection._session.stop()


_STARTS: dict[str, tuple[Callable[[], Any], str]] = {
    "duckdb": (_duckdb, ""),
    "postgres": (_postgres, "initdb"),
    "spark": (_spark, "java"),
}


class Engines:
    """The connections by the engines' names; what `stack` holds is stopped with it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._started: dict[str, Any] = {}

    def connection(self, name: str) -> Any:
        """The connection, made when first asked for."""
        if name not in self._started:
            self._started[name] = self._stack.enter_context(_STARTS[name][0]())
        return self._started[name]


def is_installed(name: str) -> bool:
    """Whether the engine can be started on this machine."""
    needed = _STARTS[name][1]
    return not needed or SYSTEM_PACKAGES[needed].find() is not None
