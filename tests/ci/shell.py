"""CI's scripts, run here: in bash, with demur's command and a pip that only writes down what it is given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import skip_unless_ci

PIP = "pip.txt"
"""Where the pip of these tests writes its arguments, in the home folder."""


def bash() -> str:
    found = shutil.which("bash")
    if found is None or os.name == "nt":
        skip_unless_ci("there is no bash")
    return found


def environment(home: Path) -> dict[str, str]:
    """Nothing of this machine's but what commands need to be found, and no store of runs elsewhere."""
    commands = home / "commands"
    commands.mkdir(parents=True, exist_ok=True)
    pip = commands / "pip"
    pip.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{home / PIP}"\n', encoding="utf-8")
    pip.chmod(0o755)
    demur = commands / "demur"
    demur.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m demur "$@"\n', encoding="utf-8")
    demur.chmod(0o755)
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(commands), os.environ["PATH"]]),
        "CI": "true",
        "LANG": "C.UTF-8",
    }


def run(script: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The script as GitHub's and GitLab's runners run it: it ends at the first command that fails."""
    return subprocess.run(
        [bash(), "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
