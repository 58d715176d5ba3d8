"""Bundles: the same bytes everywhere, and a clear error for whatever is not one of ours."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import demur
from demur.runtime.bundle import BundleError, decode, encode, sha256
from demur.runtime.evaluator import Evaluator
from tests.runtime.records import POLICIES, ROOT, good_record

NAMES = list(POLICIES)


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_bundle_is_the_policy_that_was_dumped(name: str, tmp_path: Path) -> None:
    policy, record = good_record(name)
    file = tmp_path / "policy.demur"
    file.write_bytes(encode(policy.policy))
    loaded = demur.load(file)
    assert loaded.digest == policy.digest
    assert encode(loaded.policy) == file.read_bytes()
    for sample in (record, {}, {stage: {} for stage in policy.stages}):
        assert loaded.decide(sample).to_dict() == policy.decide(sample).to_dict()


def _run(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    ).stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_do_not_depend_on_the_process(name: str) -> None:
    code = (
        "import demur; from demur.runtime.bundle import encode, sha256;"
        f"print(sha256(encode(demur.load({str(POLICIES[name])!r}).policy)))"
    )
    assert _run(code, PYTHONHASHSEED="1") == _run(code, PYTHONHASHSEED="2")


def test_the_digest_is_the_hash_of_the_policys_bytes() -> None:
    import hashlib

    bundle = encode(good_record(NAMES[0])[0].policy)
    parsed = json.loads(bundle)
    start = bundle.index(b'"policy":') + len(b'"policy":')
    assert parsed["digest"] == "sha256:" + hashlib.sha256(bundle[start:-2]).hexdigest()
    canonical = json.dumps(parsed["policy"], sort_keys=True, separators=(",", ":")).encode()
    assert canonical == bundle[start:-2]


def _error(data: bytes) -> BundleError:
    with pytest.raises(BundleError) as caught:
        Evaluator(*decode(data))
    assert caught.value.message.endswith(".")
    assert caught.value.help
    return caught.value


@pytest.fixture(scope="module")
def bundle() -> bytes:
    return encode(good_record("policies/support_rag.yaml")[0].policy)


def test_a_truncated_bundle_is_refused_wherever_it_is_cut(bundle: bytes) -> None:
    for end in range(0, len(bundle) - 1, 50):
        assert _error(bundle[:end]).code in ("DM702", "DM703", "DM704")


def test_a_changed_byte_is_refused(bundle: bytes) -> None:
    for at in range(0, len(bundle), 37):
        changed = bytearray(bundle)
        changed[at] ^= 1
        assert _error(bytes(changed)).code in ("DM702", "DM703", "DM704", "DM705")


def test_a_bundle_of_a_newer_format_or_language_says_so(bundle: bytes) -> None:
    newer = bundle.replace(b'{"demur_bundle":1,', b'{"demur_bundle":2,')
    assert _error(newer).code == "DM705"
    assert _error(_sealed(bundle, lambda policy: policy.update(demur=2))).code == "DM705"


@pytest.mark.parametrize("data", [b"", b"{}", b"demur: 1", b'{"demur_bundle":1}', b"\x00" * 100])
def test_what_is_no_bundle_says_so(data: bytes) -> None:
    assert _error(data).code in ("DM702", "DM703")


def test_a_bundle_is_told_from_a_policy_file(tmp_path: Path, bundle: bytes) -> None:
    file = tmp_path / "cut.demur"
    file.write_bytes(bundle[:300])
    with pytest.raises(BundleError):
        demur.load(file)


def _sealed(bundle: bytes, change: Any) -> bytes:
    """The bundle with its policy changed and its digest made right again."""
    policy = json.loads(bundle)["policy"]
    changed = change(policy) or policy
    body = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
    head = f'{{"demur_bundle":1,"digest":"sha256:{sha256(body)}","policy":'.encode()
    return head + body + b"}\n"


HOSTILE: list[Any] = [
    None, True, -1, 10**30, 1.5, "", "x", "__import__('os').system('touch hacked')",
    "'); open('hacked', 'w').write('x'); ('", "a\nb", "\\", [], {}, [[]], ["call"],
    ["call", "bool", "os.system"], ["variable", "int", "x"], ["constant", "int", []],
    ["signal", "string", "no", "such"], ["comprehension", "bool", "exec", [], [], None, []],
    {"type": "string", "maximum_size": "0): open('hacked', 'w').write('x')  #"},
]  # fmt: skip


def _mutate(node: Any, pick: random.Random) -> None:
    """Puts something hostile somewhere into the data."""
    holder = node
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = pick.choice(keys)
        if not isinstance(holder[key], dict | list) or pick.random() < 0.15:
            holder[key] = pick.choice(HOSTILE)
            return
        holder = holder[key]


def _refused(data: bytes, record: dict[str, Any]) -> bool:
    """Whether the bundle is refused with a right code; else it has decided some records."""
    try:
        policy = Evaluator(*decode(data))
        for sample in (record, {}, {"request": {"intent": 5}}):
            policy.decide(sample).to_dict()
    except BundleError as refusal:
        return refusal.code in ("DM705", "DM706") or pytest.fail(refusal.code)
    return False


@pytest.mark.parametrize("seed", range(8))
def test_forged_content_is_refused_or_decides_and_never_runs_its_own_code(
    seed: int, bundle: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pick = random.Random(seed)
    record = good_record("policies/support_rag.yaml")[1]
    refused = 0
    for _ in range(250):
        data = _sealed(bundle, lambda policy: _mutate(policy, pick))
        refused += _refused(data, record)
    assert refused > 50
    assert list(tmp_path.iterdir()) == []


SLOW = (
    "lark pydantic ruamel jsonschema click rich re json typing dataclasses inspect hashlib datetime "
    "enum collections.abc pathlib importlib.metadata re2 logging"
).split()


def test_loading_a_bundle_and_deciding_imports_nothing_that_is_slow(tmp_path: Path) -> None:
    policy, record = good_record("docs/examples/support.yaml")
    file = tmp_path / "policy.demur"
    file.write_bytes(encode(policy.policy))
    code = (
        "import sys; before = set(sys.modules); import demur;"
        f"decision = demur.load({str(file)!r}).decide({record!r});"
        "assert decision.action == 'answer';"
        "print(' '.join(set(sys.modules) - before))"
    )
    loaded = _run(code).split()
    assert sorted(set(SLOW) & set(loaded)) == []
    assert all(name.split(".")[0] in sys.stdlib_module_names | {"demur"} for name in loaded)


def test_patterns_bring_re2_and_nothing_else_does(tmp_path: Path) -> None:
    file = tmp_path / "policy.demur"
    file.write_bytes(encode(good_record("policies/tool_agent.yaml")[0].policy))
    loaded = _run(f"import sys, demur; demur.load({str(file)!r}); print(*sys.modules)").split()
    assert "re2" in loaded
    assert not {"lark", "pydantic", "ruamel", "jsonschema"} & set(loaded)


def test_importing_demur_imports_none_of_its_dependencies() -> None:
    loaded = _run("import sys, demur; print(*sys.modules)").split()
    assert not {"lark", "pydantic", "ruamel", "jsonschema", "click", "re2"} & set(loaded)
