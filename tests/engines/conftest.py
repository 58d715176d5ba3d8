"""The engines that the tests run for real, each started once a worker and only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from demur.measure.records.connecting import connect
from tests.conftest import skip_unless_ci
from tests.engines import postgres_server
from tools.system_packages import SYSTEM_PACKAGES

ENGINES = ("duckdb", "spark", "postgres")


@pytest.fixture(scope="session")
def duckdb() -> Any:
    return connect(None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if SYSTEM_PACKAGES["initdb"].find() is None:
        skip_unless_ci("Postgres is absent")
    with postgres_server.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Any]:
    connection = connect(postgres_url)
    yield connection
    connection.disconnect()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if SYSTEM_PACKAGES["java"].find() is None:
        skip_unless_ci("Java is absent")
    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": folder.as_posix(),
        # Compiling many small queries costs more than running them as they are.
        "spark.sql.codegen.wholeStage": "false",
    }
    given = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    arguments = " ".join(["--master", "local[1]", *given, "pyspark-shell"])
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYSPARK_PYTHON", raising=False)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_SUBMIT_ARGS", arguments)
        connection = connect("spark")
    yield connection
    connection._session.stop()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Any:
    """The connection to the engine that the test names."""
    return request.getfixturevalue(request.param)
