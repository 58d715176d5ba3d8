"""Compiling a policy of 1,000 rules, and loading its bundle, with where the time goes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Measurement, paired
from benchmarks.tenants import tenant_policy_text
from demur.backends.python.decisions import write_optimistic
from demur.language.check import check
from demur.language.compile import assemble, compile_file
from demur.language.loading import load_document
from demur.language.nodes import MappingNode
from demur.language.source import parse_source
from demur.runtime.bundle import decode, encode
from demur.runtime.evaluator import Evaluator


def measure() -> Iterator[Measurement]:
    """Ten times the rules in how many times the time; a bundle against its policy file."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.yaml", Path(folder) / "large.yaml"
        small.write_text(tenant_policy_text(45), encoding="utf-8")
        large.write_text(tenant_policy_text(495), encoding="utf-8")
        yield paired(
            "compile 1,000 rules, against 100 rules",
            lambda: compile_file(large),
            lambda: compile_file(small),
            pairs=3,
            seconds=0.0,
        )
        policy, _ = compile_file(large)
        bundle = encode(policy)
        yield paired(
            "load a bundle of 1,000 rules, against its policy file",
            lambda: Evaluator(*decode(bundle)),
            lambda: Evaluator(*compile_file(large)),
            pairs=3,
            seconds=0.0,
        )


def profile() -> Iterator[str]:
    """Where the time goes, stage by stage, for the file and for its bundle."""
    text = tenant_policy_text(495)
    yield ""
    yield f"Compiling 1,000 rules ({len(text) // 1024} KiB of YAML):"
    stages: list[tuple[str, float]] = []
    started = time.perf_counter()

    def done(stage: str) -> None:
        nonlocal started
        now = time.perf_counter()
        stages.append((stage, now - started))
        started = now

    source = parse_source(text, "large.yaml")
    done("read: YAML with positions")
    document, _ = load_document(source)
    done("validate: schema and models")
    assert document is not None
    assert isinstance(source.root, MappingNode)
    checked, _ = check(source, source.root, document)
    done("check: parse and type expressions")
    policy = assemble(checked)
    done("lower")
    bundle = encode(policy)
    done("write the bundle")
    yield from _table(stages)
    stages.clear()
    yield f"Loading its bundle ({len(bundle) // 1024} KiB):"
    started = time.perf_counter()
    loaded, _ = decode(bundle)
    done("read and verify")
    generated = write_optimistic(loaded, loaded.rules)
    done("write the Python")
    generated.function()
    done("compile the Python")
    yield from _table(stages)


def _table(stages: list[tuple[str, float]]) -> Iterator[str]:
    total = sum(seconds for _, seconds in stages)
    for stage, seconds in stages:
        yield f"  {stage:<36} {seconds * 1e3:8.1f} ms  {seconds / total:5.0%}"
    yield f"  {'in all':<36} {total * 1e3:8.1f} ms"
