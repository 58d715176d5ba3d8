"""The codes of signatures and keys, for the reference; `signatures` raises them."""

from __future__ import annotations

SIGNATURE_CODES: dict[str, tuple[str, str, str]] = {
    "DM920": (
        "unsigned",
        "A signature is demanded and there is none",
        "Where keys are given, only a bundle with a signature by one of them is loaded, and a policy "
        "file bears none. Compile it with `demur compile POLICY -o FILE --sign KEY`. A detached "
        "signature stands beside the bundle, as `FILE.sig`.",
    ),
    "DM921": (
        "malformed-signature",
        "A signature is not one that demur wrote",
        "A signature is one line of JSON with fixed keys in a fixed order. It was cut or changed: "
        "sign the bundle again.",
    ),
    "DM922": (
        "untrusted-key",
        "The bundle is signed, but by no key that is trusted",
        "The message names the key that signed. Give its public key too, or sign the bundle with a "
        "key that is trusted. While keys are rotated, trust the old and the new one.",
    ),
    "DM923": (
        "wrong-signature",
        "The signature does not hold for this bundle",
        "It was made for another policy, or the bundle or the signature was changed afterwards. Do "
        "not use the bundle; find out where it came from, and sign the right one again.",
    ),
    "DM924": (
        "bad-key",
        "A key cannot be read",
        "Keys are Ed25519 in PEM: the private one in PKCS #8, the public one in SPKI, as `demur "
        "keygen NAME` writes them, and `openssl genpkey -algorithm ed25519`. The passphrase of an "
        "encrypted private key is taken from the environment variable `DEMUR_KEY_PASSPHRASE`.",
    ),
    "DM925": (
        "no-cryptography",
        "Signatures need a package that is not installed",
        'Install it with `pip install "demur[signing]"`.',
    ),
}
"""Name, title, and an explanation for the reference."""
