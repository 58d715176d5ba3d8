"""Ten thousand mutated policy files, bundles and records: an error with a place, an unknown, or a
decision; never anything else."""

from __future__ import annotations

import copy
import json
import math
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from demur.diagnostics import Severity
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import BundleError, decode, digest, encode
from demur.runtime.decision import Decision
from demur.runtime.evaluator import Evaluator
from tests.fuzz.changes import cut
from tests.runtime.records import POLICIES, good_record

CHUNKS = 16
FILES, BUNDLES, RECORDS = 3_200, 3_200, 4_800
LIMIT = 200 * 1024 * 1024
"""Bytes that no input may make the compiler take."""


def mutated(data: bytes, pick: random.Random) -> bytes:
    for _ in range(pick.randint(1, 3)):
        data = cut(data, pick) or b"\n"
    return data


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_policy_file_has_errors_with_places_or_compiles(chunk: int) -> None:
    pick = random.Random(chunk)
    texts = [path.read_bytes() for path in POLICIES.values()]
    wrong = compiled = 0
    for _ in range(FILES // CHUNKS):
        data = mutated(pick.choice(texts), pick)
        _, checked, diagnostics = check_source(parse_source(data, "policy.yaml"), Path())
        errors = [one for one in diagnostics if one.severity is Severity.ERROR]
        if errors:
            wrong += 1
            for one in errors:
                assert one.code.startswith("DM")
                assert one.message
                assert one.span is not None
                assert one.span.start.line >= 1
        else:
            assert checked is not None
            policy = assemble(checked)
            evaluator = Evaluator(policy, digest(policy))
            assert isinstance(evaluator.decide({}), Decision)
            compiled += 1
    assert wrong > compiled > 0


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_bundle_is_refused(chunk: int) -> None:
    pick = random.Random(100 + chunk)
    bundles = [encode(good_record(name)[0].policy) for name in POLICIES]
    for _ in range(BUNDLES // CHUNKS):
        bundle = pick.choice(bundles)
        data = mutated(bundle, pick)
        if data != bundle:
            with pytest.raises(BundleError):
                decode(data)


ODD: list[Any] = [
    None, True, False, 0, -1, 10**40, -(2**63) - 1, 0.5, math.nan, math.inf, -math.inf, "", "x" * 10_000,
    "\ud800", "\x00", b"\xff", [], [[]], [None] * 50, {}, {"a": 1}, {1: 2}, {None: None}, (1, 2), {1, 2},
    object(), int, lambda: None, range(5), complex(1, 2), "{0.__class__}", "__import__('os')",
]  # fmt: skip


def _spoil(node: Any, pick: random.Random) -> Any:
    if isinstance(node, dict) and node and pick.random() < 0.8:
        key = pick.choice(list(node))
        if pick.random() < 0.15:
            del node[key]
        else:
            node[key] = _spoil(node[key], pick)
        return node
    if isinstance(node, list) and node and pick.random() < 0.7:
        at = pick.randrange(len(node))
        node[at] = _spoil(node[at], pick)
        return node
    return copy.copy(pick.choice(ODD))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_record_is_decided_and_never_raises(chunk: int) -> None:
    pick = random.Random(200 + chunk)
    policies = [good_record(name) for name in POLICIES]
    actions = set()
    for _ in range(RECORDS // CHUNKS):
        policy, good = pick.choice(policies)
        record: Any = copy.deepcopy(good)
        for _ in range(pick.randint(1, 3)):
            record = _spoil(record, pick)
        decision = policy.decide(record, pick.choice([None, *policy.stages]))
        actions.add(decision.action)
        json.dumps(decision.to_dict())
        _ = (decision.message, decision.why, decision.unknown, repr(decision))
    assert {"answer", "abstain"} <= actions


def test_a_record_that_holds_itself_is_decided() -> None:
    for name in POLICIES:
        policy, good = good_record(name)
        record: Any = copy.deepcopy(good)
        for stage in record:
            for signal in record[stage]:
                looped: Any = copy.deepcopy(good)
                looped[stage][signal] = looped
                json.dumps(policy.decide(looped).to_dict())


HEADER = "demur: 1\npolicy: p\nabout: a\nowner: o\nstages: {request: {a: int, b: string}}\nrules:\n"


def _errors(data: bytes) -> list[str]:
    tracemalloc.start()
    _, _, diagnostics = check_source(parse_source(data, "policy.yaml"), Path())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LIMIT
    errors = [one for one in diagnostics if one.severity is Severity.ERROR]
    assert all(one.span is not None for one in errors)
    return [one.code for one in errors]


def _rule(condition: str) -> bytes:
    return (HEADER + f"  r:\n    when: {json.dumps(condition)}\n    then: flag\n").encode()


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join([f'*{chr(97 + at)}'] * 9)}]\n".encode()
    for at in range(8)
)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"# only a comment\n", id="comment"),
        pytest.param(b"- a\n- b\n", id="a list"),
        pytest.param(b"just text", id="text"),
        pytest.param(BOMB, id="alias bomb"),
        pytest.param(b"a: &a {b: *a}\n", id="alias to itself"),
        pytest.param(b"a: " + b"[" * 5_000, id="deep flow"),
        pytest.param(b"".join(b" " * at + b"a:\n" for at in range(400)), id="deep block"),
        pytest.param(b"about: " + b"x" * 10_000_000, id="10 MB scalar"),
        pytest.param(HEADER.encode() + b"\tr: 1\n", id="tab"),
        pytest.param("demur: 1\n".encode("utf-16"), id="utf-16"),
        pytest.param(b"demur: 1\nabout: \xff\xfe\n", id="not utf-8"),
        pytest.param(b"demur: 1\ndemur: 1\n", id="duplicate key"),
        pytest.param(b"!!python/object/apply:os.system [ls]\n", id="python tag"),
        pytest.param(b"a: !!python/name:os.system\n", id="python name"),
        pytest.param(b"a: 1\n---\nb: 2\n", id="two documents"),
        pytest.param(_rule("(" * 5_000 + "a"), id="deep expression"),
        pytest.param(_rule("!" * 5_000 + "true"), id="deep negation"),
        pytest.param(_rule("request.a > 0 && " * 20_000 + "true"), id="long expression"),
        pytest.param(_rule("'" + "a" * 15_000), id="open string"),
        pytest.param(_rule("request.__class__"), id="class of a stage"),
        pytest.param(_rule("request.a.__class__ == 1"), id="class of a signal"),
        pytest.param(_rule("''.__class__.__mro__"), id="class of a string"),
        pytest.param(_rule("__import__('os').system('ls')"), id="import"),
        pytest.param(_rule("request.b.format(request)"), id="format of a stage"),
    ],
)
def test_what_is_no_policy_is_refused_in_bounds(data: bytes) -> None:
    assert _errors(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + _rule("request.a > 0"), id="byte order mark"),
        pytest.param(_rule("request.a > 0").replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(_rule("'{0.__class__}' == request.b"), id="format string"),
        pytest.param(_rule("'\\\\' + \"'\" + '\\n' == request.b"), id="quotes and escapes"),
        pytest.param(_rule("request.b == '%s' || request.b == r'\\N{BULLET}'"), id="percent"),
    ],
)
def test_what_only_looks_like_trouble_compiles(data: bytes) -> None:
    assert _errors(data) == []


@pytest.mark.parametrize(
    "name", ["class", "lambda", "none", "exec", "def", "record", "fired", "s0"]
)
def test_names_that_are_pythons_own_are_plain_names(name: str) -> None:
    text = (
        "demur: 1\npolicy: p\nabout: a\nowner: o\n"
        f"stages: {{{name}: {{{name}: {{type: int, min: 0}}}}}}\n"
        f"params: {{{name}: {{type: int, default: 5}}}}\n"
        f"define: {{{name}_: {name}.{name} + 1}}\n"
        f"rules:\n  {name}:\n    when: {name}_ > params.{name}\n    then: flag\n"
    )
    _, checked, diagnostics = check_source(parse_source(text, "policy.yaml"), Path())
    assert diagnostics == ()
    assert checked is not None
    policy = assemble(checked)
    evaluator = Evaluator(policy, digest(policy))
    assert evaluator.decide({name: {name: 5}}).action == "flag"
    assert evaluator.decide({name: {name: 4}}).action == "answer"
    assert evaluator.decide({name: {name: "5"}}).action == "abstain"
