"""What the tests need beyond PyPI: real servers and a browser, and where to get them.

`python tools/system_packages.py` installs what is missing where it may, which is as root on Debian
and Ubuntu, and says loudly what it could not. Needs only Python: standard library, no shell.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SystemPackage:
    """A program that tests run: what it is for, the Debian packages that bring it, where it may be."""

    program: str
    purpose: str
    packages: tuple[str, ...]
    places: tuple[str, ...] = ()

    def find(self) -> "str | None":
        """The program's path, the newest version's where there are several; None where it is not."""
        found = shutil.which(self.program)
        if found is not None:
            return found
        for place in self.places:
            matches = sorted(Path("/").glob(f"{place.lstrip('/')}/{self.program}"), key=_version)
            if matches:
                return str(matches[-1])
        return None


def _version(path: Path) -> "list[tuple[int, str]]":
    """The path's parts, numbers among them as numbers."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in path.parts]


SYSTEM_PACKAGES = {
    one.program: one
    for one in (
        SystemPackage("java", "Spark", ("default-jre-headless",)),
        SystemPackage("initdb", "Postgres", ("postgresql",), ("/usr/lib/postgresql/*/bin",)),
        SystemPackage("chromium", "reports in a browser", ("chromium",)),
        SystemPackage("prometheus-alertmanager", "alerts", ("prometheus-alertmanager",)),
        SystemPackage("prometheus", "exported rules", ("prometheus",)),
        SystemPackage("promtool", "exported rules", ("prometheus",)),
    )
}
"""By the name of the program."""


def main() -> None:
    """Install what is missing, or say what will be left out of the tests."""
    missing = [one for one in SYSTEM_PACKAGES.values() if one.find() is None]
    if not missing:
        return
    names = ", ".join(f"{one.program} ({one.purpose})" for one in missing)
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print(f"setup: installing {names} …", flush=True)
        _install([package for one in missing for package in one.packages])
        missing = [one for one in missing if one.find() is None]
    for one in missing:
        print(
            f"setup: *** {one.program} is missing: tests of {one.purpose} will be skipped. "
            f"Debian and Ubuntu have it in {' '.join(one.packages)}. ***",
            flush=True,
        )


def _install(packages: "list[str]") -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(
            command,
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            print(f"setup: `{' '.join(command)}` failed.", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
