"""Connections to engines: DuckDB in this process by default, any that Ibis knows by URL."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from demur.interop.records import ending
from demur.measure.records.relation import Relation, UnreadableTable
from demur.service.addresses import HIDDEN, shown, without_secrets
from demur.suggestions import did_you_mean, listed

_PLAIN = re.compile(r"\.|\.\.|[^\W_][\w .=@+-]*")
"""A part of a path that means the same to every engine: it holds no pattern, and is not hidden."""
_QUOTED = re.compile(r"""(['"`])(.*?)\1""")


def connect(url: str | None) -> Any:
    """The engine's connection. Raises `UnreadableTable` where there is none."""
    try:
        import ibis
    except ImportError:
        raise UnreadableTable(
            "Measuring records needs ibis and DuckDB: install them with `pip install 'demur[gate]'`."
        ) from None
    if url is None or url == "duckdb":
        return embedded()
    if url != "spark" and "://" not in url:
        names = ["duckdb", "spark", "postgres://USER@HOST/DATABASE"]
        advice = did_you_mean(url, names) or listed(names, "engines")
        raise UnreadableTable(f"There is no engine `{url}`. {advice}")
    # Spark's workers run the Python that has demur, not whichever is found first.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        connection: Any = ibis.pyspark.connect() if url == "spark" else ibis.connect(url)
    except Exception as failure:
        if (library := missing_library(failure)) is not None:
            raise UnreadableTable(
                f"The engine {shown(url)} needs {library}: install it with "
                f"`pip install '{_EXTRAS.get(_scheme(url)) or _of_ibis(url)}'`."
            ) from None
        why = without_secrets(_first(failure), url)
        raise UnreadableTable(f"The engine {shown(url)} cannot be reached: {why}") from None
    if connection.name == "duckdb":
        _settle(connection)
    if connection.name == "pyspark":
        connection._session.conf.set("spark.sql.session.timeZone", "UTC")
    return connection


_EXTRAS = {
    "duckdb": "demur[gate]",
    "postgres": "demur[postgres]",
    "postgresql": "demur[postgres]",
    "pyspark": "demur[spark]",
    "spark": "demur[spark]",
}
"""What to install for an engine, by the scheme of its URL."""


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _of_ibis(url: str) -> str:
    """What to install for an engine that Ibis knows and no extra of demur is for."""
    return f"ibis-framework[{re.sub('[^a-z0-9-]', '', _scheme(url))}]"


def missing_library(failure: BaseException | None) -> str | None:
    """The library that could not be imported, which libraries of engines say in a cause, if any."""
    while failure is not None and not isinstance(failure, ModuleNotFoundError):
        failure = failure.__cause__ or failure.__context__
    return None if failure is None else (failure.name or "").partition(".")[0]


def embedded() -> Any:
    """DuckDB in this process, spilling into a folder of its own what the memory does not hold."""
    import ibis

    connection = ibis.duckdb.connect()
    _settle(connection)
    connection.raw_sql(f"SET temp_directory = '{workspace(connection).as_posix()}'")
    return connection


def _settle(connection: Any) -> None:
    """Has DuckDB tell times in UTC, fetch no code, and take no variable of Python's for a table."""
    connection.raw_sql("SET TimeZone = 'UTC'")
    connection.raw_sql("SET autoinstall_known_extensions = false")
    connection.raw_sql("SET autoload_known_extensions = false")
    connection.raw_sql("SET python_enable_replacements = false")


def workspace(connection: Any) -> Path:
    """A folder for files made for this connection, deleted with it."""
    made = getattr(connection, "_demur_workspace", None)
    if made is None:
        made = connection._demur_workspace = TemporaryDirectory(prefix="demur-")
    return Path(made.name)


def named(connection: Any, path: Path) -> str:
    """A name by which the engine reads this file alone, whatever it is called.

    Engines take names for patterns (`run[1].jsonl`, `{a,b}`), for other places (`s3:`, `~`) and for hidden
    (`_run`); a file with such a name is linked under another one in a folder of demur's own.
    """
    if all(map(_PLAIN.fullmatch, path.relative_to(path.anchor).parts)):
        return path.as_posix()
    packed = ".gz" if path.suffix.lower() == ".gz" else ""
    link = workspace(connection) / f"{uuid4().hex}{ending(path)}{packed}"
    try:
        link.symlink_to(path.resolve())
    except OSError:
        # Windows lets not everybody make links.
        copyfile(path, link)
    return link.as_posix()


def table_names(connection: Any) -> set[str]:
    """The names of the engine's tables and views."""
    if connection.name != "duckdb":
        return set(connection.list_tables())
    # Ibis asks by a method that DuckDB 2 no longer has.
    query = "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views()"
    return {name for (name,) in connection.raw_sql(query).fetchall()}


def stored(relation: Relation, table: Any) -> Any:
    """The table computed once and kept, so that its many queries need not read the records anew.

    DuckDB keeps many records in a local Parquet file, which needs no memory, Spark in its own cache
    in memory and on disk. Other engines, and DuckDB for few records, make a temporary table.
    """
    connection = relation.connection
    query = connection.compile(table)
    name = f"demur_{uuid4().hex}"
    if connection.name == "duckdb" and not relation.is_small:
        path = workspace(connection) / f"{name}.parquet"
        connection.raw_sql(
            f"COPY ({query}) TO '{path.as_posix()}' (FORMAT parquet, COMPRESSION uncompressed)"
        )
        return connection.read_parquet(path, hive_partitioning=False)
    kind = "VIEW" if connection.name == "pyspark" else "TABLE"
    connection.raw_sql(f"CREATE TEMPORARY {kind} {name} AS {query}")
    if connection.name == "pyspark":
        connection.raw_sql(f"CACHE LAZY TABLE {name}")
    return connection.table(name)


def batches(relation: Relation, size: int) -> Any:
    """The relation's rows as Arrow batches of this size, none of which is made before it is asked for."""
    connection = relation.connection
    if connection.name == "duckdb":
        return connection.con.sql(connection.compile(relation.table)).to_arrow_reader(size)
    if connection.name == "pyspark":
        # Not by way of pandas, in which NaN and NULL are one.
        found = connection._session.sql(connection.compile(relation.table)).toArrow()
        return iter(found.to_batches(max_chunksize=size))
    return relation.table.to_pyarrow_batches(chunk_size=size)


def engine_error(failure: Exception, names: Collection[str] = ()) -> str:
    """What an engine says went wrong, in a line; what it quotes might be anyone's, save these `names`."""

    text, at = _first(failure), 0
    while found := _QUOTED.search(text, at):
        at = found.end()
        if found[2] not in names:
            # What is quoted may have quotation marks in it.
            end = text.rindex(found[1])
            return f"{text[: found.start() + 1]}{HIDDEN}{text[end:]}"
    return text


def _first(failure: Exception) -> str:
    lines = str(failure).strip().splitlines()
    return lines[0] if lines else type(failure).__name__
