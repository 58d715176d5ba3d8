"""Reloads under load: `python -m benchmarks.reloads [--reloads N]`.

While threads decide without a pause, a signed bundle is replaced again and again, a third of the time
by something broken. Every decision must be whole: of one policy, of one that was good, and the right
one. Counts are printed; any failure ends the run.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread

from benchmarks.measuring import Measurement, paired
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import encode, parts, sha256
from demur.runtime.signatures import new_key, read_private_key, sign
from demur.service.deployment import Deployment
from demur.service.reload import LivePolicies, watch
from demur.service.rollout import Shadow

POLICY = """demur: 1
policy: reloaded
version: 1.0.0
about: Says in every message which version it is.
owner: team@example.com
stages:
  request:
    intent: string
  answer:
    confidence: {type: double, min: 0, max: 1}
scope:
  supported: request.intent == "billing"
  otherwise: {then: refuse, say: "out 1.0.0"}
rules:
  unsure:
    when: answer.confidence < 0.5
    then: abstain
    say: "unsure 1.0.0"
on_unknown: {then: abstain, say: "unknown 1.0.0"}
"""
EARLY = {"request": {"intent": "other"}}
UNSURE = {"request": {"intent": "billing"}, "answer": {"confidence": 0.2}}
UNKNOWN = {"request": {"intent": "billing"}, "answer": {"confidence": "high"}}


@dataclass
class Counts:
    """What came of a run. `failed`, `mixed`, `unversioned` and `backward` must be 0."""

    reloads: int = 0
    good: int = 0
    broken: int = 0
    refused: int = 0
    traces: int = 0
    versions_seen: set[str] = field(default_factory=set[str])
    failed: int = 0
    mixed: int = 0
    unversioned: int = 0
    backward: int = 0
    wrong: int = 0
    """Reloads after which not the last good policy was active."""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether every decision was whole and every reload ended as it should."""
        faults = (self.failed, self.mixed, self.unversioned, self.backward, self.wrong)
        return not any(faults) and self.refused >= self.broken


class Bundles:
    """Bundles of one policy in many versions, good and broken."""

    def __init__(self) -> None:
        self._key = read_private_key(new_key()[0])
        self._foreign = read_private_key(new_key()[0])
        source = parse_source(POLICY, "reloaded.yaml")
        checked = check_source(source, Path())[1]
        assert checked is not None
        line = encode(assemble(checked))
        self._body = line[line.index(b'"policy":') + len(b'"policy":') : -2]

    @property
    def public(self) -> bytes:
        """The trusted key."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = self._key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def good(self, version: str) -> bytes:
        """A signed bundle."""
        line = self._sealed(self._body.replace(b"1.0.0", version.encode()))
        return line + sign(line, self._key)

    def broken(self, kind: int, version: str) -> bytes | None:
        """Something that must be refused; None for no file."""
        good = self.good(version)
        line = parts(good)[0]
        kinds: list[Callable[[], bytes | None]] = [
            lambda: good[: len(good) // 3],
            lambda: good[:-5],
            lambda: b"",
            lambda: None,
            lambda: good.replace(b"unsure", b"unsUre"),
            lambda: b"\x00\xff" * 400,
            lambda: self.good("0.9.0"),
            lambda: line,
            lambda: line + sign(line, self._foreign),
            lambda: line + parts(self.good("0.9.0"))[1],
            lambda: self._signed(self._body.replace(b'"reloaded"', b'"otherwise"')),
            lambda: self._signed(self._body.replace(b'"abstain"', b'"explode"')),
            lambda: POLICY.replace("1.0.0", version).encode(),
        ]
        return kinds[kind % len(kinds)]()

    def _signed(self, body: bytes) -> bytes:
        """A bundle whose content may be wrong, though its signature is right."""
        line = self._sealed(body)
        signature = json.loads(sign(self._sealed(self._body), self._key))
        digest = f"sha256:{sha256(body)}"
        claim = {name: one for name, one in signature.items() if name != "signature"}
        claim |= {"digest": digest, "policy": json.loads(body)["policy"]}
        said = json.dumps(claim, separators=(",", ":")).encode()
        claim["signature"] = self._key.sign(b"demur bundle signature 1\0" + said).hex()
        return line + json.dumps(claim, separators=(",", ":")).encode() + b"\n"

    @staticmethod
    def _sealed(body: bytes) -> bytes:
        head = f'{{"demur_bundle":1,"digest":"sha256:{sha256(body)}","policy":'.encode()
        return head + body + b"}\n"


def survive(reloads: int, folder: Path, threads: int = 3) -> Counts:
    """Reloads so many times under the load of so many threads, a third of them broken files."""
    logging.getLogger("demur.reload").setLevel(logging.CRITICAL)
    bundles, counts = Bundles(), Counts(reloads=reloads)
    path = folder / "reloaded.demur"
    path.write_bytes(bundles.good("1.0.0"))
    # The thread that watches looks as well, so that reloads by both ways overlap.
    policies = watch(path, keys=[bundles.public], interval=0.002)
    versions = {policies.status().digest: "1.0.0"}
    ended = Event()
    tallies = [Counts() for _ in range(threads)]
    deciders = [Thread(target=_decide, args=(policies, versions, ended, one)) for one in tallies]
    started = time.perf_counter()
    for decider in deciders:
        decider.start()
    active = "1.0.0"
    try:
        for at in range(1, reloads + 1):
            version = f"1.{at}.0"
            if at % 3 == 0:
                counts.broken += 1
                _put(path, bundles.broken(at // 3, version), by_rename=at % 2 == 0)
            else:
                counts.good += 1
                data = bundles.good(version)
                versions[f"sha256:{json.loads(parts(data)[0])['digest'][7:]}"] = version
                _put(path, data, by_rename=at % 2 == 0)
                active = version
            status = policies.reload()
            counts.wrong += status.version != active or status.is_refusing != (at % 3 == 0)
    finally:
        ended.set()
        for decider in deciders:
            decider.join()
        policies.close()
    counts.seconds = time.perf_counter() - started
    counts.refused = policies.status().refusals
    for one in tallies:
        counts.versions_seen |= one.versions_seen
        for name in ("traces", "failed", "mixed", "unversioned", "backward"):
            setattr(counts, name, getattr(counts, name) + getattr(one, name))
    counts.wrong += policies.status().changes != counts.good
    return counts


def _put(path: Path, content: bytes | None, *, by_rename: bool) -> None:
    """Replaces the file whole, or as one should not: writes over it."""
    if content is None:
        path.unlink(missing_ok=True)
    elif by_rename:
        beside = path.with_suffix(".new")
        beside.write_bytes(content)
        beside.replace(path)
    else:
        path.write_bytes(content)


def _decide(policies: LivePolicies, versions: dict[str, str], ended: Event, counts: Counts) -> None:
    """Traces of three decisions each, checked, until the run has ended."""
    last = 0
    while not ended.is_set():
        counts.traces += 1
        try:
            policy = policies.deployment.active
            early = policy.decide(EARLY, "request")
            unsure, unknown = policy.decide(UNSURE), policy.decide(UNKNOWN)
            found = [(one.action, one.message, one.digest) for one in (early, unsure, unknown)]
        except Exception:
            counts.failed += 1
            continue
        version = versions.get(policy.digest)
        if version is None:
            counts.unversioned += 1
            continue
        counts.versions_seen.add(version)
        expected = [
            ("refuse", f"out {version}", policy.digest),
            ("abstain", f"unsure {version}", policy.digest),
            ("abstain", f"unknown {version}", policy.digest),
        ]
        counts.mixed += found != expected
        number = int(version.split(".")[1])
        counts.backward += number < last
        last = number
        # Otherwise the threads that decide leave the one that reloads no time at all.
        time.sleep(0)


def measure() -> Iterator[Measurement]:
    """What deciding costs by way of policies that reload, and by a policy held in hand."""
    bundles = Bundles()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reloaded.demur"
        path.write_bytes(bundles.good("1.0.0"))
        policies = watch(path, keys=[bundles.public])
        policy = policies.deployment.active
        yield paired(
            "decide, by the active one of reloading policies",
            lambda: policies.deployment.active.decide(UNSURE).action,
            lambda: policy.decide(UNSURE).action,
            limit=1.5,
        )
        reload = partial(policies.reload)
        yield paired(
            "  a whole reload, signature and all, in decisions",
            reload,
            lambda: policy.decide(UNSURE),
        )
        policies.close()
        shadow, deployment = Shadow(), Deployment(policy, policy)
        yield paired(
            "  a decision, and a shadow's beside it",
            lambda: (policy.decide(UNSURE).action, shadow.decide(deployment, UNSURE, None)),
            lambda: policy.decide(UNSURE).action,
            limit=3.0,
        )


def report(reloads: int) -> bool:
    """So many reloads under load, printed as counts; whether all was as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        counts = survive(reloads, Path(folder))
    print(f"{counts.reloads:>9,} reloads in {counts.seconds:.0f} s")
    print(f"{counts.good:>9,} good, {counts.broken:,} broken, {counts.refused:,} refused")
    print(f"{3 * counts.traces:>9,} decisions, by {len(counts.versions_seen):,} versions")
    for name in ("failed", "mixed", "unversioned", "backward", "wrong"):
        print(f"{getattr(counts, name):>9,} {name}")
    return counts.is_clean


def main() -> None:
    """Runs and prints the counts; exits with status 1 where anything was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reloads", description=__doc__)
    parser.add_argument("--reloads", type=int, default=10_000)
    raise SystemExit(0 if report(parser.parse_args().reloads) else 1)


if __name__ == "__main__":
    main()
