"""`demur verify`: whether a bundle is signed by someone who is trusted, and is no older one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from demur.cli import output, policies
from demur.cli.paths import Existing
from demur.cli.status import FAIL, CouldNotRun, InvalidPolicy

if TYPE_CHECKING:
    from demur.policy import Policy

_FILE = Existing()


@click.command(short_help="Check who signed a bundle.")
@click.argument("file", type=_FILE)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=_FILE,
    help="A trusted public key, Ed25519 in PEM. Can be given several times: one must have signed.",
)
@click.option("--signature", type=_FILE, help="The detached signature, by default FILE.sig.")
@click.option("--newer-than", type=_FILE, help="A bundle or policy whose version must be lower.")
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    keys: tuple[Path, ...],
    signature: Path | None,
    newer_than: Path | None,
) -> None:
    """Verify that FILE is a bundle that one of the keys signed, with its signature in it or beside it.

    Exit status: 0 it is, 1 it is not, or is no newer one, 2 a key is none, 4 could not read.
    """
    from demur.runtime.bundle import BundleError
    from demur.runtime.signatures import decode_signed, read_detached, read_public_keys

    try:
        trusted = read_public_keys(keys)
        data = file.read_bytes()
        detached = read_detached(file) if signature is None else signature.read_bytes()
        policy, digest, signers = decode_signed(data, trusted, detached)
    except BundleError as failure:
        message = policies.refusal(file, failure)
        if failure.code == "DM925":
            raise CouldNotRun(message) from None
        if failure.code == "DM924":
            raise InvalidPolicy(message) from None
        output.put(f"{message}\n")
        context.exit(FAIL)
    if newer_than is not None:
        problem = _not_newer(policy, policies.load(newer_than).policy)
        if problem:
            output.tell(f"{file.as_posix()}: {problem}")
            context.exit(FAIL)
    output.tell(f"policy  {policy.name}" + (f" {policy.version}" if policy.version else ""))
    output.tell(f"digest  {digest}")
    for signer in signers:
        output.tell(f"signed  {signer}")


def _not_newer(policy: Policy, other: Policy) -> str | None:
    """Why a policy is no newer version of another; None where it is."""
    from demur.runtime.versions import precedence

    if policy.name != other.name:
        return f"The policy is `{policy.name}`, and the other is `{other.name}`."
    new, old = precedence(policy.version), precedence(other.version)
    if new is None or old is None:
        return "The versions cannot be compared: both policies need a `version`."
    if new <= old:
        return f"Version {policy.version} is not newer than {other.version}."
    return None
