"""Files are opened in one place, which reads none that blocks, has no end, or stands elsewhere."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from demur import files
from demur.files import Outside, Unfit, create_file, open_file, read_file, repository
from tests.conftest import ROOT

SOURCE = ROOT / "src" / "demur"
OPENING = {
    "CDLL", "FileIO", "OSFile", "ParquetFile", "copy2", "copyfile", "copytree", "fdopen", "fromfile",
    "genfromtxt", "getlines", "getline", "input", "load_module", "loadtxt", "memory_map", "mkstemp",
    "open", "open_binary", "open_code", "open_text", "read_bytes", "read_csv", "read_feather",
    "read_ipc", "read_json", "read_metadata", "read_parquet", "read_pickle", "read_schema", "read_table",
    "read_text", "run_path", "urlopen", "urlretrieve", "write_bytes", "write_table", "write_text",
}  # fmt: skip
"""What opens a file by its name, or fetches one, in Python's library and those that demur uses."""
WRITTEN = "only writes, where nothing of that name was"
OWN = "a file that demur itself just wrote, in a folder of its own"
GIVEN = "is given what `open_file` opened"
TEXT = "is demur's own writer of outputs, `cli/output.py`"
ALLOWED = {
    ("cel/parse.py", "read_text"): "demur's own grammar",
    ("cli/__init__.py", "open"): "the system's null device, to say nothing more to a closed pipe",
    ("cli/commands/export.py", "write_text"): TEXT,
    ("cli/commands/gate.py", "open"): "appends to the file that GitHub names for summaries",
    ("cli/commands/lint.py", "write_text"): TEXT,
    ("cli/commands/test.py", "write_text"): TEXT,
    ("cli/formats.py", "write_text"): TEXT,
    ("gate/self_test.py", "open"): OWN,
    ("interop/parquet.py", "ParquetFile"): GIVEN,
    ("interop/replacing.py", "mkstemp"): WRITTEN,
    ("interop/replacing.py", "open"): WRITTEN,
    ("language/schema.py", "write_text"): "makes demur's own schemas, when demur is built",
    ("measure/deciding.py", "read_parquet"): OWN,
    ("measure/records/connecting.py", "copyfile"): "of a file that was checked, where links cannot be made",
    ("measure/records/connecting.py", "read_parquet"): OWN,
    ("measure/records/opening.py", "ParquetFile"): OWN,
    ("measure/records/parquet_files.py", "read_parquet"): "engines read by name what was checked",
    ("measure/records/parquet_files.py", "read_schema"): GIVEN,
    ("monitor/following.py", "open"): OWN,
    ("monitor/receivers/posting.py", "urlopen"): "posts to the address that the user named",
    ("report/html/page.py", "read_text"): "demur's own styles",
    ("runs/store.py", "ParquetFile"): GIVEN,
    ("runs/store.py", "read_schema"): GIVEN,
    ("runs/store.py", "write_table"): WRITTEN,
    ("scaffold/project.py", "open"): WRITTEN,
    ("scaffold/project.py", "read_text"): "demur's own templates",
    ("service/http_source.py", "open"): "the address that the service named, by urllib",
    ("service/journal/folder.py", "open"): "a folder, to make its entries durable",
    ("service/journal/parquet.py", "ParquetFile"): GIVEN,
    ("service/journal/segments.py", "open"): WRITTEN,
    ("testing/alerts.py", "write_text"): OWN,
}  # fmt: skip
"""Where else a file is opened, and why."""


def test_nothing_else_opens_files() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), name)
        for path in SOURCE.rglob("*.py")
        if path.name != "files.py" or path.parent != SOURCE
        for name in _opening(ast.parse(path.read_text("utf-8")))
    }
    assert found == set(ALLOWED)


def _opening(tree: ast.AST) -> set[str]:
    """What is mentioned of what opens: called, or handed on to be called."""
    names = [one.id for one in ast.walk(tree) if isinstance(one, ast.Name)]
    names += [one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute)]
    names += [
        one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for one in node.names
    ]
    own = {
        one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("demur.")
        for one in node.names
    }
    return OPENING & set(names) - own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in it and one beside it."""
    (tmp_path / "secret.md").write_text("secret", "utf-8")
    inner = tmp_path / "inner"
    (inner / "deep").mkdir(parents=True)
    (inner / "deep" / "a.md").write_text("a", "utf-8")
    return inner


posix = pytest.mark.skipif(sys.platform == "win32", reason="never: Windows has no such files")


def test_a_file_within_is_read_by_any_way_that_leads_to_it(folder: Path) -> None:
    for way in ("deep/a.md", "deep/../deep/a.md", "../inner/deep/a.md"):
        assert read_file(folder / way, 10, inside=folder) == b"a"


@posix
def test_links_within_are_followed_as_kubernetes_makes_them(folder: Path) -> None:
    version = folder / "..2026_11_26"
    version.mkdir()
    (version / "policy.yaml").write_text("b", "utf-8")
    (folder / "..data").symlink_to(version.name)
    (folder / "policy.yaml").symlink_to("..data/policy.yaml")
    assert read_file(folder / "policy.yaml", 10, inside=folder) == b"b"


@posix
def test_what_leads_out_is_not_read(folder: Path) -> None:
    (folder / "link.md").symlink_to("../secret.md")
    (folder / "up").symlink_to("..")
    sibling = folder.parent / "inner2"
    sibling.mkdir()
    (sibling / "a.md").write_text("b", "utf-8")
    for way in (
        "../secret.md",
        "link.md",
        "up/secret.md",
        str(folder.parent / "secret.md"),
        "../inner2/a.md",
    ):
        with pytest.raises(Outside):
            open_file(folder / way, inside=folder)


def test_what_is_hidden_is_not_read_but_what_demur_wrote(folder: Path) -> None:
    for name in (".git", ".demur", ".env"):
        (folder / name).mkdir()
        (folder / name / "config").write_text("token", "utf-8")
    for way in (".git/config", ".env/config", "deep/../.git/config"):
        with pytest.raises(Outside):
            open_file(folder / way, inside=folder)
    assert read_file(folder / ".demur" / "config", 10, inside=folder) == b"token"
    with open_file(folder / ".git" / "config", inside=folder, hidden=True) as file:
        assert file.read() == b"token"


@posix
@pytest.mark.parametrize("inside", [True, False])
def test_a_pipe_is_not_waited_for(folder: Path, inside: bool) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(Unfit, match="it is a pipe"):
        open_file(folder / "pipe", inside=folder if inside else None)


@posix
def test_a_pipe_that_may_be_read_is_read_to_its_end(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"ab"))
    writer.start()
    assert read_file(pipe, 2, pipes=True) == b"ab"
    writer.join()
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"abc"))
    writer.start()
    with pytest.raises(Unfit, match="more than"):
        read_file(pipe, 2, pipes=True)
    writer.join()


@posix
@pytest.mark.parametrize("pipes", [True, False])
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_no_device_is_read(name: str, pipes: bool) -> None:
    if Path(name).exists():
        with pytest.raises(Unfit, match="device"):
            open_file(name, pipes=pipes)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="never: only Linux has it")
def test_what_the_kernel_tells_of_the_process_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self/environ")
    for path in (Path("/proc/self/environ"), tmp_path / "link"):
        with pytest.raises(Unfit, match="the system's"):
            open_file(path)


def test_no_more_is_read_than_may_be(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert read_file(path, 3) == b"abc"
    with pytest.raises(Unfit, match="more than"):
        read_file(path, 2)
    # A sparse file of a terabyte is never held.
    os.truncate(path, 2**40)
    with pytest.raises(Unfit, match="more than"):
        read_file(path, 2)


def test_what_is_not_there_is_said_as_the_system_says_it(folder: Path) -> None:
    for inside in (None, folder):
        with pytest.raises(FileNotFoundError):
            open_file(folder / "missing", inside=inside)
        with pytest.raises((IsADirectoryError, PermissionError)):
            open_file(folder / "deep", inside=inside)


@posix
def test_a_folder_that_is_exchanged_for_a_link_is_not_followed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening, as whoever races demur would do it."""
    resolved = files._steps  # pyright: ignore[reportPrivateUsage]

    def raced(path: str, inside: str, *, hidden: bool) -> tuple[str, list[str]]:
        found = resolved(path, inside, hidden=hidden)
        (folder / "deep").rename(folder / "before")
        (folder / "deep").symlink_to(folder.parent)
        (folder.parent / "a.md").write_text("secret", "utf-8")
        return found

    monkeypatch.setattr(files, "_steps", raced)
    with pytest.raises(OSError, match=r"link|directory") as refused:
        open_file(folder / "deep" / "a.md", inside=folder)
    assert refused.value.errno in (errno.ELOOP, errno.ENOTDIR)


@posix
def test_a_new_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    for name, target in (("a", "there"), ("b", "not-there")):
        (tmp_path / "there").write_text("kept", "utf-8")
        (tmp_path / name).symlink_to(target)
        with pytest.raises(FileExistsError):
            create_file(tmp_path / name)
        with pytest.raises(Unfit, match="it is a link"):
            files.continue_file(tmp_path / name)
    assert (tmp_path / "there").read_text("utf-8") == "kept"
    assert not (tmp_path / "not-there").exists()


def test_the_repository_is_the_nearest_and_no_bare_one(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "module"
    bare = inner / "bare"
    bare.mkdir(parents=True)
    for name in ("objects", "refs"):
        (bare / name).mkdir()
    (bare / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
    (outer / ".git").mkdir()
    assert repository(bare) == str(outer.resolve())
    (inner / ".git").write_text("gitdir: elsewhere\n", "utf-8")
    assert repository(bare) == str(inner.resolve())


def test_it_loads_nothing_that_loading_a_bundle_would_not() -> None:
    code = "import sys; before = set(sys.modules); import demur.files; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "demur", "demur.files", "errno"}
