"""Builds a release, checks it, and says what it would publish; it publishes nothing.

`python tools/release.py [DIST]` builds the source distribution and the wheel twice, from a clean export of
the commit and with its time, and compares them byte by byte; builds the wheel from the source distribution as
well; checks the metadata; installs the wheel alone into a fresh environment and decides a record with it; and
writes the SBOM of that environment (CycloneDX) and the digests of all files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
BIN = "Scripts" if os.name == "nt" else "bin"
TRIED = "docs/examples/support.yaml"


def main() -> int:
    """Builds and checks; 1 where something is not as it must be."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with TemporaryDirectory() as place:
        work = Path(place)
        first, second = (_built(work, one) for one in ("first", "second"))
        if wrong := differing(first, second):
            print(f"release: *** two builds of one commit differ: {', '.join(wrong)} ***")
            return 1
        print("release: two builds of the commit are the same to the last byte")
        again = _wheel_of(next(first.glob("*.tar.gz")), work / "again")
        (wheel,) = first.glob("*.whl")
        if _digest(again) != _digest(wheel):
            print("release: *** the source distribution builds another wheel than the commit ***")
            return 1
        print("release: the source distribution builds the same wheel")
        _run("twine", "check", "--strict", *map(str, sorted(first.iterdir())))
        fresh = _installed(wheel, work / "fresh")
        print(f"release: the wheel alone decides {TRIED}")
        for file in sorted(first.iterdir()):
            shutil.copy(file, target)
        _write_sbom(target / f"{name}-{version}.sbom.json", fresh)
    files = sorted(target.iterdir())
    sums = "".join(f"{_digest(one)}  {one.name}\n" for one in files)
    (target / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"release: would publish {name} {version}, commit {_git('rev-parse', 'HEAD').strip()}:")
    for one in files:
        print(f"  {one.stat().st_size:>10,} bytes  {_digest(one)[:16]}…  {one.name}")
    for doubt in doubts(
        version, _git("status", "--porcelain"), (ROOT / "CHANGELOG.md").read_text("utf-8")
    ):
        print(f"release: *** {doubt} ***")
    return 0


def differing(first: Path, second: Path) -> list[str]:
    """The names of files that are not the same in two folders."""
    names = {one.name for folder in (first, second) for one in folder.iterdir()}
    return sorted(
        one
        for one in names
        if not ((first / one).exists() and (second / one).exists())
        or _digest(first / one) != _digest(second / one)
    )


def doubts(version: str, status: str, changes: str) -> list[str]:
    """Why this should not be published yet: by the state of the tree, and by the changelog."""
    found: list[str] = []
    if status.strip():
        found.append("the tree has changes that are not committed: they are not in what was built")
    if f"## {version}" not in changes and f"## [{version}]" not in changes:
        found.append(f"CHANGELOG.md has no section `## {version}`")
    return found


def _built(work: Path, name: str) -> Path:
    """The distributions of the commit, built from an export of it in a folder of its own."""
    source, target = work / f"source-{name}", work / name
    source.mkdir()
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(source, filter="data")
    _run("python", "-m", "build", "--no-isolation", "--outdir", str(target), str(source))
    return target


def _wheel_of(distribution: Path, work: Path) -> Path:
    with tarfile.open(distribution) as files:
        files.extractall(work, filter="data")
    (source,) = work.iterdir()
    _run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", str(work), str(source))
    (wheel,) = work.glob("*.whl")
    return wheel


def _installed(wheel: Path, place: Path) -> Path:
    """The Python of a fresh environment that has the wheel, and decides with it."""
    venv.create(place, with_pip=True)
    python = place / BIN / "python"
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", str(wheel)]
    subprocess.run([python, *install], check=True)
    subprocess.run([place / BIN / "demur", "--version"], check=True, stdout=subprocess.DEVNULL)
    decide = (
        f"import demur; assert demur.load({str(ROOT / TRIED)!r}).decide({{}}).action == 'abstain'"
    )
    subprocess.run([python, "-I", "-c", decide], check=True)
    return python


def _write_sbom(path: Path, python: Path) -> None:
    """What is in the environment, without the place that the wheel was installed from."""
    _run("cyclonedx-py", "environment", "--output-reproducible", "-o", str(path), str(python))
    content = json.loads(path.read_text("utf-8"))
    for one in content["components"]:
        references = one.get("externalReferences", [])
        one["externalReferences"] = [
            reference for reference in references if not reference["url"].startswith("file:")
        ]
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _run(program: str, *arguments: str) -> None:
    epoch = _git("log", "-1", "--format=%ct").strip()
    done = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"release: `{program} {' '.join(arguments)}` failed.\n{done.stdout}{done.stderr}")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
