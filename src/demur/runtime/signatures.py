"""Signed bundles: who answers for a policy, and that it is the one they signed. Ed25519 (RFC 8032).

A signature is one line of JSON, after the bundle's own line or in a file `FILE.sig` beside it:

    {"demur_signature":1,"algorithm":"ed25519","key":"sha256:…","policy":…,"version":…,"digest":…,"signature":…}

What is signed is a fixed text that says what this is a signature of, and then the line without its
last member. So it holds for one digest, one name and one version, and for no other purpose. A key is
named by the SHA-256 of its public part in DER (SPKI). Several lines are several signatures.

The cryptography is the package `cryptography`, imported when a key is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demur.files import open_file, read_file
from demur.policy import Policy
from demur.runtime.bundle import (
    SIGNATURE,
    BundleError,
    body_digest,
    decode,
    is_bundle,
    parts,
    sha256,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    Key = str | PathLike[str] | bytes
    """A PEM file's path, or its content."""

ENDING = ".sig"
"""A detached signature's file is named as the bundle's, and this."""
PASSPHRASE = "DEMUR_KEY_PASSPHRASE"
"""The environment variable with the passphrase of an encrypted private key."""
_PURPOSE = b"demur bundle signature 1\0"
_MOST = 64 * 1024
"""Bytes beyond which signatures are refused unread."""


def sign(bundle: bytes, key: Ed25519PrivateKey) -> bytes:
    """The line that signs a bundle. Raises `BundleError` for a bad bundle."""
    policy, digest = decode(bundle)
    claim = {
        "demur_signature": 1,
        "algorithm": "ed25519",
        "key": key_id(key.public_key()),
        "policy": policy.name,
        "version": policy.version,
        "digest": digest,
    }
    signature = key.sign(_PURPOSE + _written(claim)).hex()
    return _written({**claim, "signature": signature}) + b"\n"


def decode_signed(
    data: bytes, keys: Mapping[str, Ed25519PublicKey], detached: bytes = b""
) -> tuple[Policy, str, tuple[str, ...]]:
    """The policy in a bundle, its digest, and the trusted keys that signed it: at least one.

    `detached` are signatures from beside the bundle; those in it go before them. Nothing of the policy
    is read before a signature holds. Raises `BundleError`.
    """
    if not is_bundle(data):
        raise _unsigned("This is no bundle, so that it bears no signature")
    bundle, embedded = parts(data)
    digest = body_digest(bundle)
    claims = _claims(embedded or detached)
    trusted = [claim for claim in claims if claim["key"] in keys]
    if not trusted:
        raise _untrusted(claims, keys)
    for claim in trusted:
        if claim["digest"] != digest or not _holds(claim, keys[claim["key"]]):
            raise _wrong(claim)
    policy, digest = decode(bundle)
    for claim in trusted:
        if (claim["policy"], claim["version"]) != (policy.name, policy.version):
            raise _wrong(claim)
    return policy, digest, tuple(dict.fromkeys(claim["key"] for claim in trusted))


def load_signed(data: bytes, path: str | PathLike[str], keys: Iterable[Key]) -> tuple[Policy, str]:
    """The policy of a bundle that was read from `path`, with its digest, if one of `keys` signed it.

    Raises `BundleError`, and ValueError where no key is given.
    """
    return decode_signed(data, read_public_keys(keys), read_detached(path))[:2]


def read_detached(path: str | PathLike[str], signature: str | PathLike[str] | None = None) -> bytes:
    """The signatures in the file `signature`, or beside a bundle: there empty for no file. Raises OSError."""
    try:
        with open_file(
            signature or f"{os.fspath(path)}{ENDING}", pipes=signature is not None
        ) as file:
            return file.read(_MOST + 1)
    except FileNotFoundError:
        if signature is not None:
            raise
        return b""


def key_id(key: Ed25519PublicKey) -> str:
    """A key's name: `sha256:` and the SHA-256 of its SPKI in DER, in hexadecimal."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return f"sha256:{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}"


def read_public_keys(keys: Iterable[Key]) -> dict[str, Ed25519PublicKey]:
    """The trusted keys by their names, from PEM files or the bytes of such.

    Raises `BundleError` for what is no such key, and ValueError where there is none at all: no key
    could ever be meant to trust everything.
    """
    if isinstance(keys, str | bytes | PathLike):
        raise TypeError("keys is one key; give a list of keys")
    primitives = _primitives()
    found: dict[str, Ed25519PublicKey] = {}
    for given in keys:
        content, shown = _content(given)
        try:
            key = primitives.load_pem_public_key(content)
            found[key_id(key)] = _of_kind(key, "Ed25519PublicKey")
        except Exception:
            advice = "The private key stays where bundles are signed. " * (b"PRIVATE" in content)
            raise _bad_key(shown, "is no public Ed25519 key in PEM", advice) from None
    if not found:
        raise ValueError(
            "keys is empty, so that nothing could be trusted; leave it out or give one"
        )
    return found


def read_private_key(given: Key) -> Ed25519PrivateKey:
    """The key to sign with, from a PEM file or the bytes of one. Raises `BundleError`."""
    primitives = _primitives()
    content, shown = _content(given)
    passphrase = os.environ.get(PASSPHRASE, "").encode() if b"ENCRYPTED" in content else None
    if passphrase == b"":
        advice = f"Set the environment variable {PASSPHRASE}. "
        raise _bad_key(shown, "is encrypted and there is no passphrase", advice)
    try:
        key = primitives.load_pem_private_key(content, passphrase)
        return _of_kind(key, "Ed25519PrivateKey")
    except Exception:
        problem = "is no private Ed25519 key in PEM"
        if passphrase:
            problem += ", or the passphrase is wrong"
        raise _bad_key(shown, problem) from None


def new_key() -> tuple[bytes, bytes, str]:
    """A new key as PEM, its public part as PEM, and its name. Raises `BundleError`."""
    primitives = _primitives()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        primitives.Encoding.PEM, primitives.PrivateFormat.PKCS8, primitives.NoEncryption()
    )
    public = key.public_key().public_bytes(
        primitives.Encoding.PEM, primitives.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public, key_id(key.public_key())


def _written(claim: Mapping[str, Any]) -> bytes:
    return json.dumps(claim, separators=(",", ":"), ensure_ascii=True).encode("ascii")


_MEMBERS = ["demur_signature", "algorithm", "key", "policy", "version", "digest", "signature"]


def _claims(lines: bytes) -> list[dict[str, Any]]:
    """What each signature says. Every line must be just as `sign` writes it."""
    if not lines:
        raise _unsigned("The bundle is not signed")
    if len(lines) > _MOST or not lines.endswith(b"\n"):
        raise _malformed()
    return [_claim(line) for line in lines[:-1].split(b"\n")]


def _claim(line: bytes) -> dict[str, Any]:
    try:
        claim = json.loads(line) if line.startswith(SIGNATURE + b"1,") else None
        if not isinstance(claim, dict) or list(claim) != _MEMBERS or _written(claim) != line:
            raise _malformed()
        texts = [claim["key"], claim["policy"], claim["digest"], claim["signature"]]
        right = claim["algorithm"] == "ed25519" and all(isinstance(text, str) for text in texts)
        if not right or bytes.fromhex(claim["signature"]).hex() != claim["signature"]:
            raise _malformed()
    except (ValueError, RecursionError):
        raise _malformed() from None
    return claim


def _holds(claim: dict[str, Any], key: Ed25519PublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature

    said = {name: value for name, value in claim.items() if name != "signature"}
    try:
        key.verify(bytes.fromhex(claim["signature"]), _PURPOSE + _written(said))
    except InvalidSignature:
        return False
    return True


def _unsigned(what: str) -> BundleError:
    return BundleError(
        "DM920",
        f"{what}, and a signature is demanded.",
        "Sign it: `demur compile POLICY -o FILE --sign KEY`.",
    )


def _malformed() -> BundleError:
    return BundleError(
        "DM921", "A signature is not one that demur wrote.", "Sign the bundle again."
    )


def _untrusted(claims: list[dict[str, Any]], keys: Mapping[str, Any]) -> BundleError:
    signers = ", ".join(dict.fromkeys(claim["key"] for claim in claims))
    return BundleError(
        "DM922",
        f"The bundle is signed by {signers}, which is not trusted.",
        f"Trusted: {', '.join(keys)}. Sign it with one of these keys, or trust the other as well.",
    )


def _wrong(claim: Mapping[str, Any]) -> BundleError:
    return BundleError(
        "DM923",
        f"The signature by {claim['key']} does not hold for this bundle.",
        "One of the two was changed or exchanged. Do not use it: find out where it came from.",
    )


def _bad_key(shown: str, problem: str, advice: str = "") -> BundleError:
    make = "Make keys with `demur keygen NAME`, or `openssl genpkey -algorithm ed25519`."
    return BundleError("DM924", f"{shown} {problem}.", f"{advice}{make}")


def _content(given: Key) -> tuple[bytes, str]:
    """A key's PEM, and how messages call it."""
    if isinstance(given, bytes):
        return given, "The key"
    shown = f"`{Path(given).as_posix()}`"
    try:
        return read_file(Path(given), _MOST, pipes=True), shown
    except OSError as failure:
        reason = (failure.strerror or "unknown cause").lower()
        raise BundleError(
            "DM924", f"The key {shown} cannot be read: {reason}.", "Check the path."
        ) from None


def _of_kind(key: Any, kind: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if not isinstance(key, getattr(ed25519, kind)):
        raise TypeError(f"the key is no {kind}")
    return key


def _primitives() -> Any:
    """The package's module of key formats. Raises `BundleError` where it is not installed."""
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise BundleError(
            "DM925",
            "Signatures need the package `cryptography`.",
            'Install it: pip install "demur[signing]".',
        ) from None
    return serialization
