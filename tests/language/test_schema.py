"""Validation by the schema: every violation, where it stands, and what to write instead."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from demur.diagnostics import Diagnostic
from demur.language.document_codes import DEPRECATED_KEYS, DOCUMENT_CODES
from demur.language.loading import load_document, load_test_document
from demur.language.nodes import locate, plain
from demur.language.schema import policy_schema, schema_texts, test_schema, validate
from demur.language.source import Source, parse_source
from demur.suggestions import closest
from tests.conftest import ROOT
from tests.language.documents import (
    HEADER,
    POLICY,
    TESTS,
    accepted,
    finding,
    findings,
    findings_in_tests,
    loaded,
    pointed_at,
)
from tests.steps import growth

test_schema.__test__ = False  # type: ignore[attr-defined]
VALIDATORS = {
    "policy": Draft202012Validator(policy_schema()),
    "test": Draft202012Validator(test_schema()),
}


@pytest.mark.parametrize("name", schema_texts())
def test_schemas_of_the_repository_are_those_of_the_models(name: str) -> None:
    written = (ROOT / "schemas" / name).read_text(encoding="utf-8")
    assert written == schema_texts()[name], "write them with `python -m demur.language.schema`"


@pytest.mark.parametrize("name", schema_texts())
def test_schemas_are_schemas_and_explain_each_key(name: str) -> None:
    schema = json.loads(schema_texts()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["description"]
    for model in (schema, *schema["$defs"].values()):
        for key, value in model.get("properties", {}).items():
            explained = value.get("description") or "$ref" in value
            assert explained, f"{model.get('description')}: {key}"


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "policies").glob("*.yaml"), *(ROOT / "examples").rglob("*policy*.yaml")]),
)
def test_policies_of_the_repository_are_valid(path: Any) -> None:
    source = parse_source(path.read_bytes(), path.name)
    load = load_test_document if path.name.endswith(".test.yaml") else load_document
    document, diagnostics = load(source)
    assert document is not None
    assert not diagnostics


@pytest.mark.parametrize(
    ("text", "code", "underlined", "help"),
    [
        ("rulez: {}\n", "DM201", "rulez", "Did you mean `rules`?"),
        ("Rules: {}\n", "DM201", "Rules", "Did you mean `rules`?"),
        ("rules:\n  a: {when: x, thn: refuse}\n", "DM201", "thn", "Did you mean `then`?"),
        (
            "rules:\n  a: {when: x}\n",
            "DM202",
            "a",
            "What the system does when it holds. Write `then: abstain`.",
        ),
        (
            "rules: [a]\n",
            "DM203",
            "[a]",
            "Write each entry under its name:\n"
            "rules:\n  a: {when: answer.confidence < 0.7, then: abstain}",
        ),
        (
            "rules:\n  a: x > 1\n",
            "DM203",
            "x > 1",
            "Write `a: {when: x > 1, then: abstain}`.",
        ),
        ("rules:\n  a: {when: true, then: refuse}\n", "DM203", "true", "Write it in quotes."),
        ("gates:\n  g: {suites: s, require: []}\n", "DM203", "s", "Write `[s]`."),
        ("rules:\n  a: {when: x, then: refuze}\n", "DM204", "refuze", "Did you mean `refuse`?"),
        ("rules:\n  a: {when: x, then: REFUSE}\n", "DM204", "REFUSE", "Did you mean `refuse`?"),
        (
            "failures:\n  f: {severity: urgent}\n",
            "DM204",
            "urgent",
            "One of: info, warning, critical.",
        ),
        (
            "stages:\n  Request: {a: int}\n",
            "DM205",
            "Request",
            "Begin with a small letter; then small letters, digits and `_`.",
        ),
        (
            "alerts:\n  a: {when: x, window: 1h, confidence: 99}\n",
            "DM206",
            "99",
            "Write `0.99` for 99 %.",
        ),
        ("rules:\n  a: {when: '', then: refuse}\n", "DM207", "''", None),
        (
            "rules:\n  a: {condition: x, then: refuse}\n",
            "DM210",
            "condition",
            "Write `when`.",
        ),
    ],
)
def test_violation_has_a_code_a_place_and_help(
    text: str, code: str, underlined: str, help: str | None
) -> None:
    found = finding(text)
    assert (found.code, found.help) == (code, help)
    assert pointed_at(HEADER + text, found) == underlined
    assert found.name == DOCUMENT_CODES[code][0]


def test_missing_key_of_the_file_is_found_at_its_first_key() -> None:
    text = "demur: 1\npolicy: p\nabout: a\n"
    _, (found,) = loaded(text)
    assert found.message == "`owner` is missing."
    assert pointed_at(text, found) == "demur"


@pytest.mark.parametrize("version", ["2", "0", "10"])
def test_other_language_version_is_said_to_be_one(version: str) -> None:
    _, (found,) = loaded(HEADER.replace("demur: 1", f"demur: {version}"))
    assert found.message == f"This demur reads language version 1, not {version}."


@pytest.mark.parametrize("version", ["'1'", "true", "1.5", "[1]", ""])
def test_language_version_is_a_whole_number(version: str) -> None:
    _, (found,) = loaded(HEADER.replace("demur: 1", f"demur: {version}"))
    assert found.code in ("DM203", "DM208")


def test_all_violations_are_found_at_once() -> None:
    codes = [one.code for one in findings("rulez: 1\nversion: 2\nrules:\n  a: {then: no}\n")]
    assert sorted(codes) == ["DM201", "DM202", "DM203", "DM204"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rules:\n  a: {when: x, then: refuse, on_unknown: {thn: abstain}}\n",
            "There is no key `thn` here.",
        ),
        (
            "rules:\n  a: {when: x, then: refuse, on_unknown: [abstain]}\n",
            "`on_unknown` must be text or a mapping, and is a list.",
        ),
        (
            "rules:\n  a: {when: x, then: refuse, on_unknown: abstein}\n",
            "`abstein` is no possible value here.",
        ),
        (
            "gates:\n  g: {suites: [s], require: [{that: x, lvl: warn}]}\n",
            "There is no key `lvl` here.",
        ),
        (
            "gates:\n  g: {suites: [s], require: [m > 1, 3]}\n",
            "Item 2 of `require` must be text or a mapping, and is a number.",
        ),
        ("metrics:\n  m: {about: x}\n", "`value` is missing in `m`."),
        (
            "params:\n  a: {type: int, default: [1]}\n",
            "`default` must be true or false or a number or text, and is a list.",
        ),
        ("stages:\n  r: {x: {type: list, of: strng}}\n", "`strng` is no possible value here."),
        ("stages:\n  r: {x: {min: 0, max: 1}}\n", "`type` is missing in `x`."),
        ("stages:\n  r: {x: {}}\n", "`x` must not be empty."),
        ("stages:\n  r: {x: }\n", "`x` must be text or a mapping, and is empty."),
        ("stages:\n  r: {x: list}\n", "`list` alone does not say what it holds."),
        ("stages:\n  r: {x: {Id: int}}\n", "`Id` is not a name."),
    ],
)
def test_of_several_forms_the_one_that_was_meant_is_reported(text: str, message: str) -> None:
    assert finding(text).message == message


def test_misspelt_key_is_not_missing_too() -> None:
    found = findings("rules:\n  a: {wen: x, action: refuse}\n")
    assert [one.code for one in found] == ["DM201", "DM210"]


def test_key_of_another_tool_is_mended() -> None:
    text = "rules:\n  a: {when: x, then: refuse, 'message': Sorry.}\n"
    found = finding(text)
    (edit,) = found.edits
    assert (edit.replacement, edit.safe) == ("say", True)
    assert pointed_at(HEADER + text, found) == "'message'"
    assert accepted(text.replace("'message'", "say")).rules["a"].say == "Sorry."


@pytest.mark.parametrize("keys", ["say: a, message: b", "message: a, message2: b, say: c"])
def test_key_is_not_mended_where_that_would_write_it_twice(keys: str) -> None:
    for found in findings(f"rules:\n  a: {{when: x, then: refuse, {keys}}}\n"):
        assert not found.edits


def test_two_old_spellings_of_one_key_are_not_both_mended() -> None:
    found = findings("rules:\n  a: {condition: x, if: y, then: refuse}\n")
    assert [(one.code, one.edits) for one in found] == [("DM210", ()), ("DM210", ())]


def test_deprecated_keys_lead_to_keys_of_the_language() -> None:
    schema = policy_schema()
    models = (schema, *schema["$defs"].values())
    known = {key for model in models for key in model.get("properties", {})}
    assert {one for words in DEPRECATED_KEYS.values() for one in words.split()} <= known


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tests: []\nparms: {}\n", "DM201"),
        ("tests:\n  - given: {}\n", "DM202"),
        ("tests:\n  - name: a\n    expct: {}\n", "DM201"),
        ("tests:\n  - {name: a, expect: {actoin: answer}}\n", "DM201"),
        ("tests:\n  - {name: 3}\n", "DM203"),
    ],
)
def test_test_files_are_validated_too(text: str, code: str) -> None:
    found = findings_in_tests(text)
    assert [one.code for one in found] == [code]


def test_deep_signals_are_validated_once_however_deep() -> None:
    def validated(depth: int) -> None:
        spec = "{type: list, of: " * depth + "strng" + "}" * depth
        source = parse_source(HEADER + f"stages:\n  r:\n    x: {spec}\n", "p.yaml")
        assert not source.diagnostics
        (found,) = validate(_root(source))
        assert found.message == "`strng` is no possible value here."

    validated(40)
    assert growth(validated, 15) < 2.5


def test_a_thousand_rules_are_validated_by_steps_that_grow_with_them() -> None:
    def validated(count: int) -> None:
        rules = "".join(
            f"  r{i}: {{when: x > {i}, then: refuse, on_unknown: {{then: abstain}}}}\n"
            for i in range(count)
        )
        document, _ = load_document(parse_source(HEADER + "rules:\n" + rules, "p.yaml"))
        assert document is not None

    validated(1_000)
    assert growth(validated, 50) < 2.5


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("whenn", ["when", "then"], "when"),
        ("SAY", ["say", "why"], "say"),
        ("refuze", ["refuse", "answer"], "refuse"),
        ("xyz", ["when", "then"], None),
        ("", ["when"], None),
        ("when", [], None),
    ],
)
def test_closest_is_what_was_probably_meant(
    name: str, candidates: list[str], meant: str | None
) -> None:
    assert closest(name, candidates) == meant


def _root(source: Source) -> Any:
    assert source.root is not None
    return source.root


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The places of all values in a document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        inner
        for key, one in entries
        for inner in ([(*path, key), *_paths(one, (*path, key))] if _holds(one) else [(*path, key)])
    ]


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


ODD_VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "x", "Refuse", "list", "a\nb", [], [None], [[]], {}, {"type": 1},
    {"": ""}, {"then": []}, {"min": {"of": 3}}, {"type": "list", "of": {"type": "int", "min": "a"}},
]  # fmt: skip
SAMPLES = {"policy": POLICY, "test": TESTS.replace(".nan", "0")}


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_changed_in_a_document_is_accepted_or_located(
    kind: str, data: st.DataObject
) -> None:
    document: Any = plain(parse_source(SAMPLES[kind], "p.yaml").root)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(document)))
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        match data.draw(st.sampled_from(["replace", "remove", "rename"])):
            case "replace":
                holder[path[-1]] = deepcopy(data.draw(st.sampled_from(ODD_VALUES)))
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.sampled_from(["x", "message", "Rules", "in", ""]))] = (
                    holder.pop(path[-1])
                )
            case _:
                del holder[path[-1]]
        if not _holds(document) or not _paths(document):
            break
    source = parse_source(json.dumps(document, indent=1), "p.yaml")
    assert not source.diagnostics
    found = _loads(source, kind)
    assert found or VALIDATORS[kind].is_valid(document), "an editor would report what we accept"


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_typed_into_a_document_is_accepted_or_located(
    kind: str, data: st.DataObject
) -> None:
    text = SAMPLES[kind]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 20, len(text))))
    typed = data.draw(
        st.sampled_from(["", "x", ":", "- ", "{", "]", "\n", "'", "~", "1", ".nan", "#"])
    )
    source = parse_source(text[:start] + typed + text[end:], "p.yaml")
    if not source.diagnostics and source.root is not None:
        _loads(source, kind)


def _loads(source: Source, kind: str) -> list[Diagnostic]:
    """What is wrong with a file: all of it has a place in the file, or there is a document."""
    load: Any = load_document if kind == "policy" else load_test_document
    document, found = load(source)
    assert (document is None) == bool(found)
    lines = source.text.count("\n") + 1
    for one in found:
        assert one.span is not None
        assert one.span.path == "p.yaml"
        assert 1 <= one.span.start.line <= one.span.end.line <= lines
        assert one.message.endswith(".")
        assert "valid under any" not in one.message
        assert " should " not in one.message, "these are pydantic's words"
    assert len(set(found)) == len(found)
    return found


def test_valid_document_has_a_node_at_each_place() -> None:
    root = _root(parse_source(POLICY, "p.yaml"))
    assert all(locate(root, path) is not None for path in _paths(plain(root)))
