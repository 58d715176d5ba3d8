"""Checks what the project is made of: its workflows by zizmor, and its dependencies by pip-audit.

`python tools/audit.py` fails on what they find. Where no list of vulnerabilities can be reached, as without
a network, it says so loudly and goes on: there is nothing that a machine could install against that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = (
    "action.yml",
    "docs/examples/ci/github.yml",
    "src/demur/scaffold/templates/github/workflow.yml",
)


def main() -> int:
    """Runs both; 1 where either finds something."""
    return max(_workflows(), _dependencies())


def _workflows() -> int:
    command = [
        _program("zizmor"),
        "--offline",
        "--no-progress",
        "--config",
        "tools/zizmor.yml",
        *WORKFLOWS,
    ]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr)
        return 1
    print(f"audit: zizmor finds nothing in {len(WORKFLOWS)} workflows")
    return 0


def _dependencies() -> int:
    command = [
        _program("pip-audit"),
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--skip-editable",
    ]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _unreached(done.stderr.strip().splitlines()[-1:] or ["it says nothing"])
    audited = [one for one in found if "vulns" in one]
    if not audited:
        return _unreached(["no package is known to it"])
    vulnerable = [one for one in audited if one["vulns"]]
    for one in vulnerable:
        for vulnerability in one["vulns"]:
            mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(
                f"audit: {one['name']} {one['version']}: {vulnerability['id']}; mended in {mended}"
            )
    print(f"audit: {len(vulnerable)} of {len(audited)} packages have known vulnerabilities")
    return int(bool(vulnerable))


def _unreached(reasons: list[str]) -> int:
    print(
        f"audit: *** no list of vulnerabilities could be had, so none was looked up: {reasons[0]} ***"
    )
    return 0


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


if __name__ == "__main__":
    sys.exit(main())
