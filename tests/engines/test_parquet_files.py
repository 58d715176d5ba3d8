"""Parquet of any schema, in any folder: a gate knows of it what a decision knows, record by record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from demur.cli import cli

POLICY = """\
demur: 1
policy: typed
about: A policy over typed columns.
owner: team@example.com
stages:
  answer:
    k: {type: int, optional: true}
    share: {type: double, optional: true}
    at: {type: timestamp, optional: true}
    more: {type: map, of: int, optional: true}
    many: {type: list, of: int, optional: true}
failures:
  odd: {severity: warning}
rules:
  k: {when: has(answer.k) && answer.k < 0, then: abstain, failure: odd}
  share: {when: has(answer.share) && answer.share < 0.0, then: abstain, failure: odd}
  at: {when: has(answer.at) && answer.at < timestamp("1900-01-01T00:00:00Z"), then: abstain, failure: odd}
  more: {when: "has(answer.more) && answer.more.exists(e, answer.more[e] < 0)", then: abstain, failure: odd}
  many: {when: "has(answer.many) && answer.many.exists(e, e < 0)", then: abstain, failure: odd}
metrics:
  answered: rate(decision.answered)
  k: rate(answer.k == 5, has(answer.k))
  k_unknown: unknown_rate(answer.k)
suites:
  live: {journal: true}
gates:
  typed:
    suites: [live]
    require: [answered >= 1, k >= 1, k_unknown <= 0]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    return path


def write(path: Path, columns: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(arrow.table({"id": [path.stem], **columns}), path)
    return path


def gate(policy: Path, results: Sequence[Path | str], *arguments: str) -> Result:
    given = [part for one in results for part in ("--results", str(one))]
    return CliRunner().invoke(cli, ["gate", str(policy), *given, "--no-keep", *arguments])


def measured(policy: Path, results: Sequence[Path | str], *arguments: str) -> dict[str, Any]:
    found = gate(policy, results, "--format", "json", *arguments)
    assert found.stdout.startswith("{"), found.output
    return {
        one["metric"]: one["judgements"][0]["measured"]
        for one in json.loads(found.stdout)["requirements"]
    }


def answered(policy: Path, path: Path) -> list[bool]:
    """Of each record, whether a decision answers it."""
    found = CliRunner().invoke(cli, ["decide", str(policy), str(path)])
    assert found.exit_code == 0, found.output
    return [json.loads(line)["answered"] for line in found.stdout.splitlines()]


def share(policy: Path, *paths: Path) -> float:
    """The share of answers that the gate measured, which the decisions confirm."""
    each = [one for path in paths for one in answered(policy, path)]
    found = measured(policy, paths)["answered"]["value"]
    assert found == pytest.approx(sum(each) / len(each))
    return found


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_names_of_folders_are_no_signals(policy: Path, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "answer.k=5" / "answer=1" / "id=x"
    path = write(folder / "a.parquet", {"answer.k": [6]})
    if ending != "parquet":
        path.unlink()
        text = '{"id": "a", "answer": {"k": 6}}\n' if ending == "jsonl" else "id,answer.k\na,6\n"
        path.with_suffix(f".{ending}").write_text(text, "utf-8")
    found = measured(policy, [tmp_path / "answer.k=5"])
    assert (found["k"]["value"], found["k_unknown"]["value"]) == (0, 0)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_names_of_folders_are_no_ids(policy: Path, tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / "id=%22x%22" / "a.parquet", {"answer.k": [-1]})
    if ending != "parquet":
        path.unlink()
        text = '{"id": "a", "answer": {"k": -1}}\n' if ending == "jsonl" else "id,answer.k\na,-1\n"
        path.with_suffix(f".{ending}").write_text(text, "utf-8")
    found = json.loads(gate(policy, [path.parent], "--format", "json").stdout)
    assert found["requirements"][0]["judgements"][0]["cases"] == ["a"]


@pytest.mark.xdist_group("spark")
def test_spark_reads_files_of_several_schemas_in_any_folder(
    policy: Path, tmp_path: Path, spark: Any
) -> None:
    for name, value in (("a", 5), ("b", 5.5), ("c", True), ("d", "5")):
        write(tmp_path / "answer.k=5" / f"{name}.parquet", {"answer.k": [value]})
    write(tmp_path / "answer.k=5" / "e.parquet", {"other": [1]})
    write(tmp_path / "answer.k=5" / "f.parquet", {"answer.K": [7]})
    found = measured(policy, [tmp_path / "answer.k=5"], "--engine", "spark")
    assert found["k_unknown"]["value"] == pytest.approx(5 / 6)
    assert (found["k"]["known_value"], found["k"]["samples"]) == (1, 4)


def test_a_folder_for_temporary_files_is_no_signal(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "answer.k=6" / "answered=0"
    folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("demur.measure.records.opening.SMALL", 0)
    path = write(tmp_path / "a.parquet", {"answer.k": [5], "answer.more": [{"a": 1}]})
    assert measured(policy, [path])["k"]["value"] == 1


WHOLE = {"answer.k": [5]}
NO_INTS: dict[str, dict[str, Any]] = {
    "bool": {"answer.k": [True]},
    "text": {"answer.k": ["5"]},
    "moment": {"answer.k": [datetime(2025, 1, 1, tzinfo=UTC)]},
    "part": {"answer.k": [5.5]},
    "in_a_struct": {"answer": [{"k": "5"}]},
}


@pytest.mark.parametrize("other", NO_INTS.values(), ids=NO_INTS)
@pytest.mark.parametrize("first", ["a", "z"])
def test_files_of_several_schemas_keep_their_values(
    policy: Path, tmp_path: Path, other: Mapping[str, Any], first: str
) -> None:
    paths = [write(tmp_path / f"{first}.parquet", WHOLE), write(tmp_path / "m.parquet", other)]
    assert share(policy, *paths) == 0.5
    assert measured(policy, paths)["k_unknown"]["value"] == 0.5


@pytest.mark.parametrize(
    "other", [{"answer": [{"k": 5}]}, {"answer.k": [5.0]}, {"answer.k": [Decimal("5.00")]}]
)
def test_files_of_several_schemas_are_one_set_of_records(
    policy: Path, tmp_path: Path, other: Mapping[str, Any]
) -> None:
    paths = [write(tmp_path / "a.parquet", WHOLE), write(tmp_path / "b.parquet", other)]
    assert share(policy, *paths) == 1
    assert measured(policy, paths)["k"] == {
        "value": 1, "known_value": 1, "samples": 2, "unknown": 0,
        "interval": {"low": 1, "high": 1},
    }  # fmt: skip


def test_a_time_without_zone_stays_one_beside_times_with_zones(
    policy: Path, tmp_path: Path
) -> None:
    moment = datetime(2025, 1, 1, 12, tzinfo=UTC)
    local = write(tmp_path / "a.parquet", {"answer.at": [moment.replace(tzinfo=None)]})
    zoned = write(tmp_path / "b.parquet", {"answer.at": [moment]})
    assert share(policy, local, zoned) == 0.5


@pytest.mark.parametrize(
    "columns",
    [
        {"answer.K": [7], "answer.k": [5]}, {"answer.k": [5], "answer.K": [7]},
        {"answer": [{"K": 7, "k": 5}]}, {"Answer": [{"k": 7}], "answer": [{"k": 5}]},
    ],
)  # fmt: skip
def test_names_that_differ_by_case_are_different(
    policy: Path, tmp_path: Path, columns: Mapping[str, Any]
) -> None:
    found = measured(policy, [write(tmp_path / "a.parquet", columns)])["k"]
    assert (found["value"], found["samples"]) == (1, 1)


def test_a_name_of_another_case_in_another_file_is_no_signal(policy: Path, tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.parquet", WHOLE), write(tmp_path / "b.parquet", {"answer.K": [7]})]
    found = measured(policy, paths)["k"]
    assert (found["value"], found["samples"]) == (1, 1)


@pytest.mark.parametrize(
    "columns",
    [
        {"answer": [{"k": 5}], "answer.k": [6]}, {"answer.k": [6], "answer": [{"k": 5}]},
        {"answer": ["text"], "answer.k": [6]}, {"answer.k": [6], "answer": ["text"]},
    ],
)  # fmt: skip
def test_two_columns_for_one_signal_are_refused(
    policy: Path, tmp_path: Path, columns: Mapping[str, Any]
) -> None:
    path = write(tmp_path / "a.parquet", columns)
    decided = CliRunner().invoke(cli, ["decide", str(policy), str(path)])
    for found in (decided, gate(policy, [path])):
        assert found.exit_code == 4, found.output
        assert "DM723" in found.output
        assert "and another give one place two values" in found.output


@pytest.mark.parametrize("held", [{"share": 1.5}, None])
@pytest.mark.parametrize("turned", [False, True])
def test_a_struct_and_columns_for_its_other_signals_are_one_stage(
    policy: Path, tmp_path: Path, held: Any, turned: bool
) -> None:
    type = arrow.struct({"share": arrow.float64()})
    columns: dict[str, Any] = {"answer": arrow.array([held], type), "answer.k": [-1]}
    if turned:
        columns = dict(reversed(columns.items()))
    assert share(policy, write(tmp_path / "a.parquet", columns)) == 0


def test_two_columns_of_a_table_for_one_signal_are_refused(policy: Path, tmp_path: Path) -> None:
    import duckdb

    database = tmp_path / "runs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("""CREATE TABLE runs AS SELECT {'k': 5} AS answer, 6 AS "answer.k" """)
    found = gate(policy, ["runs"], "--engine", f"duckdb://{database.as_posix()}")
    assert found.exit_code == 4
    assert "The column answer.k and another give one place two values." in found.output


def test_tables_are_typed_each_by_itself(policy: Path, tmp_path: Path) -> None:
    import duckdb

    database = tmp_path / "runs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute('CREATE TABLE whole AS SELECT 5 AS "answer.k"')
        connection.execute('CREATE TABLE wrong AS SELECT true AS "answer.k"')
    engine = ("--engine", f"duckdb://{database.as_posix()}")
    assert measured(policy, ["whole", "wrong"], *engine)["k_unknown"]["value"] == 0.5


def decimals(*digits: str, scale: int) -> Any:
    return arrow.array([Decimal(one) for one in digits], arrow.decimal128(38, scale))


NEAR_ONE = [(at, f"0.{'9' * at}") for at in (18, 19, 20, 37, 38)]
"""How many places a decimal has, and the one whose nearest double is 1."""


@pytest.mark.parametrize(("scale", "digits"), NEAR_ONE)
@pytest.mark.parametrize("beside", [False, True])
def test_a_decimal_that_is_not_whole_is_no_int(
    policy: Path, tmp_path: Path, scale: int, digits: str, beside: bool
) -> None:
    near = decimals(digits, scale=scale)
    keys = arrow.array(["a"])
    held = {
        "answer.k": near,
        "answer.many": arrow.ListArray.from_arrays([0, 1], near),
        "answer.more": arrow.MapArray.from_arrays([0, 1], keys, near),
        "answer.share": near,
    }
    for name, column in held.items():
        path = write(tmp_path / "near" / "a.parquet", {name: column})
        if beside:
            # Not all are Parquet then, which Python reads.
            (tmp_path / "near" / "b.jsonl").write_text(
                '{"id": "b", "answer": {"k": -1}}\n', "utf-8"
            )
        is_answered = name == "answer.share"
        assert answered(policy, path) == [is_answered]
        found = measured(policy, [tmp_path / "near"])["answered"]["value"]
        assert found == is_answered / (1 + beside)


@pytest.mark.parametrize("scale", [0, 5, 18, 19, 20, 35])
@pytest.mark.parametrize("whole", ["5", "-5"])
def test_a_decimal_that_is_whole_is_an_int(
    policy: Path, tmp_path: Path, scale: int, whole: str
) -> None:
    path = write(tmp_path / "a.parquet", {"answer.k": decimals(whole, scale=scale)})
    assert share(policy, path) == (whole == "5")
    assert measured(policy, [path])["k_unknown"]["value"] == 0


def test_a_decimal_of_more_digits_than_an_engine_has_is_read_exactly(
    policy: Path, tmp_path: Path
) -> None:
    for at, (digits, is_known) in enumerate((("0." + "9" * 30, False), ("5", True))):
        column = arrow.array([Decimal(digits)], arrow.decimal256(60, 30))
        path = write(tmp_path / f"{at}.parquet", {"answer.k": column})
        assert share(policy, path) == is_known
        assert measured(policy, [path])["k_unknown"]["value"] == (not is_known)


@pytest.mark.parametrize("zone", ["UTC", None])
@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("ticks", [2**63 - 1, -(2**63) + 1, 2**62])
def test_a_time_out_of_range_is_an_unknown_signal_of_one_record(
    policy: Path, tmp_path: Path, ticks: int, unit: str, zone: str | None
) -> None:
    moments = arrow.array([ticks, 0], arrow.int64()).cast(arrow.timestamp(unit, zone))
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"id": ["a", "b"], "answer.at": moments}), path)
    # The second is of 1970, and known where it has a zone.
    assert answered(policy, path) == [False, zone is not None]
    assert share(policy, path) == (0.5 if zone else 0)
