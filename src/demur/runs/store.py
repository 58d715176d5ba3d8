"""The store of runs: a folder with a Parquet file a run, and beside it the run's records, packed.

A run is there when its Parquet file is, which is written last and put in its place at once. So readers
need no lock, several may write at the same time, and what a crash leaves behind is no run.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demur.files import check_place, open_file
from demur.measure.results import VERDICTS, GateResult, Interval, Measured, Slice
from demur.runs.facts import FORMAT, KeptRun, Measurement, RunFacts
from demur.runs.records import write_records
from demur.runtime.evaluator import Evaluator

ID = re.compile(r"\d{8}T\d{6}Z-(?:[0-9a-f]{3})?[0-9a-f]{6}")
"""A run's id: its time, the part of the second (older ones lack it), and what tells it from others."""
ENDING = ".parquet"
RECORDS = ".records.jsonl.gz"
WITH_RECORDS = 20
"""Of how many runs of each gate and branch, the newest, records are kept; and of the last that passed."""
_FACTS = b"demur.run"
"""The key of the file's metadata that holds the run's facts, as JSON."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file of the store that is no run, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"DM843 {self.path.as_posix()} is no kept run and is passed over: {self.reason}"


class BrokenRun(Exception):
    """A file that is no kept run; the message says why."""


def folder_of(policy: Path, given: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Where a policy's runs are kept: as given, else as `DEMUR_RUNS` says, else beside the policy.

    None where `DEMUR_RUNS` is empty, which says that none are kept. Raises `Outside` where a link among the
    policy's files leads elsewhere.
    """
    if given is not None:
        return given
    said = environment.get("DEMUR_RUNS")
    if said is not None:
        return Path(said) if said else None
    beside = policy.parent / ".demur" / "runs"
    check_place(beside, policy.parent)
    return beside


def new_id(time: datetime) -> str:
    """An id for a run at this time; ids are in the order of their times, to 1/4096 of a second."""
    part = time.microsecond * 4096 // 1_000_000
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}-{part:03x}{secrets.token_hex(3)}"


def written(time: datetime) -> str:
    """The time as facts have it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def measurements(result: GateResult, better: Mapping[str, str | None]) -> Iterator[Measurement]:
    """What a gate found, a requirement and slice each; `better` says of metrics which way is good."""
    for one in result.requirements:
        good = better.get(one.metric) or ("lower" if one.operator.startswith("<") else "higher")
        for judgement in one.judgements:
            yield Measurement(
                one.text,
                one.metric,
                good,
                one.level,
                one.unit,
                judgement.slice,
                judgement.measured,
                judgement.verdict,
                judgement.limit,
            )


def keep(
    folder: Path,
    facts: RunFacts,
    rows: Iterable[Measurement],
    evaluator: Evaluator | None = None,
    results: Sequence[str] = (),
) -> RunFacts:
    """Puts the run into the store, with the records of its `results`; its facts as they are kept.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{facts.id}.{secrets.token_hex(4)}"
    records = draft.with_name(f"{draft.name}{RECORDS}")
    try:
        if evaluator is None:
            facts = replace(facts, without_records="they were not given")
        else:
            found = write_records(evaluator, results, records)
            facts = replace(facts, dropped=found.dropped, without_records=found.without)
        _write(draft, facts, list(rows))
        if records.exists():
            records.replace(records_of(folder, facts.id))
        draft.replace(folder / f"{facts.id}{ENDING}")
    finally:
        draft.unlink(missing_ok=True)
        records.unlink(missing_ok=True)
    return facts


def records_of(folder: Path, id: str) -> Path:
    """Where the run's records are, if they are kept."""
    return folder / f"{id}{RECORDS}"


def newest_first(folder: Path) -> list[Path]:
    """The files of the runs."""
    found = folder.glob(f"*{ENDING}") if folder.is_dir() else ()
    return sorted((one for one in found if not one.name.startswith(".")), reverse=True)


def facts_of(folder: Path, broken: list[Broken]) -> Iterator[RunFacts]:
    """The facts of the runs, the newest first; what is no run is added to `broken`."""
    from pyarrow import ArrowException, parquet

    for path in newest_first(folder):
        try:
            with open_file(path, inside=folder, hidden=True) as file:
                facts = _facts(parquet.read_schema(file).metadata)
            yield facts
        except (ArrowException, BrokenRun, OSError) as failure:
            broken.append(Broken(path, _first_line(failure)))


def read(path: Path) -> KeptRun:
    """The run in this file. Raises `BrokenRun`."""
    from pyarrow import ArrowException, parquet

    try:
        with (
            open_file(path, inside=path.parent, hidden=True) as stream,
            parquet.ParquetFile(stream) as file,
        ):
            facts = _facts(file.schema_arrow.metadata)
            table = file.read(use_threads=False)
    except (ArrowException, OSError) as failure:
        raise BrokenRun(_first_line(failure)) from None
    try:
        return KeptRun(facts, tuple(map(_measurement, table.to_pylist())))
    except (LookupError, TypeError, ValueError) as failure:
        raise BrokenRun(f"a row is not as it must be ({_first_line(failure)})") from None


def prune(folder: Path) -> None:
    """Deletes the records of runs that are so old that none is likely to be compared with."""
    seen: dict[tuple[str, str, str | None], int] = {}
    passed: set[tuple[str, str]] = set()
    for one in facts_of(folder, []):
        lineage = (one.policy, one.gate, one.commit.branch)
        seen[lineage] = seen.get(lineage, 0) + 1
        is_last_pass = one.verdict == "pass" and lineage[:2] not in passed
        if one.verdict == "pass":
            passed.add(lineage[:2])
        if seen[lineage] > WITH_RECORDS and not is_last_pass:
            records_of(folder, one.id).unlink(missing_ok=True)


def _write(path: Path, facts: RunFacts, rows: Sequence[Measurement]) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = {name: [write(one) for one in rows] for name, (_, write) in _COLUMNS.items()}
    types = {"text": pyarrow.string(), "number": pyarrow.float64(), "count": pyarrow.int64()}
    schema = pyarrow.schema([(name, types[kind]) for name, (kind, _) in _COLUMNS.items()])
    table = pyarrow.table(columns, schema=schema.with_metadata({_FACTS: json.dumps(asdict(facts))}))
    parquet.write_table(table, path, compression="zstd", write_statistics=False)


_COLUMNS: dict[str, tuple[str, Any]] = {
    "requirement": ("text", lambda one: one.requirement),
    "metric": ("text", lambda one: one.metric),
    "better": ("text", lambda one: one.better),
    "level": ("text", lambda one: one.level),
    "unit": ("text", lambda one: one.unit),
    "slice": ("text", lambda one: json.dumps(one.slice.of)),
    "remainder": ("count", lambda one: one.slice.remainder),
    "value": ("number", lambda one: one.measured.value),
    "known_value": ("number", lambda one: one.measured.known_value),
    "samples": ("count", lambda one: one.measured.samples),
    "unknown": ("count", lambda one: one.measured.unknown),
    "low": ("number", lambda one: one.measured.interval and one.measured.interval.low),
    "high": ("number", lambda one: one.measured.interval and one.measured.interval.high),
    "verdict": ("text", lambda one: one.verdict),
    "limit": ("number", lambda one: one.limit),
}
"""The columns of a run's file: what kind they are, and what they hold of a measurement."""


def _facts(metadata: Mapping[bytes, bytes] | None) -> RunFacts:
    from pydantic import TypeAdapter, ValidationError

    written = (metadata or {}).get(_FACTS)
    if written is None:
        raise BrokenRun("it holds no run of demur")
    if not _ADAPTER:
        _ADAPTER.append(TypeAdapter(RunFacts))
    try:
        facts: RunFacts = _ADAPTER[0].validate_json(written)
    except ValidationError as failure:
        place = ".".join(map(str, failure.errors()[0]["loc"])) or "they are no JSON"
        raise BrokenRun(f"its facts are not as they must be ({place})") from None
    if facts.format != FORMAT:
        raise BrokenRun(f"its format is {facts.format}, and this demur reads {FORMAT}")
    if not ID.fullmatch(facts.id) or facts.verdict not in VERDICTS:
        raise BrokenRun("its facts are not as they must be")
    return facts


_ADAPTER: list[Any] = []
"""What reads facts, made when it is first needed."""


def _measurement(row: Mapping[str, Any]) -> Measurement:
    low, high = row["low"], row["high"]
    return Measurement(
        row["requirement"],
        row["metric"],
        row["better"],
        row["level"],
        row["unit"],
        _slice(row["slice"], row["remainder"]),
        Measured(
            row["value"],
            row["known_value"],
            row["samples"],
            row["unknown"],
            None if low is None or high is None else Interval(low, high),
        ),
        row["verdict"],
        row["limit"],
    )


def _slice(of: str, remainder: int) -> Slice:
    pairs: list[Any] = json.loads(of)
    return Slice(tuple((str(name), str(value)) for name, value in pairs), remainder)


def _first_line(failure: BaseException) -> str:
    text = str(failure).strip()
    return text.splitlines()[0].rstrip(".") if text else type(failure).__name__
