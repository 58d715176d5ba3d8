"""Bundles: a compiled policy as one line of canonical JSON with its digest.

    {"demur_bundle":1,"digest":"sha256:…","policy":{…}}

The digest is SHA-256 over the bytes of the policy's JSON, which is canonical: keys sorted, no
spaces, ASCII. So the same policy gives the same bytes on every machine, and the loader need not
write the JSON again to check it. An expression is an array `[kind, type, …]`; its parts follow in
the order of the node's fields. Signatures may follow the bundle, a line each; see `signatures`.
"""

from __future__ import annotations

from demur.policy import Policy
from demur.runtime.encoding import read_policy, write_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1
LANGUAGE = 1
"""The newest language version that this demur reads."""
_PREFIX = f'{{"demur_bundle":{FORMAT},"digest":"sha256:'.encode()
_MIDDLE = b'","policy":'
_DIGEST_LENGTH = 64
SIGNATURE = b'{"demur_signature":'
"""How a line begins that is a signature."""
MAXIMUM_SIZE = 64 * 1024 * 1024
"""Bytes beyond which a bundle is refused unread."""
LARGEST = MAXIMUM_SIZE + 128 * 1024
"""Bytes that are read of a file at most: a bundle with its signatures."""


MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What goes wrong with content that only pretends to be a compiled policy."""


class BundleError(Exception):
    """A bundle that cannot be loaded; `code` is the diagnostic's, `help` what to do."""

    def __init__(self, code: str, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(f"{code}: {message} {help}")


def encode(policy: Policy) -> bytes:
    """The bundle of a policy."""
    body = canonical(policy)
    return _PREFIX + sha256(body).encode() + _MIDDLE + body + b"}\n"


def digest(policy: Policy) -> str:
    """The policy's identity: `sha256:` and the digest of its canonical JSON."""
    return f"sha256:{sha256(canonical(policy))}"


def is_bundle(data: bytes) -> bool:
    """Whether this looks like a bundle, of whatever format, rather than a policy file."""
    return data.lstrip()[:1] == b"{" and b'"demur_bundle"' in data[:200]


def decode(data: bytes) -> tuple[Policy, str]:
    """The policy in a bundle and its digest. Raises `BundleError`."""
    if len(data) > MAXIMUM_SIZE:
        raise _too_large()
    bundle, signatures = parts(data)
    digest, body = _checked(bundle)
    if signatures and not (signatures.startswith(SIGNATURE) and signatures.endswith(b"}\n")):
        raise BundleError(
            "DM707",
            "Something follows the bundle that is no signature.",
            "Copy the bundle again, or compile the policy again.",
        )
    try:
        content = parse_json(body)
    except (ValueError, RecursionError, StopIteration):
        raise malformed() from None
    language = content.get("demur") if isinstance(content, dict) else None
    if isinstance(language, int) and language > LANGUAGE:
        raise _newer(f"language version {language}")
    try:
        policy = read_policy(content)
    except MALFORMED:
        raise malformed() from None
    if policy.requires:
        _load_extensions(policy.requires)
    return policy, f"sha256:{digest}"


def _load_extensions(names: tuple[str, ...]) -> None:
    """Loads the functions that other packages provide. Raises `BundleError` for one that cannot be."""
    from demur.functions.extensions import ExtensionError, load

    for name in names:
        try:
            load(name)
        except ExtensionError as failure:
            raise BundleError("DM708", failure.message, failure.help) from None


def parts(data: bytes) -> tuple[bytes, bytes]:
    """The bundle proper, which is one line, and the signatures after it."""
    end = data.find(b"\n") + 1
    return (data[:end], data[end:]) if 0 < end < len(data) else (data, b"")


def body_digest(bundle: bytes) -> str:
    """The digest of a bundle whose content matches it. Raises `BundleError`."""
    if len(bundle) > MAXIMUM_SIZE:
        raise _too_large()
    return f"sha256:{_checked(bundle)[0]}"


def _checked(bundle: bytes) -> tuple[str, bytes]:
    """The digest and the policy's bytes, which match."""
    digest, body = _split(bundle)
    if sha256(body) != digest:
        raise BundleError(
            "DM704",
            "The bundle's content does not match its digest.",
            "It was changed or cut after it was compiled: compile the policy again.",
        )
    return digest, body


def _too_large() -> BundleError:
    return BundleError("DM701", "The bundle is too large.", "Bundles have at most 64 MiB.")


def _split(data: bytes) -> tuple[str, bytes]:
    """The digest and the policy's bytes."""
    start = len(_PREFIX)
    if not data.startswith(_PREFIX):
        other = data.lstrip()[:40].decode("ascii", "replace")
        number = other.partition('"demur_bundle":')[2].partition(",")[0].strip()
        if number.isdigit() and int(number) > FORMAT:
            raise _newer(f"bundle format {number}")
        raise BundleError(
            "DM702",
            "This is not a bundle that demur wrote.",
            "Compile it with `demur compile POLICY -o FILE`; bundles are not edited by hand.",
        )
    middle = start + _DIGEST_LENGTH
    if data[middle : middle + len(_MIDDLE)] != _MIDDLE or not data.endswith(b"}\n"):
        raise BundleError(
            "DM703", "The bundle is cut short.", "Copy it again, or compile the policy again."
        )
    return data[start:middle].decode("ascii", "replace"), data[middle + len(_MIDDLE) : -2]


def _newer(what: str) -> BundleError:
    return BundleError(
        "DM705",
        f"The bundle is of a newer demur ({what}).",
        "Update demur, or compile the policy with this version.",
    )


def malformed() -> BundleError:
    """The error of a bundle whose digest is right and whose content is no policy."""
    return BundleError(
        "DM706",
        "The bundle's content is not a compiled policy.",
        "Compile the policy again with this version of demur.",
    )


def canonical(policy: Policy) -> bytes:
    """The policy as canonical JSON."""
    import json

    text = json.dumps(
        write_policy(policy),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    return text.encode("ascii")


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` in hexadecimal.

    Python's own implementation is taken where it is built in: importing `hashlib` loads OpenSSL,
    which costs more than all the rest of loading a bundle.
    """
    for module in ("_sha2", "_sha256"):
        try:
            return __import__(module).sha256(data).hexdigest()
        except (ImportError, AttributeError):
            continue
    import hashlib

    return hashlib.sha256(data).hexdigest()


class _Scanning:
    """What the scanner under `json` asks for; the package itself would import `re`, and much more."""

    def __init__(self) -> None:
        self.strict = True
        self.object_hook = None
        self.object_pairs_hook = _unique
        self.parse_float = float
        self.parse_int = int
        self.parse_constant = _no_constant
        self.memo: dict[str, str] = {}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_json(data: bytes) -> Any:
    """The data of canonical JSON. Raises ValueError."""
    text = data.decode("ascii")
    try:
        make_scanner = __import__("_json").make_scanner
    except (ImportError, AttributeError):
        import json

        return json.loads(text, object_pairs_hook=_unique)
    value, end = make_scanner(_Scanning())(text, 0)
    if end != len(text):
        raise ValueError("more than one JSON value")
    return value
