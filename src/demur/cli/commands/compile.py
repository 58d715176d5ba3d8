"""`demur compile`: a policy file to a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from demur.cli import output, policies


@click.command(short_help="Compile a policy file to the bundle that a service loads.")
@click.argument("policy", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bundle to write, by habit NAME.demur.",
)
@click.option("--force", is_flag=True, help="Write over a file that is no bundle.")
def command(policy: Path, target: Path, force: bool) -> None:
    """Compile POLICY to a bundle: one file with the policy's digest, which a service loads fast.

    The same policy gives the same bytes on every machine. The bundle appears complete or not at
    all. Exit status: 0 written, 2 invalid policy, 4 could not write.
    """
    from demur.runtime.bundle import encode, is_bundle

    if not force and target.is_file() and not is_bundle(target.read_bytes()):
        raise click.UsageError(f"{target.as_posix()} is there and is no bundle. Give --force.")
    evaluator = policies.load(policy)
    data = encode(evaluator.policy)
    with output.replacing(target) as stream:
        stream.write(data)
    compiled = evaluator.policy
    facts = {
        "policy": compiled.name + (f" {compiled.version}" if compiled.version else ""),
        "digest": evaluator.digest,
        "stages": ", ".join(compiled.stages) or "none",
        "rules": str(len(compiled.rules)),
        "size": f"{len(data):,} bytes, from {policy.stat().st_size:,}",
        "bundle": target.as_posix(),
    }
    for name, value in facts.items():
        click.echo(f"{name:<8}{value}")
