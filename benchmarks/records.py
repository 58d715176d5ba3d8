"""Decisions and ten metrics over records, against SQL that a person would write for the same numbers.

    python -m benchmarks.records [--records 10000000] [--pairs 5] [--engine spark]

Both open the file, decide, and find every number with its bounds; the numbers must agree. Memory is
the most that a fresh process holds, measured over the records and over a tenth of them.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

import demur
from benchmarks.decisions import POLICY
from benchmarks.hand_written_sql import (
    DUCKDB,
    SPARK,
    Bounds,
    careless,
    json_lines,
    query,
    values,
)
from benchmarks.measuring import Measurement, paired
from benchmarks.record_generation import write_jsonl, write_parquet
from demur.measure.grouping import keys
from demur.measure.measuring import measure as measure_run
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.runtime.aggregates import read_metrics

RECORDS = 1_000_000
METRICS = """
metrics:
  answered: rate(decision.answered)
  refused: rate(decision.action == "refuse")
  violated: rate("contract_violation" in decision.failures)
  billing_abstained: rate(decision.action == "abstain", request.intent == "billing")
  uncited: rate(size(answer.citations) == 0, decision.answered)
  confidence: mean(answer.confidence)
  best: mean(best_score, decision.answered)
  latency_p95: quantile(answer.latency_ms, 0.95)
  tokens: sum(request.tokens)
  tenants: distinct(request.tenant)
"""
DIMENSIONS = ("request.intent", "request.tenant", "decision.action")
CUTS = ((0,), (1,), (2,))

Numbers = Mapping[tuple[str, str], Mapping[str, Bounds]]
"""Each metric's value and bounds by dimension and slice; the dimension is empty for all records."""


def policy() -> demur.Evaluator:
    """The benchmarks' policy with the metrics."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(POLICY.read_text(encoding="utf-8") + METRICS, encoding="utf-8")
        return demur.load(path)


def by_demur(evaluator: demur.Evaluator, path: Path, engine: str | None = None) -> Numbers:
    """The numbers as `demur gate` finds them."""
    metrics = read_metrics(evaluator, evaluator.policy.evaluation["metrics"])
    made = plan(evaluator, metrics, DIMENSIONS)
    run = measure_run(connect(engine), [str(path)], made, CUTS)
    found: dict[tuple[str, str], dict[str, Bounds]] = {}
    for cut, key in keys(run.summaries):
        name = ("".join(DIMENSIONS[at] for at in cut), "".join(key))
        found[name] = {
            metric: (one.known, one.low, one.high)
            for metric in metrics.metrics
            for one in [run.value(metric, cut, [key])]
        }
    return found


def by_hand(path: Path) -> Numbers:
    """The numbers as a person's SQL finds them, in DuckDB."""
    text = path.as_posix()
    source = json_lines(text) if path.suffix == ".jsonl" else f"'{text}'"
    cursor = duckdb.connect().execute(query(source, DUCKDB))
    names = [one[0] for one in cursor.description or ()]
    return _by_slice(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def by_hand_on_spark(path: Path, session: Any) -> Numbers:
    """The numbers as a person's SQL finds them, in Spark."""
    rows = session.sql(query(f"parquet.`{path.as_posix()}`", SPARK)).collect()
    return _by_slice(row.asDict() for row in rows)


def _by_slice(rows: Iterable[Mapping[str, Any]]) -> Numbers:
    return {(row["kind"], row["slice"]): values(row) for row in rows}


def disagreements(left: Numbers, right: Numbers) -> list[str]:
    """Every number that is not the same in both, and every slice that one of them lacks."""
    found = [f"{name}: in one alone" for name in set(left) ^ set(right)]
    for name in set(left) & set(right):
        for metric, bounds in left[name].items():
            if not all(map(_same, bounds, right[name][metric])):
                found.append(f"{name} {metric}: {bounds}, {right[name][metric]}")
    return found


def _same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9)


def measure(records: int = RECORDS, pairs: int = 5) -> Iterator[Measurement]:
    """The ratios in DuckDB, over Parquet and over JSONL."""
    evaluator = policy()
    with tempfile.TemporaryDirectory() as folder:
        path, lines = Path(folder) / "records.parquet", Path(folder) / "records.jsonl"
        write_parquet(path, records)
        yield _compared(
            f"{records:,} records of Parquet, against hand-written SQL",
            lambda: by_demur(evaluator, path),
            lambda: by_hand(path),
            pairs,
        )
        yield paired(
            f"{records:,} records of Parquet, against SQL without unknowns",
            lambda: by_demur(evaluator, path),
            lambda: duckdb.execute(careless(f"'{path.as_posix()}'")).fetchall(),
            pairs=pairs,
            seconds=0.0,
        )
        write_jsonl(lines, path)
        yield _compared(
            f"{records:,} records of JSONL, against hand-written SQL",
            lambda: by_demur(evaluator, lines),
            lambda: by_hand(lines),
            pairs,
            limit=None,
        )


def measure_on_spark(records: int, pairs: int) -> Iterator[Measurement]:
    """The ratio in Spark on this machine, in one session."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    session = builder.config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    evaluator = policy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.parquet"
        write_parquet(path, records)
        yield _compared(
            f"{records:,} records on Spark, against hand-written SQL",
            lambda: by_demur(evaluator, path, "spark"),
            lambda: by_hand_on_spark(path, session),
            pairs,
        )
    session.stop()


def _compared(
    name: str,
    own: Callable[[], Numbers],
    other: Callable[[], Numbers],
    pairs: int,
    limit: float | None = 1.2,
) -> Measurement:
    """The ratio, after a check that both find the same numbers."""
    differing = disagreements(own(), other())
    if differing:
        raise AssertionError("\n".join([f"{name}:", *sorted(differing)]))
    return paired(name, own, other, limit=limit, pairs=pairs, seconds=0.0)


def peaks(records: int) -> Iterator[str]:
    """The most memory that a fresh process holds, over the records and over a tenth of them."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (records // 10, records):
            path = Path(folder) / "records.parquet"
            write_parquet(path, count)
            own, other = (_peak(one, path) for one in ("demur", "hand"))
            yield f"peak memory over {count:,} records: {own:,.0f} MB; by hand {other:,.0f} MB"


def _peak(whose: str, path: Path) -> float:
    """Megabytes that a process held at most, by its own account."""
    command = [sys.executable, "-m", "benchmarks.records", "--once", whose, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _once(whose: str, path: Path) -> float:
    if whose == "demur":
        by_demur(policy(), path)
    else:
        by_hand(path)
    status = Path("/proc/self/status")
    if status.exists():
        # Linux's rusage begins with what the parent held when it forked.
        lines = status.read_text(encoding="ascii").splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(peak) / 1e3
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size / 1e3


def main() -> None:
    """Prints the ratios, the records in a second, and the memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.records", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(_once(arguments.once[0], Path(arguments.once[1])))
        return
    run = measure if arguments.engine == "duckdb" else measure_on_spark
    for one in run(arguments.records, arguments.pairs):
        rates = [arguments.records / seconds / 1e6 for seconds in (one.own, one.other)]
        print(one.line())
        print(f"  {rates[0]:.2f} million records a second; by hand {rates[1]:.2f}", flush=True)
    if arguments.engine == "duckdb":
        for line in peaks(arguments.records):
            print(line, flush=True)


if __name__ == "__main__":
    main()
