"""Signed bundles: what was signed by whom is loaded, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import demur
from demur.runtime.bundle import BundleError, sha256
from demur.runtime.signature_codes import SIGNATURE_CODES
from demur.runtime.signatures import (
    PASSPHRASE,
    decode_signed,
    key_id,
    new_key,
    read_private_key,
    read_public_keys,
    sign,
)
from tests.service.rollout.policies import bundle, evaluator, text

PRIVATE, PUBLIC, NAME = new_key()
OTHER_PRIVATE, OTHER_PUBLIC, OTHER_NAME = new_key()
KEY = read_private_key(PRIVATE)
OTHER_KEY = read_private_key(OTHER_PRIVATE)
TRUSTED = read_public_keys([PUBLIC])
BOTH = read_public_keys([PUBLIC, OTHER_PUBLIC])


def signed(version: str = "1.0.0", *keys: Ed25519PrivateKey) -> bytes:
    data = bundle(version)
    return data + b"".join(sign(data, key) for key in keys or (KEY,))


def refused(data: bytes, trusted: dict[str, object] = TRUSTED, detached: bytes = b"") -> str:
    with pytest.raises(BundleError) as caught:
        decode_signed(data, trusted, detached)  # type: ignore[arg-type]
    assert caught.value.message.endswith(".")
    assert caught.value.help
    return caught.value.code


def test_a_signed_bundle_is_the_policy_and_says_who_signed() -> None:
    policy, digest, signers = decode_signed(signed(), TRUSTED)
    assert (policy.name, policy.version, digest) == ("live", "1.0.0", evaluator().digest)
    assert signers == (NAME,)


def test_a_detached_signature_does_as_well_and_an_embedded_one_goes_before_it() -> None:
    data = bundle()
    assert decode_signed(data, TRUSTED, sign(data, KEY))[2] == (NAME,)
    of_another = sign(bundle("2.0.0"), KEY)
    assert refused(data, detached=of_another) == "DM923"
    assert decode_signed(signed(), TRUSTED, of_another)[2] == (NAME,)


def test_every_changed_byte_is_refused() -> None:
    data = signed()
    for at in range(len(data)):
        for flip in (1, 0x20) if at % 3 == 0 else (1,):
            changed = bytearray(data)
            changed[at] ^= flip
            refused(bytes(changed))


def test_every_cut_is_refused() -> None:
    data = signed()
    for end in range(len(data)):
        refused(data[:end])


def test_every_inserted_or_doubled_line_is_refused() -> None:
    data = signed()
    line = data.index(b"\n") + 1
    for extra in (b"\n", b"{}\n", b" ", data[line:][:-1], b'{"demur_signature":1}\n', b"\x00\n"):
        refused(data + extra)
        refused(data[:line] + extra + data[line:])


def test_unsigned_is_refused() -> None:
    assert refused(bundle()) == "DM920"
    assert refused(text().encode()) == "DM920"


def test_a_signature_of_a_key_that_is_not_trusted_counts_for_nothing() -> None:
    assert refused(signed("1.0.0", OTHER_KEY)) == "DM922"


def test_with_rotated_keys_one_trusted_signature_is_enough() -> None:
    old_only, new_only = signed("1.0.0", KEY), signed("1.0.0", OTHER_KEY)
    both = signed("1.0.0", KEY, OTHER_KEY)
    for data in (old_only, new_only, both):
        assert decode_signed(data, BOTH)
    assert decode_signed(both, TRUSTED)[2] == (NAME,)
    assert decode_signed(both, read_public_keys([OTHER_PUBLIC]))[2] == (OTHER_NAME,)
    assert decode_signed(both, BOTH)[2] == (NAME, OTHER_NAME)


def test_a_good_signature_does_not_excuse_a_bad_one_of_a_trusted_key() -> None:
    data = bundle()
    for other in (bundle("2.0.0"), bundle("1.0.0", action="escalate")):
        assert refused(data + sign(data, KEY) + sign(other, OTHER_KEY), BOTH) == "DM923"
        assert refused(data + sign(other, OTHER_KEY) + sign(data, KEY), BOTH) == "DM923"


def test_a_signature_cannot_be_moved_to_another_policy() -> None:
    moved = bundle("0.9.0") + sign(bundle("1.0.0"), KEY)
    assert refused(moved) == "DM923"
    # Nor by writing the other policy's facts into it.
    line = json.loads(sign(bundle("1.0.0"), KEY))
    other = json.loads(sign(bundle("0.9.0"), OTHER_KEY))
    line.update(version=other["version"], digest=other["digest"])
    forged = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    assert refused(bundle("0.9.0") + forged) == "DM923"


@pytest.mark.parametrize("purpose", [b"", b"demur bundle signature 2\0"])
def test_what_was_signed_for_another_purpose_does_not_hold(purpose: bytes) -> None:
    line = json.loads(sign(bundle(), KEY))
    del line["signature"]
    said = json.dumps(line, separators=(",", ":")).encode()
    line["signature"] = KEY.sign(purpose + said).hex()
    forged = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    assert refused(bundle() + forged) == "DM923"


def test_a_claim_for_another_name_or_version_is_refused_though_it_is_signed() -> None:
    line = json.loads(sign(bundle(), KEY))
    del line["signature"]
    for change in ({"policy": "other"}, {"version": "9.0.0"}, {"version": None}):
        claim = {**line, **change}
        said = json.dumps(claim, separators=(",", ":")).encode()
        claim["signature"] = KEY.sign(b"demur bundle signature 1\0" + said).hex()
        forged = json.dumps(claim, separators=(",", ":")).encode() + b"\n"
        assert refused(bundle() + forged) == "DM923"


def test_a_signature_is_written_in_one_way_only() -> None:
    line = sign(bundle(), KEY)
    for old, new in (
        (b'"demur_signature":1', b'"demur_signature":1.0'),
        (b'"demur_signature":1', b'"demur_signature":true'),
        (b'"algorithm":"ed25519"', b'"algorithm": "ed25519"'),
        (b"ed25519", b"\\u0065d25519"),
        (b'"policy":', b'"policy":"other","policy":'),
        (b'"digest":', b'"more":1,"digest":'),
        (b"}\n", b"}\r\n"),
    ):
        assert old in line
        assert refused(bundle() + line.replace(old, new)) == "DM921"
    assert refused(bundle() + b"[" * 60_000 + b"\n") == "DM921"
    assert refused(bundle() + line * 200) == "DM921"


def test_nothing_of_a_policy_is_read_before_its_signature_holds() -> None:
    body = b'{"demur":99}'
    head = f'{{"demur_bundle":1,"digest":"sha256:{sha256(body)}","policy":'.encode()
    assert refused(head + body + b"}\n" + sign(bundle(), KEY)) == "DM923"


def test_a_key_is_named_by_its_spki_as_openssl_would() -> None:
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_id(KEY.public_key()) == f"sha256:{sha256(der)}" == NAME


def test_load_with_keys_takes_signed_bundles_only(tmp_path: Path) -> None:
    public = tmp_path / "key.pub.pem"
    public.write_bytes(PUBLIC)
    file = tmp_path / "live.demur"
    file.write_bytes(signed())
    assert demur.load(file, keys=[public]).digest == evaluator().digest
    assert demur.load(file).digest == evaluator().digest
    file.write_bytes(bundle())
    with pytest.raises(BundleError, match="DM920"):
        demur.load(file, keys=[public])
    (tmp_path / "live.demur.sig").write_bytes(sign(bundle(), KEY))
    assert demur.load(file, keys=[PUBLIC], parameters={"least": 0.9}).digest != evaluator().digest


def test_no_key_at_all_is_a_mistake_and_never_means_any_key(tmp_path: Path) -> None:
    file = tmp_path / "live.demur"
    file.write_bytes(signed())
    with pytest.raises(ValueError, match="keys is empty"):
        demur.load(file, keys=[])
    with pytest.raises(TypeError, match="list of keys"):
        demur.load(file, keys="key.pub.pem")


def test_an_encrypted_key_needs_its_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    encrypted = KEY.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame")
    )
    monkeypatch.delenv(PASSPHRASE, raising=False)
    with pytest.raises(BundleError, match="no passphrase"):
        read_private_key(encrypted)
    monkeypatch.setenv(PASSPHRASE, "wrong")
    with pytest.raises(BundleError, match="passphrase is wrong"):
        read_private_key(encrypted)
    monkeypatch.setenv(PASSPHRASE, "sesame")
    assert key_id(read_private_key(encrypted).public_key()) == NAME


def foreign_keys() -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    key = generate_private_key(SECP256R1())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", PRIVATE, PUBLIC[:60], foreign_keys()[1]],
    ids=["empty", "garbage", "private", "cut", "of another kind"],
)
def test_what_is_no_public_key_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="DM924"):
        read_public_keys([content])


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", PUBLIC, PRIVATE[:60], foreign_keys()[0]],
    ids=["empty", "garbage", "public", "cut", "of another kind"],
)
def test_what_is_no_private_key_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="DM924"):
        read_private_key(content)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"none\.pem` cannot be read"):
        read_public_keys([tmp_path / "none.pem"])


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(BundleError, match=r"pip install \"demur\[signing\]\""):
        read_public_keys([PUBLIC])


def test_without_keys_a_signed_bundle_loads_without_cryptography(tmp_path: Path) -> None:
    file = tmp_path / "live.demur"
    file.write_bytes(signed())
    code = f"import sys, demur; demur.load({str(file)!r}); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = run.stdout.split()
    assert "demur.runtime.bundle" in loaded
    assert not {"cryptography", "json", "demur.runtime.signatures"} & set(loaded)


def test_what_follows_a_bundle_and_is_no_signature_is_refused_without_keys_too(
    tmp_path: Path,
) -> None:
    file = tmp_path / "live.demur"
    for extra in (b"x", b"{}\n", b'{"demur_signature":1', bundle()):
        file.write_bytes(bundle() + extra)
        with pytest.raises(BundleError, match="DM707"):
            demur.load(file)


def test_every_code_has_a_page() -> None:
    assert [code for code in SIGNATURE_CODES if not code.startswith("DM92")] == []
