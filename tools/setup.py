"""Sets up `.venv` with demur and everything its tests, example and benchmark need.

Does nothing when nothing changed. Needs only Python: standard library, no shell. An old Python
must still be able to parse this file, so that it can be told that it is too old.
"""

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "demur-setup"
WANTED = [
    "--editable",
    ".[parquet,example,gate,run,texts,spark,postgres,signing,otlp,telemetry]",
    "--group",
    "dev",
]
VERSION = sys.version.split()[0]


def main() -> None:
    """Bring `.venv` up to date, or say in a line why that cannot be done."""
    if sys.version_info < OLDEST:
        sys.exit(
            f"setup: demur needs Python 3.11 or newer, and {sys.executable} is {VERSION}.\n"
            "setup: Name a newer one, as in `make setup PYTHON=python3.12`."
        )
    state = fingerprint()
    if BIN.exists() and STAMP.exists() and STAMP.read_text() == state:
        say(f".venv is up to date (Python {VERSION})")
        return
    started = time.monotonic()
    say(f"filling .venv for Python {VERSION} …")
    try:
        install()
    except subprocess.CalledProcessError as error:
        sys.exit(f"setup: `{' '.join(map(str, error.cmd))}` failed.{remedy(error)}")
    STAMP.write_text(state)
    say(f"done in {time.monotonic() - started:.0f} s")


def say(message: str) -> None:
    """Print a line of progress at once, though what runs next may print too."""
    print(f"setup: {message}", flush=True)


def fingerprint() -> str:
    """What `.venv` depends on: the project's declarations, this script, this Python, this place."""
    declarations = (ROOT / "pyproject.toml").read_bytes()
    here = f"{sys.version}\0{sys.base_prefix}\0{ROOT}".encode()
    return hashlib.sha256(b"\0".join([declarations, Path(__file__).read_bytes(), here])).hexdigest()


def install() -> None:
    """Make `.venv` afresh and install into it: with uv, which is fast, or else with pip."""
    venv.create(VENV, clear=True, symlinks=os.name != "nt", with_pip=True)
    try:
        pip("install", "uv")
        quick = ("--quiet", "--compile-bytecode")
        run(BIN / "uv", "pip", "install", *quick, "--python", BIN / "python", *WANTED)
    except (subprocess.CalledProcessError, OSError):
        say("uv cannot install here; using pip, which takes longer …")
        pip("install", "--upgrade", "pip>=25.1")  # the first to know dependency groups
        pip("install", *WANTED)
    if sys.version_info < (3, 12):
        # It comes with `venv`, nothing here needs it, and it slows every start of Python.
        pip("uninstall", "--yes", "setuptools")


def pip(verb: str, *arguments: str) -> None:
    """Run the pip of `.venv`, quietly: a warning is for its own users, an error is shown."""
    run(BIN / "python", "-m", "pip", verb, "-qq", *arguments)


def run(*command: "str | Path") -> None:
    """Run `command` in the project's folder.

    Raises:
        subprocess.CalledProcessError: it failed; what it printed has been shown.
    """
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def remedy(error: subprocess.CalledProcessError) -> str:
    """What to do about a failure that is known to happen on fresh machines, or nothing."""
    if "ensurepip" in error.cmd:
        return " On Debian and Ubuntu, the package `python3-venv` adds what is missing."
    return ""


if __name__ == "__main__":
    main()
