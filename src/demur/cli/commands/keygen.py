"""`demur keygen`: a key to sign bundles with."""

from __future__ import annotations

import os
from pathlib import Path

import click

from demur.cli import output, policies
from demur.cli.status import CouldNotRun


@click.command(short_help="Make a key to sign bundles with.")
@click.argument("name", type=click.Path(path_type=Path))
def command(name: Path) -> None:
    """Make an Ed25519 key: NAME.pem, which signs and stays secret, and NAME.pub.pem, which verifies.

    Both are PEM as openssl writes it. Files that are there are not replaced. Exit status: 0 made,
    2 the files are there, 4 could not write.
    """
    from demur.runtime.bundle import BundleError
    from demur.runtime.signatures import new_key

    private_path = name.with_name(f"{name.name}.pem")
    public_path = name.with_name(f"{name.name}.pub.pem")
    try:
        private, public, identity = new_key()
    except BundleError as failure:
        raise CouldNotRun(policies.refusal(name, failure)) from None
    for path in (private_path, public_path):
        if path.exists():
            raise click.UsageError(f"{path.as_posix()} is there. Give another name.")
    _write(private_path, private, 0o600)
    _write(public_path, public, 0o644)
    output.tell(f"key     {identity}")
    output.tell(f"secret  {private_path.as_posix()}")
    output.tell(f"public  {public_path.as_posix()}")


def _write(path: Path, content: bytes, permissions: int) -> None:
    """A new file that was never readable to more than it should be. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, permissions)
    with open(handle, "wb") as stream:  # noqa: PTH123
        stream.write(content)
