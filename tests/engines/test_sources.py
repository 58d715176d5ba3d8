"""One gate, one answer: whatever holds the records, and whichever engine reads them."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as arrow
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from demur.cli import cli
from demur.measure.records.connecting import connect
from tests.engines.postgres_server import PASSWORD
from tests.gate.running import policy, records, write

Rows = Sequence[Mapping[str, Any]]
REQUIRE = ("wrong <= 0.3", "low <= 0.5", "grade >= 3", "cost_p90 <= 1")
SETTINGS = "confidence: 0.9\nby: [request.tenant, request.tags]"


def rows() -> list[dict[str, Any]]:
    made = records(40, wrong=8)
    for at, row in enumerate(made):
        row["request"]["tenant"] = "ab"[at % 2]
        row["request"]["tags"] = ["x", "y"][: at % 3]
        row["answer"]["score"] = None if at % 9 == 0 else at / 40
    return made


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    stages = {name: value for name, value in row.items() if name != "id"}
    signals = {
        f"{stage}.{name}": one for stage, part in stages.items() for name, one in part.items()
    }
    return {"id": row["id"], **signals}


def cells(row: Mapping[str, Any]) -> dict[str, str]:
    def cell(value: Any) -> str:
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    return {name: cell(value) for name, value in flat(row).items()}


def as_csv(path: Path, made: Rows) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(cells(made[0])))
        writer.writeheader()
        writer.writerows(map(cells, made))
    return str(path)


def as_parquet(path: Path, made: Rows) -> str:
    parquet.write_table(arrow.Table.from_pylist(list(made)), path)
    return str(path)


def jsonl(folder: Path, made: Rows) -> str:
    return write(folder / "r.jsonl", made)


def packed(folder: Path, made: Rows) -> str:
    path = folder / "r.jsonl.gz"
    path.write_bytes(gzip.compress(Path(jsonl(folder, made)).read_bytes()))
    return str(path)


def structs(folder: Path, made: Rows) -> str:
    return as_parquet(folder / "r.parquet", made)


def columns(folder: Path, made: Rows) -> str:
    return as_parquet(folder / "r.parquet", [flat(row) for row in made])


def rows_of_text(folder: Path, made: Rows) -> str:
    return as_csv(folder / "r.csv", made)


def several(folder: Path, made: Rows) -> str:
    """A folder with one file of each format."""
    inner = folder / "several"
    inner.mkdir()
    write(inner / "a.jsonl", made[:10])
    as_csv(inner / "b.csv", made[10:20])
    as_parquet(inner / "c.parquet", made[20:])
    return str(inner)


def pattern(folder: Path, made: Rows) -> str:
    inner = folder / "pattern"
    inner.mkdir()
    write(inner / "run-1.jsonl", made[:25])
    write(inner / "run-2.jsonl", made[25:])
    write(inner / "other.jsonl", made[:3])
    return str(inner / "run-*.jsonl")


HELD: tuple[Callable[[Path, Rows], str], ...] = (
    jsonl, packed, structs, columns, rows_of_text, several, pattern,
)  # fmt: skip


def gate(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["gate", str(path), *arguments])


def judged(path: Path, results: str, *arguments: str) -> Any:
    found = gate(path, "--results", results, "--format", "json", *arguments)
    assert found.exit_code in (0, 1, 3), found.output
    return rounded(json.loads(found.stdout)["requirements"])


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


@pytest.fixture
def expected(tmp_path: Path) -> Any:
    made = policy(tmp_path, SETTINGS, *REQUIRE)
    return judged(made, jsonl(tmp_path, rows()))


@pytest.mark.parametrize("hold", HELD)
def test_duckdb_reads_every_format_alike(
    tmp_path: Path, expected: Any, hold: Callable[[Path, Rows], str]
) -> None:
    assert judged(tmp_path / "policy.yaml", hold(tmp_path, rows())) == expected


@pytest.mark.parametrize("hold", [jsonl, columns])
def test_postgres_judges_files_alike(
    tmp_path: Path, postgres_url: str, expected: Any, hold: Callable[[Path, Rows], str]
) -> None:
    held = hold(tmp_path, rows())
    assert judged(tmp_path / "policy.yaml", held, "--engine", postgres_url) == expected


def test_postgres_judges_its_own_table_alike(
    tmp_path: Path, postgres_url: str, expected: Any
) -> None:
    types = {
        "id": "text", "request.tenant": "text", "request.tags": "text[]", "request.text": "text",
        "answer.score": "double precision", "answer.cost": "double precision",
        "answer.judged": "double precision", "outcome.correct": "boolean",
    }  # fmt: skip
    declared = ", ".join(f'"{name}" {type}' for name, type in types.items())
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"CREATE TABLE runs ({declared})")
        for row in map(flat, rows()):
            places = ", ".join(["%s"] * len(types))
            connection.execute(f"INSERT INTO runs VALUES ({places})", [row[one] for one in types])
    assert judged(tmp_path / "policy.yaml", "runs", "--engine", postgres_url) == expected


def test_duckdb_judges_a_table_of_a_database_file_alike(tmp_path: Path, expected: Any) -> None:
    import duckdb

    structs(tmp_path, rows())
    database = tmp_path / "runs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(f"CREATE TABLE runs AS FROM '{(tmp_path / 'r.parquet').as_posix()}'")
    url = f"duckdb://{database.as_posix()}"
    assert judged(tmp_path / "policy.yaml", "runs", "--engine", url) == expected


@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("hold", [rows_of_text, structs])
def test_spark_judges_files_alike(
    tmp_path: Path, spark: Any, expected: Any, hold: Callable[[Path, Rows], str]
) -> None:
    held = hold(tmp_path, rows())
    assert judged(tmp_path / "policy.yaml", held, "--engine", "spark") == expected


@pytest.mark.xdist_group("spark")
def test_spark_runs_the_python_of_this_process(spark: Any) -> None:
    assert spark._session.sparkContext.pythonExec == sys.executable


def test_an_engine_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    results = jsonl(tmp_path, rows())
    url = f"postgres://me:{PASSWORD}@127.0.0.1:1/none"
    found = gate(made, "--results", results, "--engine", url)
    assert found.exit_code == 4
    assert "postgres://me@127.0.0.1:1/none cannot be reached" in found.output
    assert PASSWORD not in found.output


@pytest.mark.parametrize(
    "url", ["postgre", "nosuch://host", "postgres://[", "duckdb:///no/such/x.db"]
)
def test_a_url_of_no_engine_is_said(tmp_path: Path, url: str) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    found = gate(made, "--results", jsonl(tmp_path, rows()), "--engine", url)
    assert found.exit_code == 4
    assert "cannot be reached" in found.output or "There is no engine" in found.output
    assert url in found.output


def test_a_wrong_password_is_not_shown(tmp_path: Path, postgres_url: str) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    url = postgres_url.replace(PASSWORD, "wrong-secret")
    found = gate(made, "--results", "runs", "--engine", url)
    assert found.exit_code == 4
    assert "cannot be reached" in found.output
    assert "wrong-secret" not in found.output


def test_a_table_that_is_not_there_is_said(tmp_path: Path, postgres_url: str) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    found = gate(made, "--results", "no_such_table", "--engine", postgres_url)
    assert found.exit_code == 4
    assert "no_such_table" in found.output
    assert PASSWORD not in found.output


def test_a_line_that_is_none_has_its_place_on_every_engine(
    tmp_path: Path, postgres_url: str
) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n{"id": \n', "utf-8")
    for arguments in ((), ("--engine", postgres_url)):
        found = gate(made, "--results", str(bad), *arguments)
        assert found.exit_code == 4
        assert "bad.jsonl:2:" in found.output


def test_explain_names_the_node_and_the_reason_on_the_engine(
    tmp_path: Path, postgres_url: str
) -> None:
    made = policy(tmp_path, "by: [decision.unknown]", "wrong <= 1")
    results = jsonl(tmp_path, rows())
    found = gate(made, "--results", results, "--engine", postgres_url, "--explain")
    assert found.exit_code == 0, found.output
    assert "What postgres could not express" in found.output
    assert (
        "slice decision.unknown  decision.unknown: the reasons are known to Python" in found.output
    )


def test_embedded_duckdb_streams_what_python_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are made one after another, so that no more than one is in memory."""
    from demur.measure import deciding

    sizes: list[int] = []
    with_columns = deciding.with_columns

    def counted(batch: Any, *others: Any) -> Any:
        sizes.append(batch.num_rows)
        return with_columns(batch, *others)

    monkeypatch.setattr(deciding, "with_columns", counted)
    monkeypatch.setattr(deciding, "BATCH", 2048)
    made = policy(tmp_path, "by: [decision.unknown]", "wrong <= 1")
    found = gate(made, "--results", write(tmp_path / "many.jsonl", records(5000)))
    assert found.exit_code == 0, found.output
    assert sum(sizes) == 5000
    assert max(sizes) <= 2048


def test_an_engine_is_known_by_more_than_its_url() -> None:
    assert connect(None).name == connect("duckdb").name == "duckdb"


LINE = '{"id": "a", "answer": {"score": 0.9, "judged": 4}, "outcome": {"correct": true}}'


@pytest.mark.parametrize(
    "text",
    [
        LINE.replace("0.9", '0.9, "score": 0.1'), f'{LINE[:-1]}, "answer": {{"score": 0.1}}}}',
        LINE + LINE, f"{LINE} // x", f"{LINE}\n\n{LINE.replace('a', 'b', 1)}", f"\ufeff{LINE}",
        f"{LINE}\r\n", LINE[:-3], "[1]", f"[{LINE}]", LINE.replace('"id"', "'id'"),
        LINE.replace("0.9", "NaN"), LINE.replace("0.9", "1e999"), LINE.replace("0.9", "0x1"),
        LINE.replace("0.9", "01"), LINE.replace('"a"', '"\\ud800"'), LINE.replace('"a"', '"\\u0000"'),
    ],
)  # fmt: skip
def test_gates_and_decisions_read_the_same_lines(tmp_path: Path, text: str) -> None:
    made = policy(tmp_path, "", "wrong <= 1")
    path = tmp_path / "lines.jsonl"
    path.write_bytes(text.encode("utf-8"))
    gated = gate(made, "--results", str(path))
    decided = CliRunner().invoke(cli, ["decide", str(made), str(path)])
    assert gated.exit_code == decided.exit_code, (gated.output, decided.output)
    if gated.exit_code:
        assert "lines.jsonl:1:" in gated.output or "is one JSON array" in gated.output
