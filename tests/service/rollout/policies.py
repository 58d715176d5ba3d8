"""A small policy in many versions: as text, as a bundle, and as an evaluator."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import decode, encode
from demur.runtime.evaluator import Evaluator

RECORD = {"request": {"intent": "billing"}, "answer": {"confidence": 0.2}}


def text(
    version: str | None = "1.0.0",
    *,
    name: str = "live",
    stage: str = "answer",
    action: str = "abstain",
) -> str:
    """A policy whose one message is its version."""
    number = "" if version is None else f"version: {version}\n"
    return f"""demur: 1
policy: {name}
about: Says which version it is.
owner: team@example.com
{number}stages:
  request:
    intent: string
  {stage}:
    confidence: {{type: double, min: 0, max: 1}}
params:
  least: {{type: double, default: 0.5, min: 0, max: 1}}
scope:
  supported: request.intent in ["billing", "shipping"]
  otherwise: {{then: refuse, say: "out {version}"}}
rules:
  unsure:
    when: {stage}.confidence < params.least
    then: {action}
    say: "unsure {version}"
on_unknown: {{then: abstain, say: "unknown {version}"}}
"""


@cache
def bundle(version: str | None = "1.0.0", **options: str) -> bytes:
    source = parse_source(text(version, **options), "live.yaml")
    _, checked, diagnostics = check_source(source, Path())
    assert checked is not None, diagnostics
    return encode(assemble(checked))


def evaluator(version: str | None = "1.0.0", **options: str) -> Evaluator:
    return Evaluator(*decode(bundle(version, **options)))


def put(path: Path, content: str | bytes) -> Path:
    """Replaces a file by rename, as one should."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content.encode() if isinstance(content, str) else content)
    beside.replace(path)
    return path
