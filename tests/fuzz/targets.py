"""What reads bytes from a stranger: each as a function of those bytes, with files to begin from.

A target answers in words what became of the bytes. Whatever it raises is a fault: the errors that are meant
are caught in it, by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demur.diagnostics import Diagnostic, Severity
from demur.interop.record import UnreadableRecords
from demur.interop.records import read_records
from demur.interop.results import ResultsError, read
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.lint import lint_file
from demur.runtime.bundle import BundleError, canonical, decode, digest, encode
from demur.runtime.evaluator import Evaluator
from demur.service.guard import Guard
from demur.service.journal.reading import Damage, UnreadableJournal, read_journal
from demur.testing.files import read_files
from tests.interop.results.policies import EXAMPLES, policy
from tests.interop.results.test_formats import FILES
from tests.runtime.records import POLICIES, good_record

REFUSED, TAKEN = "refused", "taken"
TESTED = "policies/ticket_classifier.yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """`seeds` are good inputs; `read` is given changed ones, and a folder that it may write to."""

    seeds: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], str]


def _policy(data: bytes, folder: Path) -> str:
    del folder
    _, checked, diagnostics = check_source(parse_source(data, "policy.yaml"), Path())
    if checked is None or any(one.severity is Severity.ERROR for one in diagnostics):
        return REFUSED
    policy = assemble(checked)
    Evaluator(policy, digest(policy)).decide({})
    decode(encode(policy))
    return TAKEN


def _lint(data: bytes, folder: Path) -> str:
    path = folder / "policy.yaml"
    path.write_bytes(data)
    found = lint_file(path, path.as_posix())
    wrong = any(one.severity is Severity.ERROR for one in found.diagnostics)
    return REFUSED if wrong else TAKEN


def _tests(data: bytes, folder: Path) -> str:
    policy = POLICIES[TESTED]
    (folder / policy.name).write_bytes(policy.read_bytes())
    path = folder / policy.with_suffix(".test.yaml").name
    path.write_bytes(data)
    (found,) = read_files([path])
    return TAKEN if found.evaluator is not None else REFUSED


def _bundle(data: bytes, folder: Path) -> str:
    del folder
    try:
        Evaluator(*decode(data)).decide({})
    except BundleError:
        return REFUSED
    return TAKEN


def _forged(data: bytes, folder: Path) -> str:
    """A policy in a bundle whose digest is right, whatever it says."""
    seal = f'{{"demur_bundle":1,"digest":"sha256:{sha256(data).hexdigest()}","policy":'
    return _bundle(b"".join((seal.encode(), data, b"}\n")), folder)


@cache
def _evaluators() -> list[Evaluator]:
    return [good_record(name)[0] for name in POLICIES]


def _records(ending: str, data: bytes, folder: Path) -> str:
    path = folder / f"records{ending}"
    path.write_bytes(data)
    evaluators, outcome = _evaluators(), REFUSED
    try:
        for number, one in enumerate(read_records(path)):
            if isinstance(one, Diagnostic):
                continue
            outcome = TAKEN
            decision = evaluators[number % len(evaluators)].decide(one.value)
            json.dumps(decision.to_dict())
            _ = (decision.message, decision.why, repr(decision))
    except UnreadableRecords:
        return REFUSED
    return outcome


def _journal(data: bytes, folder: Path) -> str:
    path = folder / "2026-12-01T00-00-00.jsonl"
    path.write_bytes(data)
    try:
        lines = list(read_journal(path))
    except UnreadableJournal:
        return REFUSED
    return REFUSED if any(isinstance(one, Damage) for one in lines) else TAKEN


@cache
def _importing() -> Evaluator:
    return policy()


def _imported(format: str, data: bytes, folder: Path) -> str:
    path = folder / FILES[format]
    path.write_bytes(data)
    evaluator = _importing()
    try:
        for record in read(format, [path], evaluator).records():
            evaluator.decide(record)
    except ResultsError:
        return REFUSED
    return TAKEN


def _policy_files() -> list[bytes]:
    return [path.read_bytes() for path in POLICIES.values()]


def _policies_alone() -> list[bytes]:
    """Those that name no other file."""
    return [
        one for one in _policy_files() if not any(key in one for key in (b"runbook:", b"cases:"))
    ]


def _test_files() -> list[bytes]:
    return [POLICIES[TESTED].with_suffix(".test.yaml").read_bytes()]


def _good_records() -> list[dict[str, Any]]:
    return [good_record(name)[1] for name in POLICIES]


def _lines() -> list[bytes]:
    return [json.dumps(one).encode() + b"\n" for one in _good_records()] + [
        b"".join(json.dumps(one).encode() + b"\n" for one in _good_records())
    ]


def _tables() -> list[bytes]:
    return [
        b"request.intent,retrieval.documents,answer.confidence\n"
        b'billing,"[{""source"": ""help-centre"", ""score"": 0.9}]",0.9\n'
    ]


def _segments() -> list[bytes]:
    """What guards write of a request each, one that is answered, stage by stage."""
    found: list[bytes] = []
    for name in POLICIES:
        evaluator, record = good_record(name)
        with TemporaryDirectory() as folder:
            with Guard(evaluator, journal=folder) as guard, guard.trace() as trace:
                for stage in evaluator.stages:
                    trace.check(**{stage: record[stage]})
            found.append(b"".join(one.read_bytes() for one in sorted(Path(folder).glob("*.jsonl"))))
    return found


TARGETS: Mapping[str, Target] = {
    "policy": Target(_policy_files, _policy),
    "lint": Target(_policies_alone, _lint),
    "tests": Target(_test_files, _tests),
    "bundle": Target(lambda: [encode(one.policy) for one in _evaluators()], _bundle),
    "forged bundle": Target(lambda: [canonical(one.policy) for one in _evaluators()], _forged),
    "records": Target(_lines, partial(_records, ".jsonl")),
    "table": Target(_tables, partial(_records, ".csv")),
    "journal": Target(_segments, _journal),
    **{
        f"import {format}": Target(
            partial(lambda name: [(EXAMPLES / name).read_bytes()], name),
            partial(_imported, format),
        )
        for format, name in FILES.items()
    },
}
