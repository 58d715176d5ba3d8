"""The records of a run as the store keeps them: what the policy declares, without what is personal."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.backends.python.decisions import reachable, signals_read
from demur.diagnostics import Diagnostic
from demur.files import create_file
from demur.functions.values import Unavailable
from demur.interop.record import UnreadableRecords
from demur.interop.records import read_records
from demur.interop.replacing import PRIVATE
from demur.interop.sources import files
from demur.measure.results import Slice
from demur.policy import Policy, Shape
from demur.runtime.decision import plain
from demur.runtime.derivation import derivation
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.runtime.personal import DROPPED, masked
from demur.service.journal.forms import unknown, written
from demur.service.journal.withheld import NOTES

LARGEST = 50_000
"""Records beyond which a run is kept without them: they would take longer to keep than to judge."""
_FACTS = ("id", "trace_id", "time")
"""What of a record is kept beside its signals."""
_LINE = "demur"
_OF_LINES = ("journal", "kind", "final", "stage", "incomplete", *NOTES)
"""What of a journal's line is kept beside them, so that each request counts once, as it ended."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the records: the personal signals left out, and why there are none, if so."""

    dropped: tuple[str, ...] = ()
    without: str = ""


def write_records(evaluator: Evaluator, sources: Sequence[str], path: Path) -> Written:
    """Writes the sources' records to a new file `path`, packed JSONL, as far as they can be kept.

    Derived signals are written as values, so that they outlive the personal ones they may come from.
    The file is there only where there is no reason `without` records. Raises OSError.
    """
    try:
        found = files(sources)
    except UnreadableRecords:
        return Written(without="they were no files")
    dropped: dict[str, None] = {}
    keep = _keeper(evaluator.policy, dropped)
    count = 0
    with (
        create_file(path, PRIVATE) as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=3) as packed,
    ):
        try:
            for record in _records(found, evaluator.policy):
                count += 1
                if count > LARGEST:
                    break
                line = json.dumps(keep(record), separators=(",", ":"), ensure_ascii=True)
                packed.write(line.encode("ascii") + b"\n")
        except UnreadableRecords as failure:
            count = LARGEST + 1
            reason = failure.message
        else:
            reason = f"there were more than {LARGEST:,}"
    if count > LARGEST:
        path.unlink()
        return Written(without=reason)
    return Written(tuple(dropped))


def is_personal(slice: Slice, policy: Policy) -> bool:
    """Whether what tells the slice from others is personal."""
    shapes = {**policy.stages, "outcome": policy.outcome}
    for name, _ in slice.of:
        stage, _, signal = _signal(name).partition(".")
        shape = shapes.get(stage, {}).get(signal)
        if shape is not None and shape.has_personal:
            return True
    return False


def lacking(evaluator: Evaluator, dropped: Sequence[str]) -> tuple[str, ...]:
    """Which of the signals that were left out this policy reads, so that it cannot decide without them.

    A signal that the policy derives is not among them, nor what it is derived from.
    """
    policy = evaluator.policy
    trees = [rule.condition for rule in policy.rules]
    trees += [read_expression(tree) for tree in policy.evaluation.get("metrics", {}).values()]
    read = signals_read([*reachable(policy, trees).values(), *trees])
    paths = {f"{stage}.{name}" for stage, name in read}
    return tuple(one for one in dropped if _signal(one) in paths)


def _signal(path: str) -> str:
    """The signal of a path into its value: `request.user` of `request.user.mail`."""
    stage, _, rest = path.partition(".")
    ends = [at for at in (rest.find("."), rest.find("[")) if at >= 0]
    return f"{stage}.{rest[: min(ends)] if ends else rest}"


def _records(paths: Sequence[Path], policy: Policy) -> Iterator[Mapping[str, Any]]:
    shapes = {**policy.stages, "outcome": policy.outcome}
    for path in paths:
        for one in read_records(path, shapes=shapes):
            if isinstance(one, Diagnostic):
                raise UnreadableRecords(f"{path.name} has a line that is no record.", "Mend it.")
            yield one.value


def _keeper(
    policy: Policy, dropped: dict[str, None]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What makes a record into the one that is kept; adds to `dropped` what that leaves out."""
    shapes: Mapping[str, Mapping[str, Shape]] = {**policy.stages, "outcome": policy.outcome}
    derive = derivation(policy, policy.derived) or (lambda record: record)

    def keep(record: Mapping[str, Any]) -> dict[str, Any]:
        whole = derive(record)
        kept: dict[str, Any] = {name: plain(whole[name]) for name in _FACTS if name in whole}
        line = whole.get(_LINE)
        if isinstance(line, Mapping):
            kept[_LINE] = {name: plain(line[name]) for name in _OF_LINES if name in line}
        for stage, declared in shapes.items():
            given = whole.get(stage)
            if isinstance(given, Mapping):
                kept[stage] = _stage(given, declared, stage, dropped)
        return kept

    return keep


def _stage(
    given: Mapping[str, Any], declared: Mapping[str, Shape], stage: str, dropped: dict[str, None]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, shape in declared.items():
        if name not in given:
            continue
        value = masked(
            given[name], shape, f"{stage}.{name}", _dropped, dropped, malformed=_malformed
        )
        if value is not DROPPED and value.__class__ is not Unavailable:
            # Bytes, times and durations of typed files must read back as the same values.
            found[name] = written(value, shape, f"{stage}.{name}", {})
    return found


def _dropped(value: Any) -> Any:
    """What is kept of a personal value: nothing."""
    del value
    return DROPPED


def _malformed(shape: Shape) -> Any:
    """What is kept of a part that is not as declared, beside a personal one: that it is not."""
    return unknown("malformed", shape)
