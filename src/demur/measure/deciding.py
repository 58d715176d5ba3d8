"""Records decided; what an engine cannot express, Python computes, on the engine where it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import ibis
import pyarrow as arrow
from pyarrow import parquet

from demur.measure.plan import Builder, Decided, Plan, plan
from demur.measure.records.connecting import batches, embedded, stored, workspace
from demur.measure.records.python_columns import ARROW, with_columns
from demur.measure.records.relation import Relation
from demur.runtime.aggregates import read_metrics
from demur.runtime.bundle import decode, encode
from demur.runtime.evaluator import Evaluator

BATCH = 8192
"""Records that Python is given at once."""
_UINTS = arrow.decimal128(20, 0)


def decided(plan: Plan, relation: Relation) -> Decided:
    """The records, decided."""
    builder = Builder(plan, relation, {})
    found = builder.build()
    if found.fallbacks:
        whole, columns = _computed(plan, relation, tuple(found.fallbacks))
        builder = Builder(plan, whole, columns)
        found = replace(builder.build(), fallbacks=found.fallbacks, computed=columns)
    return replace(found, table=builder.named(stored(found.relation, found.table)))


def _computed(
    plan: Plan, relation: Relation, names: tuple[str, ...]
) -> tuple[Relation, Mapping[str, str]]:
    """The table with a column for each named unit, and each unit's column.

    On Spark the engine's workers compute them through its Arrow map; for other engines the records
    pass through this process, a batch at a time, into a local file that DuckDB reads.
    """
    trees = {**plan.conditions, **plan.values}
    ordered = [name for name in trees if name in names]
    columns = {name: f"python {at}" for at, name in enumerate(ordered)}
    types = {columns[name]: ARROW[_kind(trees[name].type)] for name in ordered}
    add = _on_spark if relation.connection.name == "pyspark" else _in_process
    return add(plan, relation, tuple(ordered), types), columns


def _kind(type: str) -> str:
    return type if type in ARROW else "string"


def _in_process(
    plan: Plan, relation: Relation, names: tuple[str, ...], types: Mapping[str, Any]
) -> Relation:
    row = plan.row(names)
    source = batches(relation, BATCH)
    form = source.schema
    for name, type in types.items():
        form = form.append(arrow.field(name, type))
    connection = relation.connection
    if connection.name != "duckdb":
        connection = embedded()
    path = workspace(connection) / f"{uuid4().hex}.parquet"
    with parquet.ParquetWriter(path, form, write_statistics=False) as writer:
        for batch in source:
            whole = with_columns(batch, plan.wanted, relation.texts, row, types)
            writer.write_batch(whole.cast(form) if whole.schema != form else whole)
    table = connection.read_parquet(path, hive_partitioning=False)
    return Relation(connection, table, relation.texts, relation.is_small)


def _on_spark(
    plan: Plan, relation: Relation, names: tuple[str, ...], types: Mapping[str, Any]
) -> Relation:
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    connection = relation.connection
    session = connection._session
    # Spark has no unsigned numbers.
    types = {name: _UINTS if type == ARROW["uint"] else type for name, type in types.items()}
    frame = session.sql(ibis.to_sql(relation.table, dialect="pyspark"))
    columns = (*frame.columns, *types)
    # Spark's map reads the dots in columns' names as ways into structs, so there they are numbered.
    kinds = [
        *(field.dataType for field in frame.schema.fields),
        *(from_arrow_type(type) for type in types.values()),
    ]
    form = StructType([StructField(f"c{at}", kind) for at, kind in enumerate(kinds)])
    work = SparkWork(
        encode(plan.evaluator.policy), tuple(plan.metrics.metrics), plan.dimensions, names,
        columns, relation.texts, dict(types), plan.recorded,
    )  # fmt: skip
    numbered = frame.toDF(*form.names[: len(frame.columns)])
    # Kept, on disk where memory does not hold it, so that later queries need no Python again.
    frame = numbered.mapInArrow(work, form).toDF(*columns).persist()
    view = f"demur_{uuid4().hex}"
    frame.createOrReplaceTempView(view)
    return Relation(connection, connection.table(view), relation.texts, relation.is_small)


class SparkWork:
    """What a worker of Spark does with its batches; it travels there as the policy's bundle."""

    def __init__(
        self,
        bundle: bytes,
        metrics: tuple[str, ...],
        dimensions: tuple[str, ...],
        names: tuple[str, ...],
        columns: tuple[str, ...],
        texts: frozenset[str],
        types: dict[str, Any],
        recorded: bool,
    ) -> None:
        self.bundle = bundle
        self.metrics = metrics
        self.dimensions = dimensions
        self.names = names
        self.columns = columns
        self.texts = texts
        self.types = types
        self.recorded = recorded

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches with the computed columns."""
        evaluator = Evaluator(*decode(self.bundle))
        metrics = read_metrics(evaluator, self.metrics)
        made = plan(evaluator, metrics, self.dimensions, recorded=self.recorded)
        row = made.row(self.names)
        for numbered in batches:
            batch = numbered.rename_columns(list(self.columns[: numbered.num_columns]))
            whole = with_columns(batch, made.wanted, self.texts, row, self.types)
            yield whole.rename_columns([f"c{at}" for at in range(whole.num_columns)])
