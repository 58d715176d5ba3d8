"""Fragments: what they add to a policy, from where, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.diagnostics import Diagnostic
from demur.language.include import MAXIMUM_DEPTH, MAXIMUM_FILES, resolve_includes
from demur.language.loading import load_document
from demur.language.nodes import MappingNode, locate, locate_key, plain
from demur.language.source import Source, read_source
from tests.language.documents import HEADER

FRAGMENT = "demur: 1\n"


def write(folder: Path, **files: str) -> None:
    """Files by name; `__` is a folder's slash."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def resolved(folder: Path) -> tuple[Source, list[Diagnostic]]:
    return resolve_includes(read_source(folder / "policy.yaml", "p/policy.yaml"), folder)


def problems(folder: Path) -> list[str]:
    _, found = resolved(folder)
    assert all(one.span is not None for one in found)
    return [one.message for one in found]


def merged(folder: Path) -> dict[str, dict[str, object]]:
    """The file with its fragments, which must have nothing wrong."""
    source, found = resolved(folder)
    assert not found
    document = plain(source.root)
    assert isinstance(document, dict)
    return document


def test_file_without_include_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, policy=HEADER)
    source = read_source(tmp_path / "policy.yaml")
    assert resolve_includes(source, tmp_path) == (source, [])


def test_included_entries_come_first_and_keep_their_own_places(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER
        + "include: [fragments/common.yaml]\n"
        + "rules:\n  own: {when: x, then: refuse}\n",
        fragments__common=FRAGMENT
        + "rules:\n  shared: {when: y, then: abstain}\nfailures:\n  f: {severity: info}\n",
    )
    assert list(merged(tmp_path)["rules"]) == ["shared", "own"]
    source, _ = resolved(tmp_path)
    shared = locate_key(source.root, ("rules", "shared"))
    own = locate_key(source.root, ("rules", "own"))
    assert shared is not None
    assert (shared.span.path, shared.span.start.line) == ("p/fragments/common.yaml", 3)
    assert own is not None
    assert (own.span.path, own.span.start.line) == ("p/policy.yaml", 7)
    document, found = load_document(source)
    assert not found
    assert document is not None
    assert list(document.failures) == ["f"]


def test_what_is_wrong_in_a_fragment_is_reported_in_the_fragment(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER + "include: [common.yaml]\n",
        common=FRAGMENT + "rules:\n  a: {when: x, then: refuze}\n",
    )
    source, _ = resolved(tmp_path)
    _, (found,) = load_document(source)
    assert found.span is not None
    assert (found.span.path, found.span.start.line) == ("p/common.yaml", 3)


def test_signals_of_one_stage_may_come_from_several_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER
        + "include: [common.yaml]\nstages:\n  request: {b: int}\n  answer: {c: int}\n",
        common=FRAGMENT + "stages:\n  request: {a: int}\n",
    )
    stages = merged(tmp_path)["stages"]
    assert stages == {"request": {"a": "int", "b": "int"}, "answer": {"c": "int"}}
    assert list(stages) == ["request", "answer"]


def test_fragments_include_from_their_own_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER + "include: [sub/a.yaml]\n",
        sub__a=FRAGMENT + "include: [policy.yaml]\n",
        sub__policy=FRAGMENT + "define: {a: 1 + 1}\n",
    )
    assert merged(tmp_path)["define"] == {"a": "1 + 1"}


def test_file_that_several_fragments_include_is_merged_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER + "include: [a.yaml, b.yaml]\n",
        a=FRAGMENT + "include: [c.yaml]\n",
        b=FRAGMENT + "include: [c.yaml]\n",
        c=FRAGMENT + "define: {x: 1 + 1}\n",
    )
    assert merged(tmp_path)["define"] == {"x": "1 + 1"}


@pytest.mark.parametrize(
    ("own", "shared", "name"),
    [
        ("define: {x: a}", "define: {x: b}", "x"),
        ("rules: {r: {}}", "rules: {r: {}}", "r"),
        ("stages: {s: {a: int}}", "stages: {s: {a: int}}", "a"),
        ("scope: {otherwise: {}}", "scope: {otherwise: {}}", "otherwise"),
        ("on_unknown: {say: a}", "on_unknown: {then: refuse}", "on_unknown"),
    ],
)
def test_name_defined_twice_is_reported_with_both_places(
    tmp_path: Path, own: str, shared: str, name: str
) -> None:
    write(tmp_path, policy=f"{HEADER}include: [a.yaml]\n{own}\n", a=f"{FRAGMENT}{shared}\n")
    _, (found,) = resolved(tmp_path)
    assert found.code == "DM212"
    assert found.message == f"`{name}` is defined already, at p/a.yaml:2."
    assert found.span is not None
    assert (found.span.path, found.span.start.line) == ("p/policy.yaml", 6)


@pytest.mark.parametrize("key", ["policy", "about", "owner", "version", "runbook"])
def test_fragment_does_not_say_what_only_the_policy_says(tmp_path: Path, key: str) -> None:
    write(tmp_path, policy=HEADER + "include: [a.yaml]\n", a=f"{FRAGMENT}{key}: x\n")
    assert problems(tmp_path) == [f"A fragment has no `{key}`: only the policy file itself has."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("define: {}\n", "`demur` is missing."),
        ("demur: 2\n", "This demur reads language version 1."),
        ("demur: [1]\n", "This demur reads language version 1."),
        ("", "`a.yaml` is empty."),
        ("- demur\n", "`a.yaml` is not a mapping."),
    ],
)
def test_fragment_begins_as_a_policy_does(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, policy=HEADER + "include: [a.yaml]\n", a=text)
    assert problems(tmp_path) == [message]


def test_fragment_with_a_section_of_the_wrong_kind_is_what_is_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        policy=HEADER + "include: [a.yaml]\nrules:\n  r: {when: x, then: refuse}\n",
        a=FRAGMENT + "rules: [x]\n",
    )
    source, found = resolved(tmp_path)
    assert not found
    _, (wrong, *_) = load_document(source)
    assert wrong.message == "`rules` must be a mapping, and is a list."
    assert wrong.span is not None
    assert wrong.span.path == "p/a.yaml"


def test_yaml_that_cannot_be_read_is_reported_in_the_fragment(tmp_path: Path) -> None:
    write(tmp_path, policy=HEADER + "include: [a.yaml]\n", a="demur: 1\na: [\n")
    _, found = resolved(tmp_path)
    assert found
    assert all(one.span is not None and one.span.path == "p/a.yaml" for one in found)


@pytest.mark.parametrize(
    "include",
    ["a.yaml", "{a: b}", "[[a.yaml]]", "[3]", "[null]", "", "[{a: b}]", "3"],
)
def test_include_is_a_list_of_files_and_never_ignored(tmp_path: Path, include: str) -> None:
    write(tmp_path, policy=f"{HEADER}include: {include}\n", a=FRAGMENT)
    _, (found,) = resolved(tmp_path)
    assert found.code == "DM203"
    assert found.help is not None
    assert found.help.startswith("Write `include: [")


@pytest.mark.parametrize(
    "name",
    [
        "../outside.yaml",
        "sub/../../outside.yaml",
        "/etc/hosts",
        "C:/x.yaml",
        "C:\\\\x.yaml",
        "..\\\\outside.yaml",
        "//server/share.yaml",
        "https://example.com/a.yaml",
        "file:a.yaml",
        "link.yaml",
        "loop.yaml",
        "folder",
        ".",
        "",
        "a\\0.yaml",
        "x" * 2_000,
    ],
)
def test_what_is_not_a_file_in_the_folder_is_not_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "policies"
    write(tmp_path, outside=FRAGMENT + "define: {secret: 1 + 1}\n")
    write(folder, policy=f'{HEADER}include: ["{name}"]\n', folder__a=FRAGMENT)
    try:
        (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
        (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    except OSError:
        pass  # Where links may not be made there is none to follow.
    source, (found,) = resolved(folder)
    assert found.code == "DM211"
    assert found.span is not None
    assert isinstance(source.root, MappingNode)
    assert locate(source.root, ("define",)) is None


def test_missing_file_is_reported_with_the_one_that_was_probably_meant(tmp_path: Path) -> None:
    write(tmp_path, policy=HEADER + "include: [fragments/comon.yaml]\n", fragments__common=FRAGMENT)
    _, (found,) = resolved(tmp_path)
    assert found.message == "There is no file `fragments/comon.yaml`."
    assert found.help == "Did you mean `fragments/common.yaml`?"


@pytest.mark.parametrize("folder", ["", "sub/"])
def test_circle_is_reported_where_it_closes(tmp_path: Path, folder: str) -> None:
    write(
        tmp_path,
        **{
            "policy": f"{HEADER}include: [{folder}a.yaml]\n",
            f"{folder}a": FRAGMENT + "include: [b.yaml]\ndefine: {x: 1 + 1}\n",
            f"{folder}b": FRAGMENT + "include: [a.yaml]\n",
        },
    )
    _, (found,) = resolved(tmp_path)
    assert found.message == "`a.yaml` includes itself."
    assert found.span is not None
    assert found.span.path == f"p/{folder}b.yaml"


def test_file_does_not_include_itself(tmp_path: Path) -> None:
    write(tmp_path, policy=HEADER + "include: [policy.yaml]\n")
    assert problems(tmp_path) == ["`policy.yaml` includes itself."]


def test_file_listed_twice_is_reported(tmp_path: Path) -> None:
    write(tmp_path, policy=HEADER + "include: [a.yaml, a.yaml]\n", a=FRAGMENT)
    assert problems(tmp_path) == ["`a.yaml` is included already."]


def test_depth_is_bounded(tmp_path: Path) -> None:
    def chain(length: int) -> list[str]:
        files = {f"f{i}": f"{FRAGMENT}include: [f{i + 1}.yaml]\n" for i in range(1, length)}
        files[f"f{length}"] = FRAGMENT
        write(tmp_path, policy=HEADER + "include: [f1.yaml]\n", **files)
        return problems(tmp_path)

    assert chain(MAXIMUM_DEPTH) == []
    assert chain(MAXIMUM_DEPTH + 1) == [f"Includes are nested more than {MAXIMUM_DEPTH} deep."]


def test_number_of_files_is_bounded(tmp_path: Path) -> None:
    def listed(count: int) -> list[str]:
        names = [f"f{i}" for i in range(count)]
        include = ", ".join(f"{name}.yaml" for name in names)
        write(tmp_path, policy=f"{HEADER}include: [{include}]\n", **dict.fromkeys(names, FRAGMENT))
        return problems(tmp_path)

    assert listed(MAXIMUM_FILES) == []
    assert listed(MAXIMUM_FILES + 1) == [f"More than {MAXIMUM_FILES} files are included."]
