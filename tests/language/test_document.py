"""What a policy file may hold, and what its keys may say against each other."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from demur.cel.syntax import KEYWORDS, RESERVED
from demur.language.document import PolicyDocument, Signal
from demur.language.loading import load_test_document
from demur.language.source import parse_source
from tests.language.documents import (
    HEADER,
    POLICY,
    TESTS,
    accepted,
    finding,
    findings,
    loaded,
    pointed_at,
)


def signal(spec: str) -> Signal:
    return accepted(f"stages:\n  request:\n    x: {spec}\n").stages["request"]["x"]


def wrong_signal(spec: str) -> str:
    return finding(f"stages:\n  request:\n    x: {spec}\n").message


def test_every_section_is_read() -> None:
    document, diagnostics = loaded(POLICY)
    assert document is not None
    assert not diagnostics
    empty = [name for name in PolicyDocument.model_fields if not getattr(document, name)]
    assert empty == ["include"]


def test_only_four_keys_are_required() -> None:
    required = [name for name, one in PolicyDocument.model_fields.items() if one.is_required()]
    assert required == ["demur", "policy", "about", "owner"]
    assert accepted("").on_unknown.then == "abstain"


def test_sections_keep_the_order_of_the_file() -> None:
    document = accepted("stages:\n  z: {b: int, a: int}\n  y: {c: int}\n")
    assert list(document.stages) == ["z", "y"]
    assert list(document.stages["z"]) == ["b", "a"]


def test_test_file_is_read() -> None:
    document, diagnostics = load_test_document(parse_source(TESTS, "p.test.yaml"))
    assert document is not None
    assert not diagnostics
    assert [test.name for test in document.tests] == ["nothing found", "a table"]
    cases = document.tests[1].cases
    assert cases is not None
    assert cases[0].with_ == {"request": {"tokens": 1}}


def test_documents_are_frozen() -> None:
    with pytest.raises(ValidationError):
        accepted("").policy = "other"


@pytest.mark.parametrize("type", ["string", "bool", "int", "timestamp", "dyn"])
def test_signal_may_be_its_type_alone(type: str) -> None:
    assert signal(type) == Signal(type=type)


def test_mapping_without_type_is_an_object() -> None:
    spec = signal("{type: list, of: {id: string, place: {x: double}}}")
    assert spec.of is not None
    assert spec.of.type == "object"
    assert spec.of.fields is not None
    assert spec.of.fields["place"] == Signal(type="object", fields={"x": Signal(type="double")})


def test_object_may_have_fields_called_as_keys_are() -> None:
    spec = signal("{min: double, of: string}")
    assert spec.fields is not None
    assert list(spec.fields) == ["min", "of"]


def test_whole_bounds_keep_all_their_digits() -> None:
    assert signal("{type: int, max: 9007199254740993}").max == 9007199254740993


def test_bounds_of_a_double_are_doubles() -> None:
    assert repr(signal("{type: double, min: 0}").min) == "0.0"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{type: int, min: 3, max: 1}", "`min` is above `max`."),
        ("{type: int, min: 0.5}", "`min` must be a whole number, as the type is int."),
        ("{type: uint, min: -1}", "`min` is beyond what uint can hold."),
        ("{type: int, max: 9223372036854775808}", "`max` is beyond what int can hold."),
        ("{type: string, min: 0}", "`min` and `max` are for numbers, not for string."),
        ("{type: duration, max: 1}", "`min` and `max` are for numbers, not for duration."),
        ("{type: double, enum: [1]}", "`enum` is for strings and whole numbers, not for double."),
        ("{type: int, enum: [1, a]}", "Every value of `enum` must be int."),
        ("{type: string, enum: [a, a]}", "`enum` has a value twice."),
        ("{type: int, enum: [1, 50], max: 10}", "The value 50 of `enum` is out of bounds."),
        ("{type: uint, enum: [-3]}", "The value -3 of `enum` is out of bounds."),
        ("{type: list}", "A list needs `of`, the type of its values."),
        ("{type: map}", "A map needs `of`, the type of its values."),
        ("{type: object}", "An object needs `fields`."),
        ("{type: int, of: string}", "`of` is for lists and maps, not for int."),
        ("{type: int, fields: {a: int}}", "`fields` is for objects, not for int."),
        ("{type: int, zone: UTC}", "`zone` is for timestamps, not for int."),
        (
            "{type: timestamp, zone: Europe/Berln}",
            "`zone` is no IANA time zone, as Europe/Berlin is.",
        ),
        (
            "{type: timestamp, zone: localtime}",
            "`zone` is no IANA time zone such as Europe/Berlin or UTC.",
        ),
        (
            "{type: timestamp, zone: ../../etc/passwd}",
            "`zone` is no IANA time zone such as Europe/Berlin or UTC.",
        ),
        (
            "{type: int, max_size: 3}",
            "`max_size` is for text, bytes, lists and maps, not for int.",
        ),
        (
            "{type: string, min: 0, of: int}",
            "`of` is for lists and maps, not for string; "
            "`min` and `max` are for numbers, not for string.",
        ),
    ],
)
def test_keys_of_a_signal_must_agree(spec: str, message: str) -> None:
    assert wrong_signal(spec) == message


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1" + "0" * 400])
@pytest.mark.parametrize("type", ["int", "double"])
def test_bounds_are_finite(type: str, number: str) -> None:
    assert "finite number" in wrong_signal(f"{{type: {type}, max: {number}}}")


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("{type: int, default: x}", "`default` is not an int."),
        ("{type: int, default: 5, min: 7}", "`default` is below 7."),
        ("{type: double, default: 2, max: 1}", "`default` is above 1.0."),
        ("{type: bool, default: true, min: 0}", "`min` and `max` are for numbers, not for bool."),
        ("{type: int, default: 1, min: 3, max: 2}", "`min` is above `max`."),
    ],
)
def test_default_of_a_parameter_is_what_is_declared(parameter: str, message: str) -> None:
    assert finding(f"params:\n  a: {parameter}\n").message == message


@pytest.mark.parametrize("word", sorted(KEYWORDS | RESERVED))
@pytest.mark.parametrize(
    "section",
    [
        'stages:\n  "{}": {{a: int}}\n',
        'stages:\n  request: {{"{}": int}}\n',
        'outcome:\n  "{}": int\n',
        'params:\n  "{}": {{type: int, default: 1}}\n',
        'define:\n  "{}": 1 + 1\n',
        'metrics:\n  "{}": rate(decision.answered)\n',
    ],
)
def test_words_of_the_expression_language_are_no_names(section: str, word: str) -> None:
    text = section.format(word)
    found = finding(text)
    assert found.code == "DM205"
    assert pointed_at(HEADER + text, found) == f'"{word}"'


@pytest.mark.parametrize("name", ["decision", "params", "outcome", "baseline"])
def test_what_expressions_call_by_a_name_is_not_declared_again(name: str) -> None:
    assert finding(f"stages:\n  {name}: {{a: int}}\n").code == "DM205"
    assert finding(f"define:\n  {name}: 1 + 1\n").code == "DM205"
    assert finding(f"metrics:\n  {name}: rate(true)\n").code == "DM205"
    assert accepted(f"stages:\n  request: {{{name}: int}}\n")


@pytest.mark.parametrize("name", ["Support RAG", "support_rag", "-a", "a-", "1a", "é"])
def test_policy_has_a_kebab_case_name(name: str) -> None:
    document, (found,) = loaded(HEADER.replace("support-rag", name))
    assert document is None
    assert found.message == f"`{name}` is not a policy's name."


@pytest.mark.parametrize("version", ["1.4.0", "0.0.1", "1.0.0-rc.1", "2.0.0+build.5"])
def test_version_is_semantic(version: str) -> None:
    assert accepted(f"version: {version}\n").version == version


@pytest.mark.parametrize("version", ["'1.4'", "01.4.0", "v1.4.0", "1.4.0 beta", "'１.0.0'"])
def test_other_versions_are_refused(version: str) -> None:
    assert finding(f"version: {version}\n").code == "DM205"


def alert(settings: str) -> str:
    return f"alerts:\n  a: {{when: m > 0.5, {settings}}}\n"


@pytest.mark.parametrize("window", ["15m", "1h", "7d", "1h30m", "500ms", "1.5h", "2w"])
def test_window_is_numbers_with_units(window: str) -> None:
    assert accepted(alert(f"window: {window}")).alerts["a"].window == window


@pytest.mark.parametrize("window", ["1 hour", "'15'", "h", "-1h", "0h", "0.0m", '"1h\\n"', "١h"])
def test_other_windows_are_refused(window: str) -> None:
    assert len(findings(alert(f"window: {window}"))) == 1


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("alerts:\n  a: {window: 1h}\n", "An alert has either `when` or `slo`."),
        (
            "alerts:\n  a: {when: m > 1}\n",
            "An alert with `when` needs a `window`.",
        ),
        (
            "alerts:\n  a: {slo: {metric: m, objective: 0.9, window: 1d}, window: 1h}\n",
            "An alert with `slo` has its `window` in `slo`, and no `against`.",
        ),
        (
            "invariants:\n  a: {never: x, always: y}\n",
            "An invariant has either `never` or `always`.",
        ),
        ("invariants:\n  a: {about: x}\n", "An invariant has either `never` or `always`."),
    ],
)
def test_alternatives_exclude_each_other(section: str, message: str) -> None:
    found = finding(section)
    assert (found.code, found.message) == ("DM209", message)


@pytest.mark.parametrize(
    "target",
    ["python:support_rag:answer", "python:a.b:C.run", "https://example.com/x", "command:run --x"],
)
def test_target_is_python_http_or_a_command(target: str) -> None:
    assert accepted(f'suites:\n  s: {{cases: a.jsonl, target: "{target}"}}\n')


@pytest.mark.parametrize("target", ["pyton:a:b", "python:a", "ftp://x", "command:", "answer"])
def test_other_targets_are_refused(target: str) -> None:
    assert finding(f'suites:\n  s: {{cases: a.jsonl, target: "{target}"}}\n').code == "DM205"


@pytest.mark.parametrize(
    "section",
    [
        "rules:\n" + "".join(f"  r{i}: {{when: x, then: refuse}}\n" for i in range(5_001)),
        "define:\n" + "".join(f"  d{i}: x\n" for i in range(2_001)),
        f"define:\n  a: {'x' * 16_385}\n",
        f"rules:\n  a: {{when: x, then: refuse, say: {'x' * 2_001}}}\n",
        f"rules:\n  a{'b' * 100}: {{when: x, then: refuse}}\n",
    ],
    ids=["rules", "definitions", "expression", "say", "name"],
)
def test_sizes_are_bounded(section: str) -> None:
    found = finding(section)
    assert found.code == "DM207"
    assert " is longer than " in found.message
    assert len(found.message) < 200
