"""`demur compile`: a policy file to a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from demur.cli import output, policies
from demur.cli.paths import Existing
from demur.cli.status import InvalidPolicy


@click.command(short_help="Compile a policy file to the bundle that a service loads.")
@click.argument("policy", type=Existing())
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bundle to write, by habit NAME.demur.",
)
@click.option(
    "--sign",
    "keys",
    multiple=True,
    type=Existing(),
    help="Sign with this private key, Ed25519 in PEM. Can be given several times.",
)
@click.option("--detached", is_flag=True, help="Write the signature to FILE.sig instead.")
@click.option("--force", is_flag=True, help="Write over a file that is no bundle.")
def command(
    policy: Path, target: Path, keys: tuple[Path, ...], detached: bool, force: bool
) -> None:
    """Compile POLICY to a bundle: one file with the policy's digest, which a service loads fast.

    The same policy gives the same bytes on every machine. The bundle appears complete or not at
    all. POLICY may be a bundle itself, to be signed anew. Exit status: 0 written, 2 invalid policy
    or key, 4 could not write.
    """
    from demur.runtime.bundle import encode, is_bundle

    if not force and target.is_file() and not is_bundle(target.read_bytes()):
        raise click.UsageError(f"{target.as_posix()} is there and is no bundle. Give --force.")
    if detached and not keys:
        raise click.UsageError("--detached says where the signature goes. Give --sign too.")
    evaluator = policies.load(policy)
    data = encode(evaluator.policy)
    signatures = _signatures(data, keys)
    if detached:
        # First the signature: where the bundle is seen, its signature is there.
        with output.replacing(target.with_name(target.name + ".sig")) as stream:
            stream.write(signatures)
    with output.replacing(target) as stream:
        stream.write(data if detached else data + signatures)
    compiled = evaluator.policy
    facts = {
        "policy": compiled.name + (f" {compiled.version}" if compiled.version else ""),
        "digest": evaluator.digest,
        "stages": ", ".join(compiled.stages) or "none",
        "rules": str(len(compiled.rules)),
        "size": f"{len(data):,} bytes, from {policy.stat().st_size:,}",
        "bundle": target.as_posix(),
    }
    if keys:
        facts["signed"] = f"{len(keys)} in {target.as_posix()}{'.sig' if detached else ''}"
    for name, value in facts.items():
        output.tell(f"{name:<8}{value}")
    stated = len(compiled.evaluation.get("invariants", {}))
    if stated:
        what = "invariant is" if stated == 1 else "invariants are"
        output.tell(
            f"warning: {stated} {what} stated, not proved: only types are checked.", err=True
        )


def _signatures(bundle: bytes, keys: tuple[Path, ...]) -> bytes:
    """A line for each key that signs. Raises `InvalidPolicy` for what is no key."""
    from demur.runtime.bundle import BundleError

    lines: list[bytes] = []
    for key in keys:
        from demur.runtime.signatures import read_private_key, sign

        try:
            lines.append(sign(bundle, read_private_key(key)))
        except BundleError as failure:
            raise InvalidPolicy(policies.refusal(key, failure)) from None
    return b"".join(lines)
