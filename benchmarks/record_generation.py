"""Records for `rag_policy.yaml` in any number: mostly good, with something unknown in a few."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as arrow
from pyarrow import parquet

ROWS = 100_000
"""Records in a row group."""
TENANTS = [f"tenant-{at}" for at in range(40)]
INTENTS = ["billing", "shipping", "returns", "pricing", "chitchat", "gossip"]
"""What is asked; the last is none that the policy declares."""
SOURCES = ["help-centre", "policy-docs", "release-notes", "forum"]
MOST_DOCUMENTS = 7


def write_parquet(path: Path, records: int, seed: int = 1) -> None:
    """Writes the records in row groups, each from a seed of its own."""
    seeds = np.random.SeedSequence(seed).spawn(-(-records // ROWS))
    first = _batch(0, 1, np.random.default_rng(seed))
    with parquet.ParquetWriter(path, first.schema) as writer:
        for at, one in enumerate(seeds):
            start = at * ROWS
            size = min(ROWS, records - start)
            writer.write_batch(_batch(start, size, np.random.default_rng(one)))


def write_jsonl(path: Path, source: Path) -> None:
    """Writes the same records, a line each; JSON has no NaN, so that null stands in its place."""
    duckdb.connect().execute(
        f"COPY (SELECT id, request, retrieval, struct_update(answer, confidence := "
        f"CASE WHEN NOT isnan(answer.confidence) THEN answer.confidence END) AS answer "
        f"FROM '{source.as_posix()}') TO '{path.as_posix()}' (FORMAT json)"
    )


def _batch(start: int, size: int, random: np.random.Generator) -> arrow.RecordBatch:
    request = _struct(
        intent=_chosen(INTENTS, [0.35, 0.25, 0.2, 0.15, 0.045, 0.005], size, random),
        tenant=_chosen(TENANTS, None, size, random),
        language=_chosen(["en", "de"], [0.97, 0.03], size, random),
        text=_chosen(["Why was I charged twice?", "Where is my parcel?"], None, size, random),
        tokens=_missing(random.integers(-2, 4100, size), 0.002, random),
        toxicity=_missing(random.random(size) * 0.82, 0.002, random),
    )
    documents = _documents(size, random)
    confidence = 0.5 + random.random(size) * 0.501
    confidence[random.random(size) < 0.004] = np.nan
    answer = _struct(
        confidence=_missing(confidence, 0.002, random),
        citations=_citations(size, random),
        unsupported_claims=_missing(random.binomial(1, 0.05, size), 0.002, random),
        latency_ms=_missing(random.lognormal(6.5, 0.5, size), 0.003, random),
        model=_struct(
            name=_chosen(["production", "draft"], [0.9, 0.1], size, random),
            temperature=_missing(random.random(size) * 1.2, 0.002, random),
        ),
    )
    names = arrow.array([f"r{at}" for at in range(start, start + size)])
    columns = [names, request, _struct(documents=documents), answer]
    return arrow.RecordBatch.from_arrays(columns, names=["id", "request", "retrieval", "answer"])


def _documents(size: int, random: np.random.Generator) -> arrow.Array:
    counts = random.binomial(MOST_DOCUMENTS, 0.6, size)
    total = int(counts.sum())
    one = _struct(
        id=_chosen([f"d{at}" for at in range(50)], None, total, random),
        source=_chosen(SOURCES, [0.5, 0.3, 0.18, 0.02], total, random),
        score=_missing(random.random(total) * 1.0005, 0.001, random),
        age_days=_missing(random.integers(0, 600, total), 0.001, random),
    )
    return _list(one, counts, random)


def _citations(size: int, random: np.random.Generator) -> arrow.Array:
    counts = random.integers(0, 6, size)
    names = _chosen([f"d{at}" for at in range(50)], None, int(counts.sum()), random, share=0.0005)
    return _list(names, counts, random)


def _list(
    elements: arrow.Array,
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    random: np.random.Generator,
) -> arrow.Array:
    """Lists of these sizes; one in a thousand is missing."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return arrow.ListArray.from_arrays(
        arrow.array(offsets), elements, mask=arrow.array(random.random(len(counts)) < 0.001)
    )


def _struct(**columns: arrow.Array) -> arrow.StructArray:
    return arrow.StructArray.from_arrays(list(columns.values()), names=list(columns))


def _chosen(
    texts: Sequence[str],
    shares: Sequence[float] | None,
    size: int,
    random: np.random.Generator,
    share: float = 0.001,
) -> arrow.Array:
    """Texts by chance; this share of them is missing."""
    places = random.choice(len(texts), size, p=shares).astype(np.int32)
    return arrow.array(texts).take(arrow.array(places, mask=random.random(size) < share))


def _missing(
    numbers: np.ndarray[tuple[int], np.dtype[np.generic]], share: float, random: np.random.Generator
) -> arrow.Array:
    """The numbers, of which this share is missing."""
    return arrow.array(numbers, mask=random.random(len(numbers)) < share)
