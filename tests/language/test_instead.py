"""What is said to write instead is itself right."""

from __future__ import annotations

import pytest

from demur.diagnostics import Diagnostic
from demur.language.instead import LINES, TYPES, as_number, type_meant
from demur.language.loading import load_document
from demur.language.schema import policy_schema, test_schema
from demur.language.source import parse_source
from tests.language.documents import HEADER, accepted

SECTIONS = [
    name
    for name, one in policy_schema()["properties"].items()
    if one.get("type") == "object" and "additionalProperties" in one
]


def test_every_section_of_names_is_known() -> None:
    assert sorted(SECTIONS) == sorted(
        "stages outcome params define failures scope rules metrics suites gates alerts "
        "invariants".split()
    )


def findings(text: str) -> list[Diagnostic]:
    return load_document(parse_source(f"{HEADER}{text}", "p.yaml"))[1]


def of_structure(text: str) -> list[str]:
    """What is wrong with a file's structure, and not with what its names refer to."""
    return [one.message for one in findings(text) if one.code.startswith("DM2")]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("written", ["[a]", "[{name: a}]", "[]", "a"])
def test_a_section_that_is_no_mapping_is_told_how_it_is_written(section: str, written: str) -> None:
    told = [one for one in findings(f"{section}: {written}\n") if one.code == "DM203"]
    assert len(told) == 1
    first, *lines = str(told[0].help).split("\n")
    assert first == "Write each entry under its name:"
    assert lines[0] == f"{section}:"
    if written != "[{name: a}]":
        assert of_structure("".join(f"{line}\n" for line in lines)) == []


def test_an_item_of_a_list_is_shown_as_the_entry_that_it_would_be() -> None:
    (told,) = findings(
        "rules:\n  - name: Low Confidence\n    when: 'a > 1 && b == \"x: y\"'\n    then: abstain\n"
    )
    _, *lines = str(told.help).split("\n")
    assert of_structure("".join(f"{line}\n" for line in lines)) == []
    assert lines[1:] == [
        "  low-confidence:",
        "    when: 'a > 1 && b == \"x: y\"'",
        "    then: abstain",
    ]


def required(schema: dict[str, object]) -> set[str]:
    found = {str(key) for key in schema.get("required", ())}  # type: ignore[union-attr]
    for part in schema.get("$defs", {}).values():  # type: ignore[union-attr]
        found |= required(part)
    return found


@pytest.mark.parametrize("key", sorted(required(policy_schema()) | required(test_schema())))
def test_a_key_that_must_be_there_has_a_line_that_yaml_reads(key: str) -> None:
    line = LINES[key].format(suite="golden", metric="rate", bound=">= 0.9", alert="late")
    source = parse_source(f"{line}\n", "line.yaml")
    assert not source.diagnostics
    assert source.root is not None
    assert line.startswith(f"{key}: ")


@pytest.mark.parametrize("key", ["demur", "policy", "about", "owner"])
def test_a_missing_key_of_the_file_shows_a_line_that_mends_it(key: str) -> None:
    lines = [line for line in HEADER.splitlines() if not line.startswith(f"{key}:")]
    without = "\n".join(lines) + "\n"
    _, (told,) = load_document(parse_source(without, "p.yaml"))
    shown = str(told.help).partition("Write `")[2].rpartition("`")[0]
    assert load_document(parse_source(f"{shown}\n{without}", "p.yaml"))[0] is not None


@pytest.mark.parametrize("name", [one for names in TYPES.values() for one in names.split()])
def test_a_type_of_another_language_has_one_of_ours_that_is_accepted(name: str) -> None:
    ours = type_meant(name)
    assert ours is not None
    accepted(f"stages:\n  request:\n    x: {ours}\n")
    assert type_meant(name.upper()) == ours


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("List[str]", "{type: list, of: string}"),
        ("list<int>", "{type: list, of: int}"),
        ("string[]", "{type: list, of: string}"),
        ("Dict[str, float]", "{type: map, of: double}"),
        ("Optional[int]", "{type: int, optional: true}"),
        ("int?", "{type: int, optional: true}"),
        ("str | None", "{type: string, optional: true}"),
        ("list[list[int]]", "{type: list, of: {type: list, of: int}}"),
        ("Widget", None),
        ("list[Widget]", None),
        ("", None),
    ],
)
def test_types_with_parameters_are_written_out(name: str, ours: str | None) -> None:
    assert type_meant(name) == ours
    if ours is not None:
        accepted(f"stages:\n  request:\n    x: {ours}\n")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000", "1000"),
        ("12_000", "12000"),
        ("95%", "0.95"),
        ("2.5 %", "0.025"),
        ("3", "3"),
        *dict.fromkeys(("high", "nan", "Infinity", "", "%")).items(),
    ],
)
def test_a_text_that_was_meant_as_a_number_is_written_as_one(text: str, number: str | None) -> None:
    assert as_number(text) == number
